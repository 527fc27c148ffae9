"""What we ask of a way to tell the operator something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from quarterdeck.core.notice import Message


class Notifier(Protocol):
    """One channel."""

    is_shared: bool
    """Whether one message is enough for every console and `watch` together."""

    async def tell(self, message: Message) -> None:
        """Tell it; raises QuarterdeckError when that cannot be done, and never takes long."""
