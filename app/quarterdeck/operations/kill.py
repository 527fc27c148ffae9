"""End a session, or only stop watching it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.events import DeleteMode, SessionDeleted, SessionForgotten
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import ASKING, ExitReason, RowKind, Session, SessionState
from quarterdeck.core.session_ends import gone
from quarterdeck.errors import Refused, TmuxError
from quarterdeck.operations import detached
from quarterdeck.operations.preview import keep_last_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from quarterdeck.core.pane import PaneId
    from quarterdeck.operations.contexts import SessionContext

AT_WORK = frozenset({SessionState.BUSY, SessionState.ERROR})


def dying(rows: Iterable[Session], session: Session, whole: bool) -> tuple[Session, ...]:
    """Every row that ends with this one: it alone, or with `whole` all of its tmux session."""
    beside = rows_beside(rows, session) if whole else ()
    return (session, *beside)


def rows_beside(rows: Iterable[Session], session: Session) -> tuple[Session, ...]:
    """The other live rows of a row's tmux session."""
    if session.tmux_id is None or session.kind is RowKind.DETACHED:
        return ()
    here = (session.tmux_server, session.incarnation, session.tmux_id)
    return tuple(
        row
        for row in rows
        if row.session_id != session.session_id
        and (row.tmux_server, row.incarnation, row.tmux_id) == here
        and not row.is_stale
        and row.ended_at is None
    )


class TmuxPart(StrEnum):
    """What of tmux ends with a row."""

    PANE = "pane"
    WINDOW = "window"
    SESSION = "session"
    NONE = ""
    """It runs in none of it."""


class Ending(NamedTuple):
    """What ends when a row is ended."""

    part: TmuxPart
    rows: tuple[Session, ...]
    """The row, and every other that ends with it."""
    others: int
    """Panes that are no rows and end with it."""


def ending_of(context: SessionContext, session: Session, *, whole_session: bool = False) -> Ending:
    """What would end with a row, as far as the last look can tell."""
    if session.kind is RowKind.DETACHED:
        return Ending(TmuxPart.NONE, (session,), 0)
    snapshot, rows = context.supervisor.snapshot, list(context.supervisor.fleet.sessions.values())
    panes = snapshot.panes if snapshot is not None else ()
    windows = {pane.pane_id: pane.window_id for pane in panes if pane.tmux_id == session.tmux_id}
    is_whole = whole_session or windows.keys() <= {session.pane_id}
    if is_whole or not (rows_beside(rows, session) or session.rows_in_session > 1):
        dead = dying(rows, session, whole=True)
        # A window that stands in another session, too, goes on there.
        elsewhere = {pane.pane_id for pane in panes if pane.tmux_id != session.tmux_id}
        return Ending(TmuxPart.SESSION, dead, len(windows.keys() - elsewhere - {row.pane_id for row in dead}))
    own = windows.get(session.pane_id) if session.pane_id is not None else None
    is_last = list(windows.values()).count(own) == 1 if own is not None else False
    return Ending(TmuxPart.WINDOW if is_last else TmuxPart.PANE, dying(rows, session, whole=False), 0)


async def kill(
    context: SessionContext, session: Session, *, whole_session: bool = False, own_pane: str | None = None
) -> Session:
    """End the row's pane, or its tmux session where it is the only row there or that is wanted. Verified.

    Answers the session as it ended; all rows stay when that failed. `own_pane` is the pane the caller itself runs in:
    it is never ended from inside.
    """
    if session.kind is RowKind.DETACHED:
        return await detached.stop(context, session)
    if session.is_stale or session.tmux_id is None:
        hint = f"`quarterdeck kill --detach {session.session_id}` forgets it."
        raise Refused(f"{session.session_id} has no tmux session that could be ended.", hint=hint)
    pane = None if whole_session else await _pane_of_its_own(context, session)
    refuse_own(context, session, pane, own_pane)
    dead = dying(context.supervisor.fleet.sessions.values(), session, whole_session)
    if pane is None:
        await move_clients_away(context, session)
    for row in dead:
        if row.pane_id is not None:
            await keep_last_lines(context.mux, context.store, row.session_id, row.pane_id)
    if pane is None:
        await context.mux.kill_session(session.tmux_id, of=session.incarnation)
    else:
        await context.mux.kill_pane(pane, of=session.incarnation)
    now = context.clock.now()
    over = [gone(row, ExitReason.API_DELETE, now) for row in dead]
    await context.store.end(over, ExitReason.API_DELETE)
    for row, ended in zip(dead, over, strict=True):
        await _tell(context, row, "session.killed", "Ended by the operator", ExitReason.API_DELETE)
        if row.session_id in context.supervisor.fleet.sessions:
            context.supervisor.note_end(
                SessionDeleted(session=ended, reason=ExitReason.API_DELETE, mode=DeleteMode.KILL_TMUX, at=now)
            )
    return over[0]


async def end_rest(context: SessionContext, rows: Sequence[Session], own_pane: str | None) -> None:
    """End a tmux session once the workers among its rows have ended: its other rows, and whatever else is in it."""
    plain = next((row for row in rows if row.work is None), None)
    if plain is not None:
        await kill(context, plain, whole_session=True, own_pane=own_pane)
    elif rows[0].tmux_id is not None:
        await move_clients_away(context, rows[0])
        await context.mux.kill_session(rows[0].tmux_id, of=rows[0].incarnation)


