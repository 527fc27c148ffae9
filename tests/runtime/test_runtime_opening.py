"""The console before it is open: what it shows at once, what it waits for, and what it does without."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from quarterdeck.config.loader import load
from quarterdeck.core.fleet import Fleet
from quarterdeck.core.pane import ServerAddress
from quarterdeck.core.session import SessionId
from quarterdeck.errors import NotFound, SettingsError, StoreTooNew, TmuxUnreachable
from quarterdeck.paths import find_places, private_folder
from quarterdeck.runtime.opening import Opening
from quarterdeck.supervisor.shown_rows import UNNAMED, Guests
from quarterdeck.tui.preferences import NOTHING_SET, fingerprint, kept_preferences, preferences_of, preferences_to_keep
from quarterdeck.values import replace
from support.cli import cli_env
from support.patience import PATIENCE
from support.store import session
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from quarterdeck.tui.preferences import Preferences

NEVER_BEFORE_THE_FIRST_FRAME = {
    "pydantic",
    "httpx",
    "psutil",
    "quarterdeck.agents",
    "quarterdeck.forge",
    "quarterdeck.operations",
    "quarterdeck.plugins",
    "quarterdeck.store.engine",
    "quarterdeck.supervisor.workers",
    "quarterdeck.tmux.control",
}


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    """A private tmux server."""
    with TmuxServer(tmux_socket) as made:
        yield made


def opening(server: TmuxServer) -> Opening:
    places = find_places()
    return Opening(ServerAddress(server.socket), places, lambda: load(places.config_file).settings)


@asynccontextmanager
async def opened(backend: Opening) -> AsyncIterator[Opening]:
    """Run it as the console does, until the test is over."""
    running = asyncio.create_task(backend.run())
    try:
        yield backend
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await backend.close()


async def preview(backend: Opening, session_id: SessionId) -> str:
    return await (await backend.opened()).reader.preview(session_id, 5)


def names(backend: Opening) -> set[str]:
    return {session.tmux_name for session in backend.now.fleet().sessions.values()}


def test_what_a_lost_server_leaves_of_the_console_s_own_session_is_no_row() -> None:
    lost = [
        replace(session(number, name), is_stale=True) for number, name in enumerate(("quarterdeck", "quarterdeck-2"))
    ]
    kept = [
        replace(session(2, "quarterdeck"), is_stale=True, tool="Codex"),
        replace(session(3, "quarterdeck-old"), is_stale=True),
        session(4, "quarterdeck"),
    ]
    fleet = Fleet(sessions={each.session_id: each for each in (*lost, *kept)})

    assert list(Guests(None)(fleet, None).sessions.values()) == kept


async def test_the_first_fleet_is_who_tmux_lists_and_unknown_ones_are_unsure(server: TmuxServer) -> None:
    server.session("one")
    server.session("two")

    backend = opening(server)

    assert names(backend) == {"one", "two"}
    assert not any(session.is_certain for session in backend.now.fleet().sessions.values())
    assert backend.now.fleet().is_certain


async def test_a_session_that_is_gone_is_never_in_the_first_fleet(server: TmuxServer) -> None:
    server.session("stays")
    server.session("goes")
    async with opened(opening(server)) as before:
        await before.opened()
        ids = {session.tmux_name: session.session_id for session in before.now.fleet().sessions.values()}
    server.run("kill-session", "-t", "=goes")

    again = opening(server)

    assert {session.tmux_name: session.session_id for session in again.now.fleet().sessions.values()} == {
        "stays": ids["stays"]
    }
    await again.close()


async def test_what_went_with_its_server_is_in_the_first_fleet_unless_its_name_is_there_again(
    server: TmuxServer,
) -> None:
    for name in ("back", "lost"):
        server.session(name)
    async with opened(opening(server)) as before:
        await before.opened()
    server.kill()

    first = opening(server).now.fleet()

    assert {session.tmux_name: session.is_stale for session in first.sessions.values()} == {"back": True, "lost": True}
    server.session("back")
    backend = opening(server)
    shown = [(session.tmux_name, session.is_stale) for session in backend.now.fleet().sessions.values()]
    assert sorted(shown) == [("back", False), ("lost", True)]
    async with opened(backend):
        await backend.opened()
        assert {row.tmux_name: row.is_stale for row in backend.now.fleet().sessions.values()} == dict(shown)
    again = opening(server)
    assert {row.tmux_name: row.is_stale for row in again.now.fleet().sessions.values()} == dict(shown)


async def test_what_is_asked_too_early_waits_and_finds_the_row_under_its_new_id(server: TmuxServer) -> None:
    server.session("talker", "sh", "-c", "echo hello from here; sleep 3600")
    backend = opening(server)
    (early,) = backend.now.fleet().sessions

    async with opened(backend):
        said = await preview(backend, early)

        async with asyncio.timeout(PATIENCE):
            while "hello from here" not in said:
                said = await preview(backend, early)
        assert early.startswith(UNNAMED)
        assert not any(each.startswith(UNNAMED) for each in backend.now.fleet().sessions)
        with pytest.raises(NotFound):
            await preview(backend, SessionId(f"{UNNAMED}$999"))


async def test_of_a_server_that_hangs_no_session_is_said_to_be_gone(server: TmuxServer) -> None:
    server.session("known")
    async with opened(opening(server)) as before:
        await before.opened()
    server.session("new")
    backend = opening(server)
    both = list(backend.now.fleet().sessions)
    server.stop()

    async with opened(backend):
        for each in both:
            with pytest.raises(TmuxUnreachable, match="does not answer"):
                await preview(backend, each)
        server.cont()


async def test_what_was_chosen_before_it_was_open_is_remembered(server: TmuxServer) -> None:
    server.session("one")
    backend = opening(server)
    backend.memory.remember(theme="light")
    async with opened(backend):
        await backend.opened()

    again = opening(server)

    assert again.preferences.theme == "light"
    await again.close()


async def test_a_database_of_a_newer_version_is_trouble_and_trying_again_tries_again(server: TmuxServer) -> None:
    import sqlite3

    server.session("one")
    file = find_places().state_file
    private_folder(file.parent)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA application_id = 1363430193")
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    backend = opening(server)

    for _ in range(2):
        with pytest.raises(StoreTooNew):
            await backend.run()
    assert names(backend) == {"one"}
    with pytest.raises(StoreTooNew):
        await backend.opened()
    await backend.close()


async def test_settings_that_were_changed_are_checked_before_anything_is_shown(server: TmuxServer) -> None:
    server.session("one")
    file = find_places().config_file
    private_folder(file.parent)
    file.write_text('console.theme = "light"\n')
    async with opened(opening(server)) as backend:
        await backend.opened()
    assert kept_by(file) is not None

    file.write_text('console.theme = "light"\nconsole.nonsense = 1\n')

    with pytest.raises(SettingsError):
        opening(server)


def kept_by(file: Path) -> Preferences | None:
    from quarterdeck.store.kept_rows import first_read
    from quarterdeck.tui.preferences import SETTINGS_KEPT_AS

    return kept_preferences(first_read(find_places().state_file, "").meta.get(SETTINGS_KEPT_AS), fingerprint(file))


def test_without_settings_the_console_opens_as_the_settings_say_by_default(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"

    assert fingerprint(file, {"HOME": "/home/kim", "QUARTERDECK_HOME": "/x"}) == NOTHING_SET
    assert kept_preferences(None, NOTHING_SET) == preferences_of(load(file, {}).settings)


def test_kept_preferences_come_back_whole_and_only_for_what_they_were_read_from(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'console = {theme = "light", preview = "off", view = "w", ascii = true, mouse = false}\n'
        'views.w = "needs:any"\nkeys."session.send" = "M, m"\n'
    )
    wishes = preferences_of(load(file, {}).settings)
    kept = preferences_to_keep(wishes, fingerprint(file, {}))

    assert kept_preferences(kept, fingerprint(file, {})) == wishes
    assert kept_preferences(kept, fingerprint(file, {"QUARTERDECK_CONSOLE_THEME": "dark"})) is None
    file.write_text(file.read_text() + "\n")
    assert kept_preferences(kept, fingerprint(file, {})) is None


@pytest.mark.parametrize(
    "spoilt",
    ["", "{", "[]", '{"fingerprint": "x"}', '{"fingerprint": "x", "preferences": 3}', '{"preferences": "\\ud800"}'],
)
def test_spoilt_wishes_count_as_none(spoilt: str) -> None:
    assert kept_preferences(spoilt, "x") is None


@pytest.mark.process
def test_the_first_frame_needs_neither_pydantic_nor_agents_nor_operations() -> None:
    code = "import sys, quarterdeck.cli.console, quarterdeck.runtime.opening, quarterdeck.tui.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=cli_env())

    loaded = set(done.stdout.split())

    assert not NEVER_BEFORE_THE_FIRST_FRAME & loaded
