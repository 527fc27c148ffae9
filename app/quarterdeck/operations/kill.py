"""End a session, or only stop watching it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.events import DeleteMode, SessionDeleted, SessionForgotten
from quarterdeck.core.session import ASKING, ExitReason, Session, SessionState
from quarterdeck.core.session_ends import gone
from quarterdeck.errors import Refused, TmuxError
from quarterdeck.operations.preview import keep_last_lines

if TYPE_CHECKING:
    from quarterdeck.operations.contexts import SessionContext

AT_WORK = frozenset({SessionState.BUSY, SessionState.ERROR})


async def kill(context: SessionContext, session: Session, *, own_pane: str | None = None) -> Session:
    """End the tmux session, verified; the row stays when that failed. Answers the session as it ended.

    `own_pane` is the pane the caller itself runs in: its session is never ended from inside.
    """
    if session.is_stale or session.tmux_id is None:
        hint = f"`quarterdeck kill --detach {session.session_id}` forgets it."
        raise Refused(f"{session.session_id} has no tmux session that could be ended.", hint=hint)
    snapshot = context.supervisor.snapshot
    panes = {pane.pane_id for pane in snapshot.panes if pane.tmux_id == session.tmux_id} if snapshot else set()
    if own_pane is not None and own_pane in panes:
        hint = "Detach or quit first, or end it from another session."
        raise Refused(f'"{session.tmux_name}" is the session this runs in.', hint=hint)
    await move_clients_away(context, session)
    if session.pane_id is not None:
        await keep_last_lines(context.mux, context.store, session.session_id, session.pane_id)
    await context.mux.kill_session(session.tmux_id, of=session.incarnation)
    now = context.clock.now()
    ended = gone(session, ExitReason.API_DELETE, now)
    await context.store.end([ended], ExitReason.API_DELETE)
    await _tell(context, session, "session.killed", "Ended by the operator", ExitReason.API_DELETE)
    if session.session_id in context.supervisor.fleet.sessions:
        context.supervisor.note_end(
            SessionDeleted(session=ended, reason=ExitReason.API_DELETE, mode=DeleteMode.KILL_TMUX, at=now)
        )
    return ended


async def forget(context: SessionContext, session: Session) -> None:
    """Stop watching a session and leave tmux alone; a stale or exited row is dismissed."""
    await context.store.forget(session.session_id)
    await _tell(context, session, "session.forgotten", "No longer watched", "detached")
    now = context.clock.now()
    if session.session_id not in {**context.supervisor.fleet.sessions, **context.supervisor.fleet.exited}:
        return  # what the store says was heard meanwhile
    if session.is_stale or session.ended_at is not None:
        context.supervisor.note_end(SessionForgotten(session_id=session.session_id, at=now))
        return
    reason, mode = ExitReason.API_DELETE, DeleteMode.DETACH_BRIDGE
    gone_on = SessionDeleted(session=session, reason=reason, mode=mode, tmux_session_alive=True, at=now)
    context.supervisor.note_end(gone_on)


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
    if session.attached_clients:
        found.append(f"{session.attached_clients} terminals show it; they are moved to another session.")
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
    said = f"{summary}: {session.tmux_name}"
    await context.tell(kind, said, project, session.session_id, reason=reason)
