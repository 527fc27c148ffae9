"""A row tells of the pane it shows, and never of an agent that asks or is done in another window of its session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.cli.status_line import counted
from quarterdeck.core.session import Need, SessionState
from quarterdeck.core.urgency import waits
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


async def test_a_permission_stays_with_its_window(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent()
        agent.order("ask rm -rf build")
        while (await office.session()).needs is not Need.PERMISSION:
            pass
        assert loud(office) == {**CALM, "asks": 1}
        office.server.run("new-window", "-t", "=web:", "--", "sh")
        elsewhere = await seen(office)
        told = loud(office)
        office.server.run("select-window", "-t", "=web:0")
        while (await office.session()).needs is not Need.PERMISSION:
            pass

    assert (elsewhere.needs, elsewhere.asks, elsewhere.action_cues) == (None, None, ())
    assert elsewhere.state is not SessionState.ATTENTION
    assert not waits(elsewhere)
    assert told == CALM


async def test_a_permission_that_is_reported_from_another_window_is_not_this_one_s(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent(registry=0)
        office.server.run("new-window", "-t", "=web:", "--", "sh")
        await seen(office)
        office.report(agent, "claude", "PermissionRequest", session_id="mine", tool_name="Bash", tool_input={})
        agent.order("ask rm -rf build")
        elsewhere = await seen(office)
        told = loud(office)

    assert (elsewhere.needs, elsewhere.asks) == (None, None)
    assert not waits(elsewhere)
    assert told == CALM


async def test_a_turn_that_is_over_stays_with_its_window(short_folder: Path) -> None:
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

    assert not waits(elsewhere)
    assert told == CALM


async def test_who_begins_to_watch_later_says_no_more_of_the_window_before(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent()
        agent.order("ask rm -rf build")
        while (await office.session()).needs is not Need.PERMISSION:
            pass
        office.server.run("new-window", "-t", "=web:", "--", "sh")
        office.services.workers.row_writer.release()
        async with services_on(office.server.socket, office.root / "home") as later:
            await later.workers.look_once()
            row = later.context.session("web")

    assert not waits(row)
