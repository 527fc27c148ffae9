"""A worker in whose tmux session another agent lives: what is done to it is done to its own pane."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from quarterdeck.core.lifecycle import RuntimeState
from quarterdeck.core.pane import Snapshot
from quarterdeck.core.place_match import seen_place
from quarterdeck.operations.kill_work import kill_work
from quarterdeck.operations.restore import restore
from quarterdeck.operations.spawn import SpawnRequest, spawn
from support.tmux_server import TmuxServer, until
from support.work_contexts import runtime_of

if TYPE_CHECKING:
    from quarterdeck.core.session import SessionId
    from support.work_contexts import Place


def server(place: Place) -> TmuxServer:
    return TmuxServer(str(place.work_context.mux.address))


def panes(place: Place) -> list[str]:
    return server(place).run("list-panes", "-a", "-F", "#{pane_id}").splitlines()


async def shared(place: Place) -> tuple[SessionId, str]:
    """A worker with another agent in a window of its session; answers that one's row and pane."""
    context = place.work_context
    record = await spawn(context, SpawnRequest(project="app", prompt="x"), place.say)
    until(lambda: (place.notes / f"{record.session_id}.cwd").exists(), "the agent has started")
    told = ("-e", f"QD_NOTES={place.notes}", "-e", "QUARTERDECK_SESSION=other")
    program = str(place.notes.parent / "bin" / "qd-scripted")
    other = server(place).run("new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "=app-1:", *told, "--", program, "x")
    until(lambda: (place.notes / "other.cwd").exists(), "the other agent has started")
    look = await context.mux.look()
    assert isinstance(look, Snapshot)
    seen = [seen_place(pane, is_bound=True, is_first=pane.pane_id != other) for pane in look.panes]
    found = await context.store.claim(str(context.mux.address), str(look.incarnation), seen)
    place.clock.ahead = timedelta(minutes=1)
    return found[other].session_id, other


async def row_of(place: Place, session_id: str) -> tuple[str | None, bool]:
    """The pane that a row is bound to, and whether it lives."""
    rows = {row.session_id: row for row in await place.work_context.store.sessions()}
    row = next(row for key, row in rows.items() if key == session_id)
    return row.bound_pane, row.ended_at is None


async def test_ending_it_ends_its_pane_and_restoring_it_makes_a_window_there(place: Place) -> None:
    beside, other = await shared(place)
    assert (await runtime_of(place.work_context, "app-1")).state is RuntimeState.ALIVE

    await kill_work(place.work_context, "app-1")

    assert panes(place) == [other]
    assert (await runtime_of(place.work_context, "app-1")).state is RuntimeState.MISSING, "the other agent is not its"

    await restore(place.work_context, "app-1", place.say)

    assert server(place).sessions() == ["app-1"]
    (mine,) = set(panes(place)) - {other}
    assert await row_of(place, "app-1") == (mine, True)
    assert await row_of(place, beside) == (other, True)
    assert (await runtime_of(place.work_context, "app-1")).state is RuntimeState.ALIVE


async def test_it_can_be_restored_when_its_own_pane_alone_has_gone(place: Place) -> None:
    _, other = await shared(place)
    (own,) = set(panes(place)) - {other}
    server(place).run("kill-pane", "-t", own)

    assert (await runtime_of(place.work_context, "app-1")).state is RuntimeState.MISSING
    await restore(place.work_context, "app-1", place.say)

    (mine,) = set(panes(place)) - {other}
    assert await row_of(place, "app-1") == (mine, True)
