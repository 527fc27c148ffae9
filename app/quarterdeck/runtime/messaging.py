"""What the console does with messages and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.operations.delivery import Delivery as Handed
from quarterdeck.operations.delivery import DeliveryRules
from quarterdeck.operations.delivery_proof import Outcome
from quarterdeck.operations.send import deliver_now, rewrite, send_to_all, withdraw
from quarterdeck.tui.mailbox import Waiting
from quarterdeck.tui.requests import Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.ids import PaneId
    from quarterdeck.core.session import Session
    from quarterdeck.operations.session_context import SessionContext


async def send(
    context: SessionContext, sessions: Sequence[Session], text: str, own_pane: PaneId | None
) -> list[Delivery]:
    """One message to each; what could not be sent is said, and stops no other."""
    return [_delivery(sent) for sent in await send_to_all(context, sessions, text, DeliveryRules(own_pane=own_pane))]


def _delivery(sent: Handed) -> Delivery:
    return Delivery(
        session_id=sent.session.session_id,
        outcome="not sent" if sent.outcome is Outcome.REFUSED else sent.outcome.value,
        detail=f"{sent.session.tmux_name}: {sent.detail}",
    )


class ContextMailbox:
    """Implements tui.mailbox.Mailbox."""

    def __init__(self, context: SessionContext, own_pane: PaneId | None) -> None:
        self._context = context
        self._own_pane = own_pane

    async def waiting(self) -> list[Waiting]:
        """Those that wait, with the names of the sessions they are for."""
        fleet = self._context.supervisor.fleet
        rows = {**fleet.exited, **fleet.sessions}
        return [
            Waiting(
                id=each.id,
                name=rows[each.session_id].tmux_name if each.session_id in rows else each.session_id,
                text=each.text,
                why=each.why or "it is on its way",
                at=each.at,
            )
            for each in await self._context.messages.waiting(with_sending=True)
        ]

    async def withdraw(self, message_id: int) -> None:
        """Take one back."""
        await withdraw(self._context, message_id)

    async def rewrite(self, message_id: int, text: str) -> None:
        """Change the words of one."""
        await rewrite(self._context, message_id, text)

    async def send_now(self, message_id: int) -> Delivery:
        """Send one at once, whatever is in the way."""
        return _delivery(await deliver_now(self._context, message_id, DeliveryRules(now=True, own_pane=self._own_pane)))
