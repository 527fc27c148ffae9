"""`serve`: the console in a browser of this machine."""

from __future__ import annotations

import asyncio
import secrets
import sys
from typing import TYPE_CHECKING

from quarterdeck.cli.invocation import own_command_with
from quarterdeck.cli.output import print_json, say
from quarterdeck.programs import require_tmux

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call

TOKEN_BYTES = 24
PAGE_DRIVER = "quarterdeck.tui.page_driver:PageDriver"


def run(call: Call) -> int:
    """Serve until Ctrl+C."""
    from quarterdeck.tui.web import serve

    # What each page's console would stop at is said here, where somebody reads it.
    require_tmux()
    _ = call.settings
    words = own_command_with(call, names_server=True)
    # A page is no pane of the tmux this was started in.
    without_tmux = ("env", "-u", "TMUX", "-u", "TMUX_PANE")
    command = [*without_tmux, f"TEXTUAL_DRIVER={PAGE_DRIVER}", *words, "console", "--in-browser"]

    def tell(url: str) -> None:
        if call.json:
            print_json({"url": url})
        else:
            say(url)
            say("Open it in a browser on this machine. Whoever has this address can do all that you can.")
            say("Ctrl+C ends it; sessions go on.")
        sys.stdout.flush()

    asyncio.run(serve(command, call.options.port, secrets.token_urlsafe(TOKEN_BYTES), tell))
    return 0
