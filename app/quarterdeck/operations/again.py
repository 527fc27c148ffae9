"""Bring a plain session back under its name: tmux's where it is there, else a new one with its agent's conversation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.errors import NotFound
from quarterdeck.operations.adopt import adopt
from quarterdeck.operations.new import Wanted, new_session

if TYPE_CHECKING:
    from quarterdeck.core.session import Session
    from quarterdeck.operations.deck import Deck


async def again(deck: Deck, session: Session, shell: str = "") -> list[str]:
    """Bring it back; answers what could not be as it was. A stale identity is taken up again by its name."""
    if session.is_stale:
        try:
            await adopt(deck, session.tmux_name, session.session_id)
        except NotFound:
            pass
        else:
            return []
    is_known = session.tool is not None and deck.agents.get(session.tool) is not None
    _, notices = await new_session(
        deck,
        Wanted(
            cwd=Path(session.cwd),
            name=session.tmux_name,
            tool=session.tool if is_known else None,
            conversation=(session.agent_session_id or "") if is_known else "",
            shell=shell,
        ),
    )
    return notices
