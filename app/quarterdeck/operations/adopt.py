"""Take in a tmux session or a pane that is not watched, as a new row or as one that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quarterdeck.core.events import CreatedReason, SessionForgotten
from quarterdeck.core.place_match import seen_place
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session_names import ambiguous, find_panes
from quarterdeck.errors import NotFound, Refused, UsageError
from quarterdeck.operations.new_pane import hold_shown

if TYPE_CHECKING:
    from quarterdeck.core.pane import Pane, Snapshot
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.operations.contexts import SessionContext


async def adopt(context: SessionContext, name: str, session_id: SessionId | None = None) -> Session:
    """Watch a tmux session by its exact name, or a pane by place or id, as `session_id` where that is given.

    A pane gets a row that is bound to it.
    """
    if not name:
        raise UsageError("Name a tmux session.", hint="`tmux list-sessions` lists them.")
    supervisor = context.supervisor
    async with supervisor.discovery:
        await supervisor.look_locked()
        snapshot = supervisor.snapshot
        if snapshot is None:
            raise NotFound(f'tmux has no session "{name}".', hint="`tmux list-sessions` lists them.")
        pane, is_bound = _meant(context, name, snapshot)
        holder = _holder(context, name, pane, is_bound=is_bound)
        if holder is not None and session_id in {None, holder.session_id}:
            raise Refused(f'"{name}" is watched already, as {holder.session_id}.')
        if holder is not None and holder.work is not None:
            raise Refused(f'"{name}" is the worker {holder.session_id}, and cannot get another identity.')
        if is_bound:
            rows = [row for row in supervisor.fleet.sessions.values() if row is not holder]
            await hold_shown(context.store, supervisor.server, snapshot, rows, pane.tmux_id, keeps_shells=True)
        place = seen_place(pane, is_bound=is_bound, is_first=not is_bound)
        identity = await context.store.adopt(supervisor.server, str(snapshot.incarnation), place, session_id)
        now = context.clock.now()
        told: dict[str, Any] = {"tmux_name": pane.session_name}
        told |= {} if holder is None else {"instead_of": holder.session_id}
        await context.tell("session.adopted", f"Adopted: {name}", None, identity.session_id, **told)
        if holder is not None:
            supervisor.note_end(SessionForgotten(session_id=holder.session_id, at=now))
        supervisor.expect(pane.pane_id, CreatedReason.ADOPTED)
        await supervisor.load()
        await supervisor.look_locked()
        return supervisor.fleet.sessions[identity.session_id]


def _meant(context: SessionContext, name: str, snapshot: Snapshot) -> tuple[Pane, bool]:
    """The pane that is meant, and whether it alone is: else it is what its tmux session shows."""
    living = [pane for pane in snapshot.panes if not pane.dead]
    sessions = {pane.tmux_id: pane for pane in living if pane.session_name == name and pane.is_current}
    if len(sessions) > 1:
        raise Refused(f'tmux has {len(sessions)} sessions "{name}".', hint="Rename one of them first.")
    if sessions:
        return next(iter(sessions.values())), False
    panes = find_panes(name, living)
    if not panes:
        what, lists = ("pane", "list-panes -a") if name.startswith("%") else ("session", "list-sessions")
        raise NotFound(f'tmux has no {what} "{name}".', hint=f"`tmux {lists}` lists them.")
    if len(panes) > 1:
        places = ", ".join(f"{pane.place} ({pane.pane_id})" for pane in panes)
        raise NotFound(f'"{name}" has {len(panes)} panes: {places}.', hint="Say which.")
    return panes[0], True


def _holder(context: SessionContext, name: str, pane: Pane, *, is_bound: bool) -> Session | None:
    """The row that has the pane, or the one row of its tmux session; raises Ambiguous when that has several."""
    supervisor = context.supervisor
    live = [row for row in supervisor.fleet.sessions.values() if not row.is_stale]
    if is_bound:
        return next((row for row in live if (own := supervisor.pane_of(row)) and own.pane_id == pane.pane_id), None)
    rows = [row for row in live if row.tmux_id == pane.tmux_id]
    if len(rows) > 1:
        raise ambiguous(name, sorted(rows, key=row_name))
    return rows[0] if rows else None
