"""What we ask of tmux for the key that opens the console."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct


class FreeKey(Struct, frozen=True, kw_only=True):
    """A key that does nothing yet, and could open the console."""

    pressed: str
    """As the operator presses it, with tmux's prefix before it."""
    key: str
    line: str
    """The line of tmux.conf that binds it."""
    for_good: str
    """The command that puts that line there."""


class ConsoleKey(Protocol):
    """The key of one tmux server that opens the console."""

    async def free(self) -> FreeKey | None:
        """A key that could be it; None when one is already, or no server runs."""

    async def bind(self, found: FreeKey) -> None:
        """Bind it, until the server ends. Raises Refused when it was bound meanwhile."""
