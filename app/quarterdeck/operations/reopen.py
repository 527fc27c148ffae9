"""Bring a plain session back under its name: tmux's where it is there, else a new one with its agent's conversation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.errors import NotFound
from quarterdeck.operations.adopt import adopt
from quarterdeck.operations.new import NewSessionRequest, is_installed, new_session

if TYPE_CHECKING:
    from quarterdeck.core.session import Session
    from quarterdeck.operations.session_context import SessionContext


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
