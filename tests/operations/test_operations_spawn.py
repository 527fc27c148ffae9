from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from quarterdeck.agents.roster import Roster
from quarterdeck.core.issue import Issue
from quarterdeck.core.lifecycle import RuntimeState, status_of
from quarterdeck.core.project import AgentChoice, SetupCommand
from quarterdeck.errors import (
    AgentError,
    BranchBusy,
    ForgeError,
    GitError,
    NotFound,
    ProgramFailed,
    QuarterdeckError,
    TmuxRefused,
    UsageError,
)
from quarterdeck.operations.kill_work import kill_work
from quarterdeck.operations.spawn import SpawnRequest, spawn
from quarterdeck.ports.agent_spec import PromptDelivery
from quarterdeck.ports.store import ActivityQuery
from quarterdeck.store.work import SqliteWorkStore
from quarterdeck.values import replace
from support.git_repo import git
from support.tmux_server import TmuxServer, until
from support.work_contexts import Place, open_place, scripted

if TYPE_CHECKING:
    from pathlib import Path

    from support.git_repo import Repository


def asked(**more: Any) -> SpawnRequest:
    return SpawnRequest(**{"project": "app", "prompt": "Fix the login", **more})


async def nothing_is_left(place: Place) -> None:
    """The world is as it was before."""
    assert await place.work_context.works.works() == []
    assert await place.work_context.works.journal() == []
    assert len(place.repository.git("worktree", "list").splitlines()) == 1
    assert place.repository.git("branch", "--format=%(refname:short)") == "main"
    assert not list(place.work_context.folder.glob("app/worktrees/*"))
    assert not list(place.work_context.folder.glob("app/*.md"))
    assert not list(place.work_context.folder.glob("app/launch/*"))
    assert not [name for name in TmuxServer(str(place.work_context.mux.address)).sessions() if name.startswith("app-")]
    assert "session.rollback_step_failed" not in await place.kinds()


async def test_a_worker_is_spawned_in_a_worktree_of_its_own(place: Place, tmux_socket: Path) -> None:
    record = await spawn(place.work_context, asked(), place.say)

    assert record.session_id == "app-1"
    assert record.branch == "session/app-1"
    assert record.display_name == "Fix the login"
    assert record.prompt == "Fix the login"
    assert record.lifecycle.runtime.state is RuntimeState.ALIVE
    assert status_of(record.lifecycle) == "spawning"
    assert record.worktree
    assert git(place.repository.path, "-C", record.worktree, "symbolic-ref", "--short", "HEAD") == "session/app-1"
    assert TmuxServer(tmux_socket).sessions() == ["app-1"]
    until(lambda: (place.notes / "app-1.cwd").exists(), "the agent has started")
    assert (place.notes / "app-1.cwd").read_text().strip() == record.worktree
    assert await place.work_context.works.work(record.session_id) == record
    assert await place.work_context.works.journal() == []
    assert await place.kinds() == ["session.spawn_started", "session.spawned"]
    assert place.said


async def test_the_agent_gets_its_task_and_its_standing_instructions(place: Place) -> None:
    record = await spawn(place.work_context, asked(prompt="line one\n$(touch /tmp/never) `x` 'q'"), place.say)

    until(lambda: (place.notes / "app-1.cwd").exists(), "the agent has started")
    words = (place.notes / "app-1.argv").read_text()
    kept = place.work_context.folder / "app" / "worker-prompt-app-1.md"
    assert words.endswith("line one\n$(touch /tmp/never) `x` 'q'\n")
    assert kept.read_text() in words
    ours = [file for file in place.work_context.folder.rglob("*") if "worktrees" not in file.parts and file.is_file()]
    assert kept in ours
    assert {file.name: file.stat().st_mode & 0o777 for file in ours} == {file.name: 0o600 for file in ours}
    assert "You are app-1" in kept.read_text()
    assert "line one" not in kept.read_text()
    assert record.agent_session_id
    assert record.agent_session_id in words


async def test_the_environment_is_ours_where_it_must_be(place: Place) -> None:
    work_context = replace(place.work_context, environ={**place.work_context.environ, "TMUX_BIN": "/opt/other/tmux"})
    await spawn(work_context, asked(issue="7"), place.say)

    until(lambda: (place.notes / "app-1.cwd").exists(), "the agent has started")
    env = dict(line.partition("=")[::2] for line in (place.notes / "app-1.env").read_text().splitlines())
    assert env["QUARTERDECK_SESSION"] == "app-1", "the project's own value does not hide it"
    assert env["QUARTERDECK_PROJECT"] == "app"
    assert env["QUARTERDECK_ISSUE"] == "7"
    assert env["QUARTERDECK_CALLER"] == "agent"
    assert env["QUARTERDECK_HOME"] == str(place.work_context.home)
    assert env["TMUX"].startswith(str(place.work_context.mux.address))
    assert env["TMUX_BIN"] == "/opt/other/tmux"


