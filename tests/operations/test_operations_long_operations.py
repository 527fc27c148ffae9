from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.session import SessionId, SessionState
from quarterdeck.errors import NotFound, Refused, TmuxUnreachable
from quarterdeck.operations.long_operations import LongOperations
from quarterdeck.tui.rows.session_row import Kind, kind_of
from support.canned import StillClock
from support.fleet import canned_sessions, fleet_of

if TYPE_CHECKING:
    from quarterdeck.operations.long_operations import LongOperation

ROW = canned_sessions()[0]


class Work:
    """An operation that says where it is and waits."""

    def __init__(self, note: str = "") -> None:
        self.note = note
        self.said = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.taken_back = False

    async def __call__(self, operation: LongOperation) -> str:
        operation.say("making \x1b[31mthe worktree")
        self.said.set()
        try:
            await self.goes_on.wait()
        except asyncio.CancelledError as error:
            self.taken_back = True
            if self.note:
                error.add_note(self.note)
            raise
        return "done"


async def test_an_operation_shows_in_its_row_until_it_is_over() -> None:
    under, work = LongOperations(StillClock()), Work()
    changes: list[None] = []
    under.listeners.append(lambda: changes.append(None))
    fleet = fleet_of(*canned_sessions())
    running = asyncio.create_task(under.run(ROW.session_id, "restoring", work))
    await work.said.wait()

    row = under.shown_in(fleet).sessions[ROW.session_id]
    assert (row.thought, row.state, row.asks) == ("restoring: making the worktree", SessionState.BUSY, None)
    assert kind_of(row) is Kind.WORKS
    assert changes
    with pytest.raises(Refused):
        await under.run(ROW.session_id, "ending", Work())
    work.goes_on.set()

    assert await running == "done"
    assert under.shown_in(fleet) is fleet


async def test_what_is_done_stays_done_though_it_cannot_be_shown_now() -> None:
    asked = asyncio.Event()
    goes_on = asyncio.Event()

    async def look() -> None:
        asked.set()
        await goes_on.wait()
        raise TmuxUnreachable("tmux does not answer.")

    under, work = LongOperations(StillClock(), look), Work()
    work.goes_on.set()
    running = asyncio.create_task(under.run(ROW.session_id, "restoring", work))
    await asked.wait()

    with pytest.raises(Refused, match="too far"):
        await under.stop(ROW.session_id)
    goes_on.set()

    assert await running == "done"


async def test_what_has_no_session_yet_has_a_row_of_its_own() -> None:
    under, work = LongOperations(StillClock()), Work()
    running = asyncio.create_task(under.run(ROW.session_id, "spawning", work, ROW))
    await work.said.wait()

    assert list(under.shown_in(fleet_of()).sessions) == [ROW.session_id]

    await under.end()
    assert work.taken_back
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_stopping_waits_until_all_is_taken_back_and_says_what_was_not() -> None:
    under, work = LongOperations(StillClock()), Work("Could not be undone: the worktree.")
    running = asyncio.create_task(under.run(ROW.session_id, "spawning", work, ROW))
    await work.said.wait()

    assert await under.stop(ROW.session_id) == ("Could not be undone: the worktree.",)

    assert work.taken_back
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(NotFound):
        await under.stop(SessionId("nobody"))


async def test_who_gives_up_waiting_stops_nothing() -> None:
    under, work = LongOperations(StillClock()), Work()
    running = asyncio.create_task(under.run(ROW.session_id, "ending", work))
    await work.said.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert under.find(ROW.session_id) is not None
    assert not work.taken_back

    await under.end()
