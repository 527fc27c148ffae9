"""`export`, `import` and `thoughts ingest`: what is kept, as JSON that goes out, and that comes in from elsewhere."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterdeck.cli.output import json_text, print_json, say, warn, write
from quarterdeck.errors import QuarterdeckError, StoreError, UsageError
from quarterdeck.foreign_files import read_given
from quarterdeck.operations.ingest import LONGEST_LINE, Tally
from quarterdeck.operations.ingest import ingest as take_line
from quarterdeck.ports.clock import SystemClock
from quarterdeck.shutdown import TOLD_BY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from quarterdeck.cli.call import Call

LARGEST_EXPORT_BYTES = 1 << 30
"""Bytes of an export, which holds all that was ever kept."""
EXPORT_CHUNK_BYTES = 65_536
WAITING_LINES = 256
"""Lines read ahead; an engine that is faster waits."""


def export(call: Call) -> int:
    """Print everything that is kept."""
    # What may block is done outside the loop, here and below: in it, the first Ctrl+C would not end that.
    write(json_text(asyncio.run(_kept(call)), indent=1) + "\n")
    return 0


async def _kept(call: Call) -> dict[str, Any]:
    from quarterdeck.store.sqlite import open_store
    from quarterdeck.store.transfer import export as export_from

    async with open_store(call.places) as store:
        return await store.database.read(export_from)


def take(call: Call) -> Coroutine[Any, Any, int]:
    """Merge what was exported into what is kept here."""
    from quarterdeck.store.transfer import check

    return _merge(call, check(_read(call.options.file)))


async def _merge(call: Call, exported: dict[str, Any]) -> int:
    from quarterdeck.store.engine import Write
    from quarterdeck.store.sqlite import open_store
    from quarterdeck.store.transfer import merge

    async with open_store(call.places) as store:
        merged = await store.database.write(Write(partial(merge, exported=exported), is_durable=True))
    if call.json:
        counts = {name: dict(getattr(merged, name)) for name in ("added", "updated", "kept")}
        print_json({**counts, "refused": merged.refused})
        return 0
    tables = list(dict.fromkeys((*merged.added, *merged.updated, *merged.kept)))
    for table in tables:
        added, updated, kept = merged.added[table], merged.updated[table], merged.kept[table]
        say(f"{table.replace('_', ' ')}: {added} added, {updated} updated, {kept} kept as they are here")
    if not tables:
        say("The export was empty.")
    for sentence in merged.refused:
        warn(f"left out: {sentence}")
    return 0


def _read(file: str) -> object:
    try:
        text = sys.stdin.read() if file == "-" else read_given(Path(file), LARGEST_EXPORT_BYTES)
        return json.loads(text)
    except OSError as error:
        raise QuarterdeckError(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"This is not JSON: {error!s:.200}.", hint="`quarterdeck export > state.json` makes it."
        ) from error


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
            await take_line(store, line.decode("utf-8", errors="replace"), count, clock.now(), tally)
            for complaint in tally.complaints:
                warn(complaint)
            tally.complaints.clear()
            if call.options.follow and lines.is_empty:
                # So far; whoever keeps the pipe open hears what became of what they sent.
                _print_tally(tally, is_kept=await store.flush())
    health = store.health()
    _print_tally(tally, is_kept=not health.pending)
    if health.pending:
        raise StoreError(health.error, hint="What was dropped for that can be sent again.")
    return 0


def _print_tally(tally: Tally, *, is_kept: bool) -> None:
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
            return os.read(0, EXPORT_CHUNK_BYTES)
        except OSError:
            # A standard input that is closed, or a terminal that is gone, has ended.
            return b""

    def _hand_over(self, loop: asyncio.AbstractEventLoop, line: bytes | None) -> None:
        self._room.acquire()
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._queue.put_nowait, line)