async def _pane_of_its_own(context: SessionContext, session: Session) -> PaneId | None:
    """The pane that is all that ends with a row; None when its whole tmux session does."""
    if rows_beside(context.supervisor.fleet.sessions.values(), session):
        return session.pane_id
    if session.rows_in_session == 1:
        return None
    # The others that were there have ended meanwhile; what else is in the session goes on.
    await context.supervisor.look()
    panes = context.supervisor.snapshot.panes if context.supervisor.snapshot else ()
    is_last = {each.pane_id for each in panes if each.tmux_id == session.tmux_id} <= {session.pane_id}
    return None if is_last else session.pane_id


def refuse_own(context: SessionContext, session: Session, pane: PaneId | None, own_pane: str | None) -> None:
    """Raise Refused when what is to end, a pane or the whole tmux session, holds the pane that the caller runs in."""
    snapshot = context.supervisor.snapshot
    panes = {each.pane_id for each in snapshot.panes if each.tmux_id == session.tmux_id} if snapshot else set()
    if own_pane is None or own_pane not in ({pane} if pane is not None else panes):
        return
    if pane is not None:
        raise Refused(f'"{row_name(session)}" is the pane this runs in.', hint="Quit first, or end it from another.")
    hint = "Detach or quit first, or end it from another session."
    raise Refused(f'"{session.tmux_name}" is the session this runs in.', hint=hint)


async def forget(context: SessionContext, session: Session) -> None:
    """Stop watching a session and leave tmux alone; a stale or exited row is dismissed.

    Of a pane that its agent has left, beside other rows, only this row is put away: the next agent there is a new one.
    """
    now, supervisor = context.clock.now(), context.supervisor
    is_over = session.is_stale or session.ended_at is not None
    is_one_of_several = not is_over and rows_beside(supervisor.fleet.sessions.values(), session)
    if is_one_of_several and session.bound_pane is not None and not await _has_agent(context, session):
        session = gone(session, ExitReason.API_DELETE, now)
        await context.store.end([session], ExitReason.API_DELETE, goes_on=True)
    else:
        await context.store.forget(session.session_id)
    await _tell(context, session, "session.forgotten", "No longer watched", "detached")
    if session.session_id not in {**supervisor.fleet.sessions, **supervisor.fleet.exited}:
        return  # what the store says was heard meanwhile
    if is_over:
        supervisor.note_end(SessionForgotten(session_id=session.session_id, at=now))
        return
    reason, mode = ExitReason.API_DELETE, DeleteMode.DETACH_BRIDGE
    gone_on = SessionDeleted(session=session, reason=reason, mode=mode, tmux_session_alive=True, at=now)
    supervisor.note_end(gone_on)


async def _has_agent(context: SessionContext, session: Session) -> bool:
    """Whether an agent runs in a row's pane now, or may: what cannot be seen is not taken to be gone."""
    pane = context.supervisor.pane_of(session)
    table = await context.processes.look(at_once=True)
    if pane is None or not table.fresh:
        return True
    return context.agents.detect(table.programs_below(pane.pid)) is not None


def losses(session: Session) -> tuple[str, ...]:
    """What ending a session would lose, as sentences; none when nothing would be."""
    found: list[str] = []
    if session.tool and session.state in AT_WORK:
        found.append(f"{session.tool} is at work: {session.thought or 'it is not known on what'}.")
    elif session.current_command and session.state is SessionState.BUSY:
        found.append(f"{session.current_command} is running.")
    if session.needs in ASKING:
        found.append("It waits for your answer.")
    if session.background_tasks:
        found.append(f"{session.background_tasks} background tasks of its agent still run.")
    if session.attached_clients and session.rows_in_session == 1:
        one = session.attached_clients == 1
        shown = "A terminal shows it; it is" if one else f"{session.attached_clients} terminals show it; they are"
        found.append(f"{shown} moved to another session.")
    return tuple(found)


async def move_clients_away(context: SessionContext, session: Session) -> None:
    """Show another session on every client that looks at this one, so that its end throws nobody out of tmux."""
    watching = [client for client in await context.mux.clients() if client.tmux_id == session.tmux_id]
    if not watching:
        return
    others = [
        other
        for other in context.supervisor.fleet.sessions.values()
        if other.tmux_id != session.tmux_id and not other.is_stale and other.pane_id is not None
    ]
    if not others:
        return
    target = max(others, key=lambda other: (other.attached_clients, other.last_activity_at))
    assert target.pane_id is not None
    for client in watching:
        try:
            await context.mux.switch_client(client.name, target.pane_id)
        except TmuxError as fault:
            raise Refused(
                f'A terminal shows "{session.tmux_name}" and could not be moved away: {fault.message}',
                hint="Switch it to another session, then try again.",
            ) from fault


async def _tell(context: SessionContext, session: Session, kind: str, summary: str, reason: str) -> None:
    project = session.work.project if session.work else None
    said = f"{summary}: {row_name(session)}"
    await context.tell(kind, said, project, session.session_id, reason=reason)
