"""Windows in several sessions, sixty panes in one, tmux in tmux, panes that stay when their program has ended."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.session import Need
from quarterdeck.errors import QuarterdeckError
from quarterdeck.operations.answer import answer
from support.post import Post, ScriptedAgent, post_office
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from quarterdeck.core.pane import PaneId
    from quarterdeck.core.session import Session, SessionId

pytestmark = pytest.mark.process

PANES = 60


@pytest.fixture
async def office(short_folder: Path) -> AsyncIterator[Post]:
    async with post_office(short_folder) as opened:
        yield opened


async def rows_of(office: Post, number: int) -> dict[str, Session]:
    """The rows by their panes, once there are so many."""
    while len(rows := await office.rows()) != number:
        pass
    return {str(row.pane_id): row for row in rows}


def until_dead(office: Post, pane: str, *, status: int) -> None:
    """Wait until tmux knows how a pane died. It may have missed the signal (3.3a), and asks again with the next one."""

    def knows() -> bool:
        office.server.run("run-shell", "true")
        return office.server.ask(pane, "#{pane_dead_status}") == str(status)

    until(knows, "it is dead")


def ids(rows: dict[str, Session]) -> dict[str, SessionId]:
    return {pane: row.session_id for pane, row in rows.items()}


async def test_a_window_in_two_sessions_is_one_row_wherever_it_stays(office: Post) -> None:
    other = office.server.session("other", "sh")
    web, review = office.agent("web"), office.agent("review", "new-window", "-t", "=web:")
    before = await rows_of(office, 3)
    office.server.run("link-window", "-d", "-s", review.pane_id, "-t", "=other:5")
    linked = await rows_of(office, 3)
    office.server.run("unlink-window", "-t", "=web:1")
    moved = await rows_of(office, 2)
    office.server.run("kill-session", "-t", "=web")
    left = await rows_of(office, 1)

    assert ids(linked) == ids(before)
    assert linked[review.pane_id].place == "web:1.0"
    assert linked[other].rows_in_session == 1
    # The shell beside it is shown by the row that came, as when a pane is joined to its session.
    assert ids(moved) == {pane: key for pane, key in ids(before).items() if pane != other}
    assert moved[review.pane_id].place == "other:5.0"
    assert ids(left) == {review.pane_id: before[review.pane_id].session_id}
    assert web.pane_id not in left


async def test_a_group_is_as_many_rows_as_its_windows_have_and_outlives_its_first_session(office: Post) -> None:
    office.agent("web")
    review = office.agent("review", "new-window", "-t", "=web:")
    before = await rows_of(office, 2)
    office.server.run("new-session", "-d", "-s", "mate", "-t", "=web")
    office.server.run("select-window", "-t", "=mate:1")
    grouped = await rows_of(office, 2)
    review.order("ask rm -rf build")
    while not (await rows_of(office, 2))[review.pane_id].needs:
        pass
    office.server.run("kill-session", "-t", "=web")
    after = await rows_of(office, 2)
    await answer(office.context, after[review.pane_id], "1")
    ended = await office.log("session.deleted")

    assert ids(grouped) == ids(before) == ids(after)
    assert {row.tmux_name for row in grouped.values()} == {"web"}
    assert {row.tmux_name for row in after.values()} == {"mate"}
    assert [note["answer"] for note in review.said("answer")] == ["Yes"]
    assert ended == []


async def test_a_shell_that_a_group_shows_is_one_row_and_outlives_its_first_session(office: Post) -> None:
    office.server.session("web", "sh")
    before = await rows_of(office, 1)
    office.server.run("new-session", "-d", "-s", "mate", "-t", "=web")
    grouped = await rows_of(office, 1)
    office.server.run("kill-session", "-t", "=web")
    after = await rows_of(office, 1)

    assert ids(before) == ids(grouped) == ids(after)
    assert {row.tmux_name for row in after.values()} == {"mate"}


async def test_of_sixty_panes_in_one_window_those_with_agents_are_rows(office: Post) -> None:
    office.server.session("web", "sh", size="400x200")
    claude = office.root / "claude"
    claude.write_text("#!/bin/bash\nexec -a claude sleep 3600\n")
    claude.chmod(0o755)
    words: list[str] = []
    for number in range(1, PANES):
        program = str(claude) if number % 20 == 0 else "cat"
        words += ["split-window", "-d", "-t", "=web:0", program, ";", "select-layout", "-t", "=web:0", "tiled", ";"]
    office.server.run(*words[:-1])
    rows = await rows_of(office, 2)
    panes = office.server.run("list-panes", "-t", "=web:0", "-F", "#{pane_id}").splitlines()

    assert len(panes) == PANES
    assert {row.rows_in_session for row in rows.values()} == {2}
    assert {row.place for row in rows.values()} == {
        office.server.ask(pane, "#{session_name}:#{window_index}.#{pane_index}") for pane in rows
    }
    office.server.run("send-keys", "-t", panes[0], f"exec {claude}", "Enter")
    more = await rows_of(office, 3)
    assert ids(rows).items() <= ids(more).items()


async def test_an_agent_on_another_server_is_no_row_of_the_pane_that_shows_it(office: Post) -> None:
    shown = office.server.session("web", "sh")
    first = office.agent("first", "new-window", "-t", "=web:")
    with TmuxServer(office.root / "inner") as inner:
        agent = ScriptedAgent(inner, office.root, "inside")
        words = ["env", "-u", "TMUX", "tmux", "-f", "/dev/null", "-S", inner.socket, "new-session", *agent.argv]
        office.server.run("send-keys", "-t", shown, shlex.join(words), "Enter")
        agent.until_ready()
        until(lambda: "Claude Code" in office.server.run("capture-pane", "-p", "-t", shown), "it shows there")
        agent.order("ask rm -rf build")
        rows = await rows_of(office, 1)
        again = await rows_of(office, 1)

    assert rows.keys() == again.keys() == {first.pane_id}
    assert rows[first.pane_id].needs is None


async def test_a_dead_pane_ends_its_row_with_its_status_and_what_is_started_there_is_another(office: Post) -> None:
    web = office.agent("web")
    claude = office.root / "claude"
    claude.write_text("#!/bin/bash\nread line; exit 3\n")
    claude.chmod(0o755)
    pane = office.server.run("new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "=web:", str(claude))
    office.server.run("set-option", "-w", "-t", pane, "remain-on-exit", "on")
    before = await rows_of(office, 2)
    office.server.run("send-keys", "-t", pane, "Enter")
    until_dead(office, pane, status=3)
    dead = await rows_of(office, 1)
    told = await office.log("session.deleted")
    office.server.run("respawn-pane", "-t", pane, str(claude))
    anew = await rows_of(office, 2)

    assert dead.keys() == {web.pane_id}
    assert told == [{"reason": "process_exit", "exit_status": 3, "summary": told[0]["summary"]}]
    assert anew[pane].session_id not in ids(before).values()
    assert anew[web.pane_id].session_id == before[web.pane_id].session_id


async def test_a_shell_in_a_pane_whose_agent_died_is_no_row_beside_others(office: Post) -> None:
    web, review = office.agent("web"), office.agent("review", "split-window", "-t", "=web:")
    office.server.run("set-option", "-w", "-t", "=web:0", "remain-on-exit", "on")
    await rows_of(office, 2)
    await office.rows()
    supervisor = office.services.workers.supervisor
    review.order("quit")
    until(lambda: office.server.ask(review.pane_id, "#{pane_dead}") == "1", "it is dead")
    # What was kept is not read again meanwhile: nobody else writes.
    await supervisor.look()
    office.server.run("respawn-pane", "-t", review.pane_id, "cat")
    await supervisor.look()

    assert {row.pane_id for row in supervisor.fleet.sessions.values() if row.tmux_name == "web"} == {web.pane_id}


async def test_a_session_whose_only_pane_is_dead_has_a_row_again_when_something_runs_there(office: Post) -> None:
    pane = office.server.session("web", "sh", "-c", "read line; exit 4")
    office.server.run("set-option", "-t", "=web:", "remain-on-exit", "on")
    before = await rows_of(office, 1)
    office.server.run("send-keys", "-t", pane, "Enter")
    until_dead(office, pane, status=4)
    await rows_of(office, 0)
    (told,) = await office.log("session.deleted")
    office.server.run("respawn-pane", "-t", pane, "cat")
    after = await rows_of(office, 1)

    assert told["exit_status"] == 4
    assert after[pane].session_id != before[pane].session_id


async def test_a_pane_that_goes_while_it_is_answered_says_so_and_nothing_is_typed_elsewhere(
    office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    web, review = office.agent("web"), office.agent("review", "split-window", "-t", "=web:")
    for agent in (web, review):
        agent.order("ask rm -rf build")
    while {row.needs for row in await office.rows()} != {Need.PERMISSION}:
        pass
    rows = await rows_of(office, 2)
    mux = office.services.mux
    press = mux.send_keys_if

    async def too_late(pane_id: PaneId, keys: Sequence[str], shows: Sequence[str]) -> bool:
        await asyncio.to_thread(office.server.run, "kill-pane", "-t", pane_id)
        return await press(pane_id, keys, shows)

    monkeypatch.setattr(mux, "send_keys_if", too_late)
    with pytest.raises(QuarterdeckError, match="no pane %2 any more"):
        await answer(office.context, rows[review.pane_id], "1")
    left = await rows_of(office, 1)
    with pytest.raises(QuarterdeckError, match="asks nothing now"):
        await answer(office.context, rows[review.pane_id], "1")

    assert ids(left) == {web.pane_id: rows[web.pane_id].session_id}
    assert left[web.pane_id].needs is Need.PERMISSION
    assert [*web.said("answer"), *web.said("into_dialog"), *review.said("answer")] == []
