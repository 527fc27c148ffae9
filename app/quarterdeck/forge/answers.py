"""What forges and trackers answered, held for a while."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ISSUE_SECONDS = 300.0
V = TypeVar("V")


class Cache(Generic[V]):
    """Answers for a while, the most recent ones; callers who ask the same thing at once share one question."""

    def __init__(self, seconds: float, *, size: int = 500, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._size = size
        self._monotonic = monotonic
        self._held: OrderedDict[str, tuple[float, V]] = OrderedDict()
        self._asking: dict[str, asyncio.Future[V]] = {}

    async def get(self, key: str, ask_for: Callable[[], Awaitable[V]]) -> V:
        """The answer, asked for when it is not held or too old. Failures are not held."""
        held = self._held.get(key)
        if held is not None and self._monotonic() - held[0] < self._seconds:
            self._held.move_to_end(key)
            return held[1]
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.ensure_future(ask_for())
            asking.add_done_callback(lambda done: self._asked(key, done))
        # One who gives up must not take the answer from the others.
        return await asyncio.shield(asking)

    def _asked(self, key: str, done: asyncio.Future[V]) -> None:
        self._asking.pop(key, None)
        if done.cancelled() or done.exception() is not None:
            return
        self._held[key] = (self._monotonic(), done.result())
        self._held.move_to_end(key)
        while len(self._held) > self._size:
            self._held.popitem(last=False)