async def test_an_issue_is_told_to_the_agent_and_names_branch_and_session(place: Place) -> None:
    place.tracker.known["7"] = Issue(id="7", title="Login fails", body="Steps: …", url="https://x/7")

    record = await spawn(place.work_context, asked(issue="7", prompt=None), place.say)

    assert record.branch == "feat/issue-7"
    assert record.issue_title == record.display_name == "Login fails"
    text = (place.work_context.folder / "app/worker-prompt-app-1.md").read_text()
    assert "Steps: …" in text
    until(lambda: (place.notes / "app-1.cwd").exists(), "the agent has started")
    assert (place.notes / "app-1.argv").read_text().endswith("Work on issue 7.\n")


async def test_an_issue_the_tracker_does_not_have_is_only_a_name(place: Place) -> None:
    record = await spawn(place.work_context, asked(issue="Try This"), place.say)

    assert record.issue == "Try This"
    assert record.branch == "feat/try-this"


async def test_a_tracker_that_cannot_be_asked_stops_everything_before_it_begins(place: Place) -> None:
    place.tracker.broken = "not logged in"

    with pytest.raises(ForgeError, match="not logged in"):
        await spawn(place.work_context, asked(issue="7"), place.say)

    await nothing_is_left(place)
    assert await place.kinds() == ["session.spawn_started", "tracker.issue_fetch_failed", "session.spawn_failed"]


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (asked(project="nope"), NotFound),
        (asked(agent="nope"), UsageError),
        (asked(branch="bad name"), UsageError),
    ],
)
async def test_a_wrong_request_changes_nothing(
    request_: SpawnRequest, kind: type[QuarterdeckError], place: Place
) -> None:
    with pytest.raises(kind):
        await spawn(place.work_context, request_, place.say)

    await nothing_is_left(place)


async def test_an_agent_that_is_not_installed_is_named_before_anything_is_made(place: Place) -> None:
    work_context = replace(place.work_context, environ={"PATH": "/usr/bin:/bin"})

    with pytest.raises(AgentError, match="not installed") as caught:
        await spawn(work_context, asked(), place.say)

    assert caught.value.hint == "write it"
    await nothing_is_left(place)


async def test_numbers_are_above_every_branch_session_and_record(place: Place, tmux_socket: Path) -> None:
    place.repository.git("push", "--quiet", "origin", "main:session/app-4")
    TmuxServer(tmux_socket).session("app-6")

    first = await spawn(place.work_context, asked(), place.say)
    await place.work_context.works.drop_work(first.session_id)
    second = await spawn(place.work_context, asked(), place.say)

    assert first.session_id == "app-7"
    assert second.session_id == "app-8", "a number is not used twice, even when its record is gone"


