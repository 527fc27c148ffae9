"""No verb: open the console."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from quarterdeck.cli.bridge import bridge
from quarterdeck.errors import UsageError

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call

PATIENCE = 5.0
"""Seconds that what runs beside the screen gets to end with it."""


def run(call: Call) -> int:
    """Open the console, where there is a terminal to open it in."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The console needs a terminal.", hint="`quarterdeck -h` lists the verbs that do without.")
    if os.environ.get("TERM", "") in {"dumb", "unknown", ""}:
        raise UsageError(
            "This terminal cannot show the console (TERM says so).", hint="`quarterdeck ls` prints plain lines."
        )
    return asyncio.run(_run(call))


async def _run(call: Call) -> int:
    from quarterdeck.runtime.backend import LiveBackend
    from quarterdeck.runtime.memory import Memory
    from quarterdeck.tui.app import ConsoleApp

    async with bridge(call, persistent=True, look=False) as opened:
        memory = Memory(opened.deck.store, opened.crew.supervisor.server)
        await memory.load()
        app = ConsoleApp(LiveBackend(opened, memory))
        code = await app.run_async(mouse=opened.settings.console.mouse)
        await _let_finish()
        await memory.flush()
    return code or app.return_code or 0


async def _let_finish() -> None:
    """Wait until what the app has cancelled is over.

    A loop that ends while a program is being started waits for that program forever (Python 3.11).
    """
    cancelled = [task for task in asyncio.all_tasks() if task.cancelling()]
    if cancelled:
        await asyncio.wait(cancelled, timeout=PATIENCE)
