"""Settings while we run: shown, changed, tried, and in force at once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, cast

import pytest

from quarterdeck.config.settings import Settings
from quarterdeck.config.shipped import SHIPPED
from quarterdeck.core.events import Health
from quarterdeck.core.model_calls import Skip
from quarterdeck.errors import NotFound, Refused, SettingsError, ThinkerError
from quarterdeck.operations.projects import projects_near
from quarterdeck.operations.settings_desk import MODELS, NOW, SPENT, TEST, SettingsDesk
from quarterdeck.store.sqlite import SqliteStore
from quarterdeck.supervisor.live_settings import LiveSettings
from quarterdeck.thoughts.configured_thinkers import ConfiguredThinkers
from quarterdeck.tui.preferences import ConsoleMemory
from support.canned import StillClock
from support.chat_server import chat_server
from support.thinking import Rig
from support.tmux_server import TmuxServer
from support.workers import services_on, until, watching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from quarterdeck.operations.settings_desk import Setting


class Desk:
    """A desk over a file in a folder of its own."""

    def __init__(self, folder: Path, store: SqliteStore) -> None:
        self.file = folder / "config.toml"
        self.store = store
        self.told: list[tuple[str, Health, str]] = []
        self.rig = Rig()
        self.live = LiveSettings(self.file, Settings(), report=lambda *words: self.told.append(words), environ={})
        thinkers = ConfiguredThinkers(store=store, clock=StillClock(), folder=folder, environ={})
        self.desk = SettingsDesk(self.live, self.rig.engine, thinkers, lambda: ("claude", "codex"))

    async def shown(self, key: str) -> Setting:
        """One setting as it is listed."""
        return {each.key: each for each in await self.desk.settings()}[key]

    async def set(self, key: str, value: str) -> None:
        """Look, and set it."""
        await self.desk.settings()
        await self.desk.change(key, value)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with SqliteStore(tmp_path / "state.db") as store:
        yield Desk(tmp_path, store)


async def test_the_settings_are_listed_with_their_help(desk: Desk) -> None:
    listed = await desk.desk.settings()

    assert {each.key.partition(".")[0] for each in listed} == {"console", "thoughts", "notify", "defaults"}
    assert all(each.help for each in listed)
    assert (await desk.shown("thoughts.backend")).choices == ("local", "command", "openai")
    assert (await desk.shown("thoughts.enabled")).choices == ("true", "false")
    assert (await desk.shown("defaults.agent")).choices == ("claude", "codex")
    assert (await desk.shown("notify.permission")).value == "toast, bell"
    assert (await desk.shown("thoughts.backend")).source == "default"


async def test_what_was_chosen_in_the_console_goes_before_its_setting_until_that_is_changed(desk: Desk) -> None:
    memory = ConsoleMemory("s")
    await memory.use(desk.store)
    memory.remember(theme="light", grouping="repo")

    shown = {each.key: (each.value, each.source) for each in memory.over(await desk.desk.settings())}
    assert shown["console.theme"] == ("light", "chosen here")
    assert shown["console.preview"] == ("auto", "default")

    await desk.desk.change("console.theme", "contrast")
    memory.gives_way("console.theme")
    shown = {each.key: (each.value, each.source) for each in memory.over(await desk.desk.settings())}
    assert shown["console.theme"] == ("contrast", "file:2")
    assert shown["console.group"] == ("repo", "chosen here")
    await memory.flush()


async def test_a_key_is_never_shown(desk: Desk) -> None:
    await desk.set("thoughts.key", "sk-very-secret-indeed-1234")

    shown = await desk.shown("thoughts.key")

    assert shown.is_secret
    assert "very-secret" not in shown.value
    assert all("very-secret" not in each.value for each in await desk.desk.settings())


async def test_what_is_changed_holds_at_once_and_is_written_down(desk: Desk) -> None:
    heard: list[Settings] = []
    desk.live.follow(lambda settings: settings, heard.append)

    await desk.set("thoughts.command", "llm -m 'a model'")

    assert heard[0].thoughts.command == ("llm", "-m", "a model")
    assert (await desk.shown("thoughts.command")).value == "llm -m 'a model'"
    assert (await desk.shown("thoughts.command")).source == "file:2"


async def test_a_stale_change_is_refused(desk: Desk) -> None:
    await desk.desk.settings()
    desk.file.write_text("[thoughts]\nenabled = false\n")

    with pytest.raises(Refused, match="has changed since"):
        await desk.desk.change("thoughts.enabled", "true")


async def test_what_does_not_fit_or_does_not_exist_is_refused(desk: Desk) -> None:
    with pytest.raises(SettingsError, match="expected one of"):
        await desk.set("thoughts.backend", "oracle")
    with pytest.raises(NotFound, match=r"thoughts\.colour"):
        await desk.set("thoughts.colour", "red")
    assert not desk.file.exists()


async def test_an_edit_of_the_file_is_in_force_soon_and_a_wrong_one_changes_nothing(desk: Desk) -> None:
    heard: list[Settings] = []
    desk.live.follow(lambda settings: settings, heard.append)
    desk.live.look()
    desk.file.write_text("[thoughts]\nenabled = false\n")
    desk.live.look()
    desk.live.look()
    desk.file.write_text("[thoughts]\nenabled = 'perhaps so'\n")
    desk.live.look()

    assert [each.thoughts.enabled for each in heard] == [False]
    assert desk.live.now.thoughts.enabled is False
    name, health, words = desk.told[-1]
    assert (name, health) == ("settings", Health.DEGRADED)
    assert "thoughts.enabled" in words


async def test_who_cannot_go_by_an_edit_is_said_keeps_nobody_from_it_and_tries_again(desk: Desk) -> None:
    refused: list[Settings] = []
    heard: list[Settings] = []

    def refuse(settings: Settings) -> None:
        refused.append(settings)
        raise SettingsError("no such agent")

    desk.live.follow(lambda settings: settings, refuse)
    desk.live.follow(lambda settings: settings, heard.append)
    for number in (3, 4):
        desk.file.write_text(f"[thoughts]\nconcurrency = {number}\n")
        desk.live.look()

        assert desk.told[-1] == ("settings", Health.DEGRADED, "no such agent")
    assert [each.thoughts.concurrency for each in heard] == [3, 4]
    assert refused == heard


async def test_an_edit_made_while_the_console_opens_is_not_missed(tmp_path: Path) -> None:
    read = Settings()
    (tmp_path / "config.toml").write_text("[thoughts]\nenabled = false\n")

    live = LiveSettings(tmp_path / "config.toml", read, report=lambda *_: None, environ={})
    live.look()

    assert live.now.thoughts.enabled is False


async def test_the_engine_can_be_tried_and_the_answer_is_shown(desk: Desk) -> None:
    with chat_server() as endpoint:
        await desk.set("thoughts.url", endpoint.url)
        await desk.set("thoughts.backend", "openai")
        await desk.set(TEST, NOW)
        tried = await desk.shown(TEST)
        endpoint.mode = "broken"
        with pytest.raises(ThinkerError, match="500"):
            await desk.set(TEST, NOW)

    assert tried.value.endswith("making the redirect keep its query")
    assert "2 of 120 calls" in (await desk.shown(SPENT)).help


async def test_without_a_model_trying_says_so(desk: Desk) -> None:
    await desk.set(TEST, NOW)

    assert "made here" in (await desk.shown(TEST)).value
    with pytest.raises(ThinkerError, match="no model to choose"):
        await desk.set(MODELS, NOW)


async def test_the_endpoints_models_can_be_chosen_from(desk: Desk) -> None:
    with chat_server() as endpoint:
        await desk.set("thoughts.url", endpoint.url)
        await desk.set("thoughts.backend", "openai")
        await desk.set(MODELS, NOW)

    assert (await desk.shown("thoughts.model")).choices == ("", "big", "small")


async def test_reasons_for_passing_over_are_shown(desk: Desk) -> None:
    desk.rig.engine.skipped.update({Skip.CADENCE_GATE: 3})

    assert "3 thought of a moment ago" in (await desk.shown(SPENT)).help


async def test_the_console_says_what_of_an_edit_waits_for_its_next_start(tmp_path: Path) -> None:
    told: list[str] = []
    async with services_on(tmp_path / "s", tmp_path, settings=cast("Settings", SHIPPED)) as services:
        services.live.say_what_waits(told.append)
        desk = await services.settings_desk()
        for text in ("[thoughts]\nenabled = false\n", '[console]\ngroup = "repo"\n[keys]\n"row.up" = "u"\n'):
            (tmp_path / "config.toml").write_text(text)
            services.live.look()
        await desk.settings()
        await desk.change("console.group", "none")

    assert told == ["What was changed under [console] and [keys] takes effect when the console opens again."]


async def test_a_bridge_goes_by_a_changed_file(tmp_path: Path) -> None:
    async with services_on(tmp_path / "none.sock", tmp_path) as opened:
        (tmp_path / "config.toml").write_text(
            "[thoughts]\nbackend = 'command'\ncommand = ['llm']\n[notify]\nquiet_hours = '01:00-02:00'\n"
        )
        opened.live.look()
        thinker = opened.workers.engine.setup.thinker

        assert thinker is not None
        assert thinker.name == "llm"
        (tmp_path / "config.toml").unlink()
        opened.live.look()
        assert opened.workers.engine.setup.thinker is None


@pytest.mark.process
async def test_a_project_that_is_added_while_the_console_is_open_can_be_spawned_in_and_changed(tmp_path: Path) -> None:
    file = tmp_path / "home" / "config.toml"
    async with watching(tmp_path / "none.sock", file.parent) as running:
        services = running.services
        begun_with = services.work_context
        file.write_text(f'[projects.app]\npath = "{tmp_path}"\ntracker = {{ kind = "files" }}\n')
        await until(lambda: services.work_context.projects, "the added project is known")
        app = services.work_context.project("app")

        assert await projects_near(services.work_context, None) == {"app": "claude"}
        assert services.work_context.tracker(app) is not None
        assert begun_with.projects == {}

        file.write_text(f'[projects.app]\npath = "{tmp_path}"\ntracker = {{ kind = "none" }}\n')
        await until(lambda: services.work_context.project("app") != app, "its other tracker is known")
        assert services.work_context.tracker(services.work_context.project("app")) is None


async def test_an_agent_that_is_described_while_the_console_is_open_is_known_also_where_it_runs_already(
    tmp_path: Path, tmux_socket: Path
) -> None:
    file, program = tmp_path / "home" / "config.toml", tmp_path / "mybot"
    shutil.copy(str(shutil.which("sleep")), program)
    with TmuxServer(tmux_socket) as server:
        server.session("bot", str(program), "3600")
        async with watching(tmux_socket, file.parent) as running:
            await running.shows("bot")
            assert running.need("bot").tool is None
            file.write_text('[agents.mybot]\nname = "My Bot"\n')
            await until(lambda: running.need("bot").tool == "My Bot", "its agent is recognised")
            assert running.context.agents.get("mybot") is not None

            file.write_text('[agents.mybot]\nbase = "nobody"\n')
            workers = running.workers.supervisor
            await until(lambda: workers.fleet.workers["settings"][0] is Health.DEGRADED, "what is wrong is said")
            assert "agents.mybot.base" in workers.fleet.workers["settings"][1]
            assert running.need("bot").tool == "My Bot"
