"""A row tells of the agent in its pane, whichever window of its session is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.cli.status_line import counted
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import Need, SessionState
from quarterdeck.core.urgency import waits
from quarterdeck.operations.kill import TmuxPart, ending_of
from support.post import Post, post_office
from support.workers import services_on

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.core.session import Session

pytestmark = pytest.mark.process

CALM = {"asks": 0, "failed": 0, "done": 0}


def loud(office: Post) -> dict[str, int]:
    """What tmux's status line counts of what calls for the operator."""
    counts, *_ = counted(None, office.server.socket, str(office.root / "home"))
    return {name: counts[name] for name in CALM}


async def seen(office: Post) -> Session:
    """The row, once the agent in its pane has been found or is known not to be there."""
    await office.session()
    return await office.session()


async def test_a_permission_is_told_while_another_window_is_shown(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent()
        agent.order("ask rm -rf build")
        while (await office.session()).needs is not Need.PERMISSION:
            pass
        before = await office.session()
        office.server.run("new-window", "-t", "=web:", "--", "sh")
        elsewhere = await seen(office)
        told = loud(office)

    assert elsewhere.pane_id == before.pane_id
    assert elsewhere.needs is Need.PERMISSION
    assert elsewhere.asks is not None
    assert told == {**CALM, "asks": 1}


async def test_a_permission_that_is_reported_behind_another_window_is_told(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent(registry=0)
        office.server.run("new-window", "-t", "=web:", "--", "sh")
        await seen(office)
        office.report(agent, "claude", "PermissionRequest", session_id="mine", tool_name="Bash", tool_input={})
        agent.order("ask rm -rf build")
        while (await office.session()).needs is not Need.PERMISSION:
            pass
        told = loud(office)

    assert told == {**CALM, "asks": 1}


async def test_a_turn_that_is_over_is_told_while_another_window_is_shown(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent(registry=0)
        await seen(office)
        office.report(agent, "claude", "UserPromptSubmit", session_id="mine", prompt="go")
        assert (await office.session()).state is SessionState.BUSY
        office.report(agent, "claude", "Stop", session_id="mine", last_assistant_message="done")
        assert (await office.session()).needs is Need.FINISHED
        office.server.run("new-window", "-t", "=web:", "--", "sh")
        elsewhere = await seen(office)
        told = loud(office)

    assert elsewhere.needs is Need.FINISHED
    assert told == {**CALM, "done": 1}


async def test_who_begins_to_watch_later_sees_the_same_pane(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent()
        agent.order("ask rm -rf build")
        while (await office.session()).needs is not Need.PERMISSION:
            pass
        before = await office.session()
        office.server.run("new-window", "-t", "=web:", "--", "sh")
        office.services.workers.row_writer.release()
        async with services_on(office.server.socket, office.root / "home") as later:
            await later.workers.look_once()
            row = later.context.session("web")

    assert (row.session_id, row.pane_id) == (before.session_id, before.pane_id)
    assert waits(row)


async def test_a_second_agent_in_the_session_is_a_row_of_its_own(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        first = office.agent()
        await seen(office)
        second = office.agent("review", "new-window", "-t", "=web:")
        second.order("ask rm -rf build")
        while len(rows := await office.rows()) < 2 or not any(row.needs is Need.PERMISSION for row in rows):
            pass

    assert {row.pane_id for row in rows} == {first.pane_id, second.pane_id}
    assert {row.pane_id for row in rows if row.needs is Need.PERMISSION} == {second.pane_id}
    assert [row.rows_in_session for row in rows] == [2, 2]


async def test_rows_know_whether_their_window_has_another(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        office.agent()
        await seen(office)
        window = office.agent("review", "new-window", "-t", "=web:")
        split = office.agent("split", "split-window", "-t", "=web:0")
        while len(rows := await office.rows()) < 3:
            pass

    assert {row.pane_id for row in rows if row.rows_in_window == 1} == {window.pane_id}
    assert split.pane_id in {row.pane_id for row in rows if row.rows_in_window == 2}
    assert sorted(map(row_name, rows)) == ["web:0.0", "web:0.1", "web:1"]


async def test_windows_of_the_same_name_are_told_by_their_indexes(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        office.agent()
        await seen(office)
        for folder, name in (("one", "same"), ("two", "same"), ("three", "own")):
            office.agent(folder, "new-window", "-n", name, "-t", "=web:")
        while len(rows := await office.rows()) < 4:
            pass

    assert sorted(map(row_name, rows)) == ["web:0", "web:1", "web:2", "web:own"]


async def test_a_window_that_stands_elsewhere_too_does_not_end_with_its_session(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        office.agent("web")
        office.server.session("other")
        office.server.run("link-window", "-d", "-s", "=other:0", "-t", "=web:9")
        office.server.run("new-window", "-d", "-t", "=web:")
        ending = ending_of(office.context, await office.session("web"))

    assert (ending.part, ending.others) == (TmuxPart.SESSION, 1)
