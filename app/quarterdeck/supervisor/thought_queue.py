"""Thoughts on their way to the store: nobody waits for the disk, and the latest word of a session is never lost."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quarterdeck.core.thought import ThoughtUpdate

logger = logging.getLogger(__name__)

CAPACITY = 256


class ThoughtQueue:
    """A bounded queue; on overflow only the latest update of each session is kept."""

    def __init__(self, write: Callable[[ThoughtUpdate], Awaitable[object]], capacity: int = CAPACITY) -> None:
        self._write = write
        self._capacity = capacity
        self._queue: list[ThoughtUpdate] = []
        self._overflow: OrderedDict[str, ThoughtUpdate] = OrderedDict()
        self._wake = asyncio.Event()
        self._closed = False

    @property
    def pending(self) -> int:
        """How many wait to be written."""
        return len(self._queue) + len(self._overflow)

    def put(self, update: ThoughtUpdate) -> bool:
        """Hand an update over; False means persistence is degraded (the update may come late, or was dropped)."""
        if self._closed:
            return False
        if len(self._queue) < self._capacity and not self._overflow:
            self._queue.append(update)
            self._wake.set()
            return True
        self._overflow[update.session_id] = update
        self._overflow.move_to_end(update.session_id)
        self._wake.set()
        return False

    async def run(self) -> None:
        """Write until cancelled; a failed write does not stop the rest."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._write_pending()

    async def drain(self, timeout: float) -> None:
        """Write what is left, now that nobody else does."""
        try:
            async with asyncio.timeout(timeout):
                await self._write_pending()
        except TimeoutError:
            logger.warning("%d thoughts were still unwritten after %.1f s", self.pending, timeout)

    async def _write_pending(self) -> None:
        while (update := self._next()) is not None:
            try:
                await self._write(update)
            except Exception:  # a boundary: a thought that cannot be kept must not stop the ones behind it
                logger.exception("a thought could not be kept")

    def _next(self) -> ThoughtUpdate | None:
        if self._queue:
            return self._queue.pop(0)
        if self._overflow:
            return self._overflow.popitem(last=False)[1]
        return None

    def close(self) -> None:
        """Take no more updates."""
        self._closed = True
