"""Messages that wait until they can go, as the console shows and changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from quarterdeck.values import value

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.tui.requests import Delivery


@value(kw_only=True)
class Waiting:
    """A message that is kept until it can go."""

    id: int
    name: str
    """Of its session, as tmux has it."""
    text: str
    why: str
    at: datetime


class Mailbox(Protocol):
    """All that wait. Failures are raised as QuarterdeckError."""

    async def waiting(self) -> list[Waiting]:
        """Those that wait, oldest first."""

    async def withdraw(self, message_id: int) -> None:
        """Take one back."""

    async def rewrite(self, message_id: int, text: str) -> None:
        """Change the words of one."""

    async def send_now(self, message_id: int) -> Delivery:
        """Send one at once, whatever is in the way."""
