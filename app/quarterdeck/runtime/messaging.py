"""What the console does with messages and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.operations.confirming import Outcome
from quarterdeck.operations.handing_over import How
from quarterdeck.operations.send import send_to_all
from quarterdeck.tui.backend import Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.ids import PaneId
    from quarterdeck.core.session import Session
    from quarterdeck.operations.deck import Deck


async def send(deck: Deck, sessions: Sequence[Session], text: str, own_pane: PaneId | None) -> list[Delivery]:
    """One message to each; what could not be sent is said, and stops no other."""
    return [
        Delivery(
            session_id=sent.session.session_id,
            outcome="not sent" if sent.outcome is Outcome.REFUSED else sent.outcome.value,
            detail=f"{sent.session.tmux_name}: {sent.detail}",
        )
        for sent in await send_to_all(deck, sessions, text, How(own_pane=own_pane))
    ]
