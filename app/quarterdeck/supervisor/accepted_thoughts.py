"""Thoughts as they stand: every accepted update, bound to the row it speaks of, and its way to the store."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from quarterdeck.core.thought import accept, fold, key_for, pane_key, supersedes
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable

    from quarterdeck.core.pane import Pane
    from quarterdeck.core.session import Session
    from quarterdeck.core.thought import ThoughtSnapshot, ThoughtUpdate
    from quarterdeck.ports.store import Store

logger = logging.getLogger(__name__)

ABSENT_CYCLES = 5
"""A watermark outlives its session by this many looks: discovery is right only eventually."""
THOUGHTS_CAPACITY = 256


class AcceptedThoughts:
    """The last accepted word per key (session id or pane key), in memory first and on disk soon after."""

    def __init__(self, queue: ThoughtQueue) -> None:
        self._queue = queue
        self._held: dict[str, ThoughtSnapshot] = {}
        self._absent: dict[str, int] = {}

    async def load(self, store: Store) -> None:
        """Take over what is on disk where it is later than what is held."""
        for key, snapshot in (await store.thoughts()).items():
            held = self._held.get(key)
            if held is None or (snapshot != held and supersedes(snapshot, held)):
                self._held[key] = snapshot

    def take(self, update: ThoughtUpdate) -> ThoughtSnapshot | None:
        """Judge an update; what is accepted counts at once and goes to disk behind the scenes."""
        held = self._held.get(update.session_id)
        if not accept(held, update):
            return None
        snapshot = fold(held, update)
        if not self._queue.put(update):
            # Not safe on disk yet, so the watermark stays: the engine may deliver it again.
            stream, seq = (held.stream_instance_id, held.emission_seq) if held else (None, 0)
            snapshot = replace(snapshot, stream_instance_id=stream, emission_seq=seq)
        self._held[update.session_id] = snapshot
        return snapshot

    def key(self, session: Session, pane: Pane | None) -> str:
        """What a session is spoken of under: its id, or the pane it shows."""
        return key_for(session, self._held, None if pane is None else pane_key(pane))

    def held(self, session: Session, pane: Pane | None) -> ThoughtSnapshot | None:
        """What is held of a session."""
        return self._held.get(self.key(session, pane))

    def forget_absent(self, sessions: Collection[str], panes: Iterable[Pane] = ()) -> None:
        """Count another cycle; drop what belonged to sessions and panes that stayed away for long enough."""
        if not self._absent and self._held.keys() <= set(sessions):
            return
        present = {*sessions, *map(pane_key, panes)}
        for key in list(self._held):
            if key in present:
                self._absent.pop(key, None)
                continue
            self._absent[key] = self._absent.get(key, 0) + 1
            if self._absent[key] >= ABSENT_CYCLES:
                del self._held[key], self._absent[key]


class ThoughtQueue:
    """A bounded queue; on overflow only the latest update of each session is kept."""

    def __init__(self, write: Callable[[ThoughtUpdate], Awaitable[object]], capacity: int = THOUGHTS_CAPACITY) -> None:
        self._write = write
        self._capacity = capacity
        self._queue: list[ThoughtUpdate] = []
        self._overflow: dict[str, ThoughtUpdate] = {}
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
        has_room = len(self._queue) < self._capacity and not self._overflow
        if has_room:
            self._queue.append(update)
        else:
            self._overflow.pop(update.session_id, None)
            self._overflow[update.session_id] = update
        self._wake.set()
        return has_room

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
        return self._overflow.pop(next(iter(self._overflow))) if self._overflow else None

    def close(self) -> None:
        """Take no more updates."""
        self._closed = True