@pytest.mark.parametrize("step", ["worktree", "post_create", "link", "launch", "record"])
async def test_a_step_that_fails_takes_everything_back(
    step: str, place: Place, tmux_socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_context = place.work_context
    request = asked()
    if step == "worktree":
        request = asked(branch="main")
    if step == "post_create":
        project = replace(work_context.projects["app"], post_create=(SetupCommand(shell="echo made > litter; exit 4"),))
        work_context = replace(work_context, projects={"app": project})
    if step == "link":
        work_context = replace(
            work_context, projects={"app": replace(work_context.projects["app"], symlinks=("../out",))}
        )
    if step == "launch":
        TmuxServer(tmux_socket).session("other")

        async def refuse(wanted: object) -> None:
            raise TmuxRefused("duplicate session")

        monkeypatch.setattr(work_context.mux, "new_session", refuse, raising=False)
    if step == "record":
        before = SqliteWorkStore.change_work

        async def fail(self: SqliteWorkStore, session_id: Any, change: Any) -> Any:
            held = await before(self, session_id, change)
            if held.lifecycle.runtime.handle:
                raise QuarterdeckError("no disk")
            return held

        monkeypatch.setattr(SqliteWorkStore, "change_work", fail)

    with pytest.raises((BranchBusy, GitError, ProgramFailed, QuarterdeckError)):
        await spawn(work_context, request, place.say)

    kinds = await place.kinds()
    await nothing_is_left(place)
    assert "session.rollback_started" in kinds
    assert kinds[-1] == "session.spawn_failed"
    events = await work_context.store.activity(ActivityQuery(kind="session.rollback_started"))
    assert events[0].session_id == "app-1"


async def test_a_failing_undo_does_not_stop_the_others_and_is_told_of(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise GitError("cannot be taken back")

    monkeypatch.setattr(place.work_context.git, "unmake", refuse, raising=False)

    async def fail(wanted: object) -> None:
        raise TmuxRefused("no")

    monkeypatch.setattr(place.work_context.mux, "new_session", fail, raising=False)

    with pytest.raises(TmuxRefused, match="no"):
        await spawn(place.work_context, asked(), place.say)

    kinds = await place.kinds()
    assert kinds.count("session.rollback_step_failed") == 1
    assert not (place.work_context.folder / "app/worker-prompt-app-1.md").exists()
    assert [entry.owner for entry in await place.work_context.works.journal()] == [""], "it is left to the next start"


async def test_a_cancelled_spawn_takes_everything_back(place: Place) -> None:
    project = replace(place.work_context.projects["app"], post_create=(SetupCommand(shell="echo here; sleep 300"),))
    work_context = replace(place.work_context, projects={"app": project})
    spawning = asyncio.ensure_future(spawn(work_context, asked(), place.say))
    await asyncio.to_thread(until, lambda: "here" in place.said, "the command has begun")

    spawning.cancel()

    with pytest.raises(asyncio.CancelledError):
        await spawning
    await nothing_is_left(place)


async def test_commands_and_links_of_the_project_are_done_in_the_worktree(
    short_folder: Path, tmux_socket: Path, repository: Repository
) -> None:
    (repository.path / ".env").write_text("secret")
    more: dict[str, Any] = {
        "symlinks": (".env",),
        "post_create": (SetupCommand(shell="echo $QUARTERDECK_SESSION"), SetupCommand(argv=("cat", ".env"))),
    }
    async with open_place(short_folder, tmux_socket, repository, **more) as place:
        await spawn(place.work_context, asked(), place.say)

        assert "app-1" in place.said
        assert "secret" in place.said


async def test_what_is_asked_for_comes_before_the_settings(place: Place) -> None:
    project = replace(place.work_context.projects["app"], workers=AgentChoice(model="big", permissions="suggest"))
    work_context = replace(place.work_context, projects={"app": project})

    record = await spawn(work_context, asked(model="small"), place.say)

    assert record.model == "small"
    until(lambda: (place.notes / "app-1.cwd").exists(), "the agent has started")
    assert "--model\nsmall\n" in (place.notes / "app-1.argv").read_text()


async def test_rules_of_the_project_reach_the_agent(place: Place) -> None:
    (place.repository.path / "RULES.md").write_text("Use tabs.")
    project = replace(place.work_context.projects["app"], rules="Be brief.", rules_file="RULES.md", repo="acme/app")
    work_context = replace(place.work_context, projects={"app": project})

    await spawn(work_context, asked(), place.say)

    text = (place.work_context.folder / "app/worker-prompt-app-1.md").read_text()
    assert "Be brief.\n\nUse tabs." in text
    assert "pull request against `main`" in text


async def test_an_event_never_tells_the_prompt(place: Place) -> None:
    await spawn(place.work_context, asked(prompt="my secret plan"), place.say)

    events = await place.work_context.store.activity(ActivityQuery())
    assert "secret" not in json.dumps([[each.summary, dict(each.data)] for each in events])


async def test_a_folder_that_is_no_repository_stops_it(place: Place, tmp_path: Path) -> None:
    work_context = replace(
        place.work_context, projects={"app": replace(place.work_context.projects["app"], path=tmp_path)}
    )

    with pytest.raises(GitError, match="not a git repository"):
        await spawn(work_context, asked(), place.say)

    assert await work_context.works.works() == []


async def test_spawns_at_once_get_an_id_each(place: Place, short_folder: Path, tmux_socket: Path) -> None:
    async with open_place(short_folder, tmux_socket, place.repository) as other:
        records = await asyncio.gather(
            *(spawn(each.work_context, asked(), each.say) for each in (place, other) for _ in range(4))
        )

    assert len({record.session_id for record in records}) == 8
    assert sorted(TmuxServer(tmux_socket).sessions()) == sorted(record.session_id for record in records)


async def test_an_agent_that_takes_no_task_on_its_command_line_is_told_once_it_is_ready(place: Place) -> None:
    (place.notes / "script").write_text('sleep 1; echo "> "; read -r line; echo "$line" > "$QD_NOTES/heard"')
    agents = Roster([scripted(place.notes, prompt_delivery=PromptDelivery.PASTE)])

    await spawn(replace(place.work_context, agents=agents), asked(prompt="do `this`"), place.say)

    until(lambda: (place.notes / "heard").exists(), "the agent has heard its task")
    assert "do `this`" in (place.notes / "heard").read_text()


async def test_who_worked_on_an_issue_before_is_said(place: Place) -> None:
    first = await spawn(place.work_context, asked(issue="7"), place.say)
    await kill_work(place.work_context, first.session_id)

    await spawn(place.work_context, asked(issue="7"), place.say)

    assert "app-1 worked on 7 before and is over; `quarterdeck restore` brings it back" in place.said


@pytest.mark.parametrize("turns", [1, 5, 20, 60, 150])
async def test_a_spawn_can_be_cancelled_at_any_moment(turns: int, place: Place) -> None:
    spawning = asyncio.ensure_future(spawn(place.work_context, asked(), place.say))
    for _ in range(turns):
        await asyncio.sleep(0.001)

    spawning.cancel()

    with contextlib.suppress(asyncio.CancelledError):
        await spawning
        return
    await nothing_is_left(place)
