"""Bring a plain session back under its name, or take in a tmux session that is not watched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterdeck.core.discovery import shown_panes
from quarterdeck.core.events import CreatedReason, SessionForgotten
from quarterdeck.errors import NotFound, QuarterdeckError, Refused, UsageError, raise_together
from quarterdeck.operations.new import NewSessionRequest, is_installed, new_session
from quarterdeck.ports.store import SeenSession

if TYPE_CHECKING:
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.operations.contexts import SessionContext


async def reopen(context: SessionContext, session: Session, shell: str = "") -> list[str]:
    """Bring it back; answers what could not be as it was. A stale identity is taken up again by its name."""
    if session.is_stale:
        try:
            await adopt(context, session.tmux_name, session.session_id)
        except NotFound:
            pass
        else:
            return []
    agent = context.agents.get(session.tool) if session.tool is not None else None
    is_known = agent is not None and is_installed(agent.spec.commands[0])
    _, notices = await new_session(
        context,
        NewSessionRequest(
            cwd=Path(session.cwd),
            name=session.tmux_name,
            tool=session.tool if is_known else None,
            conversation=(session.agent_session_id or "") if is_known else "",
            shell=shell,
        ),
    )
    if agent is not None and not is_known:
        program = agent.spec.commands[0]
        notices.append(f"{program} is not on PATH, so {session.tmux_name} has a shell and no agent.")
    return notices


async def bring_session_back(context: SessionContext, session: Session) -> None:
    """Bring back a session that nobody spawned; raises what could not be as it was."""
    notices = await reopen(context, session, os.environ.get("SHELL", ""))
    raise_together([QuarterdeckError(notice) for notice in notices])


async def adopt(context: SessionContext, name: str, session_id: SessionId | None = None) -> Session:
    """Watch the tmux session of exactly this name, as the stale or detached `session_id` where one is given."""
    if not name:
        raise UsageError("Name a tmux session.", hint="`tmux list-sessions` lists them.")
    supervisor = context.supervisor
    async with supervisor.discovery:
        await supervisor.look_locked()
        snapshot = supervisor.snapshot
        panes = [p for p in shown_panes(snapshot.panes).values() if p.session_name == name] if snapshot else []
        if not panes or snapshot is None:
            raise NotFound(f'tmux has no session "{name}".', hint="`tmux list-sessions` lists them.")
        if len(panes) > 1:
            raise Refused(f'tmux has {len(panes)} sessions "{name}".', hint="Rename one of them first.")
        pane = panes[0]
        holder = next(
            (s for s in supervisor.fleet.sessions.values() if s.tmux_id == pane.tmux_id and not s.is_stale), None
        )
        if holder is not None and session_id in {None, holder.session_id}:
            raise Refused(f'"{name}" is watched already, as {holder.session_id}.')
        if holder is not None and holder.work is not None:
            raise Refused(f'"{name}" is the worker {holder.session_id}, and cannot get another identity.')
        identity = await context.store.adopt(
            supervisor.server,
            str(snapshot.incarnation),
            SeenSession(pane.tmux_id, pane.session_name, pane.session_created),
            session_id,
        )
        now = context.clock.now()
        given_up: dict[str, Any] = {} if holder is None else {"instead_of": holder.session_id}
        await context.tell("session.adopted", f"Adopted: {name}", None, identity.session_id, tmux_name=name, **given_up)
        if holder is not None:
            supervisor.note_end(SessionForgotten(session_id=holder.session_id, at=now))
        supervisor.expect(pane.tmux_id, CreatedReason.ADOPTED)
        await supervisor.load()
        await supervisor.look_locked()
        return supervisor.fleet.sessions[identity.session_id]
