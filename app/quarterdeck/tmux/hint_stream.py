"""One bounded stream of hints: the same hint twice is one, and what does not fit is counted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from quarterdeck.ports.mux import Hint, HintKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quarterdeck.core.pane import PaneId

CAPACITY: Final = 4096
"""Different hints kept for a reader who is busy: eight for each of 500 panes."""


class HintStream:
    """Hints in the order they came first, for one reader."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._waiting: dict[tuple[HintKind, PaneId | None], Hint] = {}
        self._ready = asyncio.Event()
        self._closed = False
        self.dropped = 0
        """Hints that did not fit; a resync look makes them good."""

    def put(self, hint: Hint) -> None:
        """Add a hint. When full, an output hint gives way to any other kind."""
        if self._closed:
            return
        key = (hint.kind, hint.pane_id)
        known = self._waiting.get(key)
        if known is not None:
            if known.exit_status is None:
                self._waiting[key] = hint
            return
        if len(self._waiting) >= self._capacity and not self._make_room(hint):
            return
        self._waiting[key] = hint
        self._ready.set()

    def _make_room(self, hint: Hint) -> bool:
        self.dropped += 1
        if hint.kind is HintKind.OUTPUT:
            return False
        weakest = next((key for key in self._waiting if key[0] is HintKind.OUTPUT), None)
        if weakest is None:
            return False
        del self._waiting[weakest]
        return True

    async def __aiter__(self) -> AsyncIterator[Hint]:
        """Hints until the stream is closed and empty."""
        while True:
            while self._waiting:
                yield self._waiting.pop(next(iter(self._waiting)))
            if self._closed:
                return
            self._ready.clear()
            await self._ready.wait()

    def close(self) -> None:
        """End the stream once its reader has had what is in it."""
        self._closed = True
        self._ready.set()
