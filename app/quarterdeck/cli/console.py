"""The console: opened in this terminal where no verb is given, or served to a browser."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from typing import TYPE_CHECKING

from quarterdeck.cli.invocation import own_command_in_tmux, own_command_with
from quarterdeck.errors import QuarterdeckError, UsageError
from quarterdeck.programs import require_tmux
from quarterdeck.shutdown import Shutdown

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call

OF_A_PAGE = ("ROWS", "TEXTUAL_DRIVER", "TEXTUAL_FPS", "TEXTUAL_COLOR_SYSTEM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION")
"""What tells us about the page of a browser, and is no business of a program that is started from it."""
FOR_WHOEVER_SERVES = """\
Open it in a browser on this machine. Whoever has this address can do all that you can.
Ctrl+C ends it; sessions go on."""
TOKEN_BYTES = 24
PAGE_DRIVER = "quarterdeck.tui.page_driver:PageDriver"
BESIDE_PATIENCE = 0.5
"""Seconds that what runs beside the screen gets to end with it."""


def run(call: Call) -> int:
    """Open the console, where there is a terminal to open it in."""
    size = None
    if getattr(call.options, "in_browser", False):
        # The columns and rows of the page we are shown in, as whoever serves it tells them.
        size = int(os.environ.get("COLUMNS", "80")), int(os.environ.get("ROWS", "24"))
    elif not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The console needs a terminal.", hint="`quarterdeck -h` lists the verbs that need none.")
    elif os.environ.get("TERM", "") in {"dumb", "unknown", ""}:
        raise UsageError(
            "This terminal cannot show the console (TERM says so).", hint="`quarterdeck ls` prints plain lines."
        )
    shutdown = Shutdown()
    return shutdown.run(_run(call, shutdown, size))


async def _run(call: Call, shutdown: Shutdown, size: tuple[int, int] | None) -> int:
    require_tmux()
    # Exported by some shells, these would win over the size that the terminal has, and never change with it.
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
    # Nothing made until the first frame is garbage; the app lets the collector go on once that is painted.
    gc.disable()
    # Its first question goes to tmux before the screen's own code, which takes the longest, is imported.
    from quarterdeck.runtime.opening import Opening

    backend = Opening(call.address, call.places, lambda: call.settings, own_command_in_tmux(call))
    from quarterdeck.tui.app import ConsoleApp

    if size is not None:
        # Textual has read them by now. A tmux server that we start would hand them on to all that runs in it.
        for name in OF_A_PAGE:
            os.environ.pop(name, None)
    try:
        app = ConsoleApp(backend, shutdown=shutdown)
        app.listen()
        code = await app.run_async(mouse=backend.preferences.mouse, size=size)
    finally:
        shutdown.begin(1)
        await _let_finish()
        await backend.close(shutdown.postpone)
    return code or app.return_code or 0


async def _let_finish() -> None:
    """Wait until what the app has cancelled is over.

    A loop that ends while a program is being started waits for that program forever (Python 3.11).
    """
    cancelled = [task for task in asyncio.all_tasks() - {asyncio.current_task()} if task.cancelling()]
    if cancelled:
        await asyncio.wait(cancelled, timeout=BESIDE_PATIENCE)


async def serve(call: Call) -> int:
    """Serve the console to a browser of this machine, until Ctrl+C."""
    import secrets

    # What each page's console would stop at is said here, where somebody reads it.
    require_tmux()
    _ = call.settings
    try:
        from quarterdeck.tui.pages import serve as serve_pages
    except ModuleNotFoundError as error:
        raise QuarterdeckError(
            "Serving needs the extra `web`, which is not installed.", hint="Install it: pip install 'quarterdeck[web]'"
        ) from error
    words = own_command_with(call, names_server=True)
    # A page is no pane of the tmux this was started in.
    without_tmux = ("env", "-u", "TMUX", "-u", "TMUX_PANE")
    command = [*without_tmux, f"TEXTUAL_DRIVER={PAGE_DRIVER}", *words, "console", "--in-browser"]

    def tell(url: str) -> None:
        call.tell({"url": url}, f"{url}\n{FOR_WHOEVER_SERVES}")

    await serve_pages(command, call.options.port, secrets.token_urlsafe(TOKEN_BYTES), tell)
    return 0
