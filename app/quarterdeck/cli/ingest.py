"""`thoughts ingest`: take thought updates from an outside engine."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING

from quarterdeck.cli.output import json_text, warn, write
from quarterdeck.errors import StoreError
from quarterdeck.operations.ingest import LONGEST_LINE, Tally
from quarterdeck.operations.ingest import ingest as take
from quarterdeck.ports.clock import SystemClock
from quarterdeck.shutdown import TOLD_BY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quarterdeck.cli.call import Call

CHUNK = 65_536
WAITING_LINES = 256
"""Lines read ahead; an engine that is faster waits."""


async def ingest(call: Call) -> int:
    """Read updates from standard input until it ends."""
    from quarterdeck.store.sqlite import open_store

    tally = Tally()
    clock = SystemClock()
    lines = InputLines()
    if call.options.follow:
        for number in TOLD_BY:
            asyncio.get_running_loop().add_signal_handler(number, lines.end)
    async with open_store(call.places) as store:
        count = 0
        async for line in lines.read():
            count += 1
            await take(store, line.decode("utf-8", errors="replace"), count, clock.now(), tally)
            for complaint in tally.complaints:
                warn(complaint)
            tally.complaints.clear()
            if call.options.follow and lines.is_empty:
                # So far; whoever keeps the pipe open hears what became of what they sent.
                _print(tally, is_kept=await store.flush())
    health = store.health()
    _print(tally, is_kept=not health.pending)
    if health.pending:
        raise StoreError(health.error, hint="What was dropped for that can be sent again.")
    return 0


def _print(tally: Tally, *, is_kept: bool) -> None:
    """What counted so far; what is only in memory does not yet."""
    unkept = 0 if is_kept else tally.waiting
    write(json_text({"accepted": tally.accepted - unkept, "dropped": tally.dropped + unkept}) + "\n")


class InputLines:
    """Standard input by lines, read in a thread that nobody waits for: a pipe may stay open and silent for days."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._room = threading.Semaphore(WAITING_LINES)

    @property
    def is_empty(self) -> bool:
        """Whether everything that came has been handed out."""
        return self._queue.empty()

    def end(self) -> None:
        """Hand out what has come, and then no more."""
        self._queue.put_nowait(None)

    async def read(self) -> AsyncIterator[bytes]:
        """Each line as it comes; one that never ends is cut where it is too long anyway."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._fill, args=(loop,), name="stdin", daemon=True).start()
        while (line := await self._queue.get()) is not None:
            self._room.release()
            yield line

    def _fill(self, loop: asyncio.AbstractEventLoop) -> None:
        pending = b""
        # Not through sys.stdin, whose lock the interpreter would wait for when it ends.
        while chunk := self._chunk():
            *whole, pending = (pending + chunk).split(b"\n")
            pending = pending[: LONGEST_LINE + 1]
            for line in whole:
                self._hand_over(loop, line)
        if pending:
            self._hand_over(loop, pending)
        self._hand_over(loop, None)

    def _chunk(self) -> bytes:
        try:
            return os.read(0, CHUNK)
        except OSError:
            # A standard input that is closed, or a terminal that is gone, has ended.
            return b""

    def _hand_over(self, loop: asyncio.AbstractEventLoop, line: bytes | None) -> None:
        self._room.acquire()
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._queue.put_nowait, line)
