"""`thoughts ingest`: take thought updates from an outside engine."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from quarterdeck.cli.output import json_text, write
from quarterdeck.core.text import clean
from quarterdeck.operations.ingest import Tally
from quarterdeck.operations.ingest import ingest as take
from quarterdeck.ports.clock import SystemClock

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call


def ingest(call: Call) -> int:
    """Read updates from standard input until it ends."""
    return asyncio.run(_ingest(call))


async def _ingest(call: Call) -> int:
    from quarterdeck.runtime.bridge import open_store

    tally = Tally()
    clock = SystemClock()
    async with open_store(call.places) as store:
        number = 0
        # One read at a time in a thread, so that a kept-open pipe holds nothing up.
        while line := await asyncio.to_thread(sys.stdin.buffer.readline):
            number += 1
            await take(store, line.decode("utf-8", errors="replace"), number, clock.now(), tally)
            for complaint in tally.complaints:
                sys.stderr.write(f"quarterdeck: {clean(complaint)}\n")
            tally.complaints.clear()
    write(json_text({"accepted": tally.accepted, "dropped": tally.dropped}) + "\n")
    return 0
