"""Shows the console in browsers of this machine, each page with a console of its own."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from quarterdeck.core.web_access import LOOPBACK, WebAccess
from quarterdeck.errors import QuarterdeckError
from quarterdeck.shutdown import TOLD_BY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PATIENCE = 2.0
"""Seconds open pages get when it ends."""


async def serve(command: Sequence[str], port: int, token: str, tell: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `tell` is given the address once it works. Port 0 takes a free one."""
    try:
        from aiohttp import web

        from quarterdeck.tui.pages import Pages
    except ModuleNotFoundError as error:
        raise QuarterdeckError(
            "Serving needs the extra `web`, which is not installed.", hint="Install it: pip install 'quarterdeck[web]'"
        ) from error
    try:
        listener = socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise QuarterdeckError(
            f"Port {port} cannot be used: {error.strerror}.", hint="Without --port a free one is taken."
        ) from error
    web_access = WebAccess(listener.getsockname()[1], token)
    # No log of requests: their paths hold the token.
    runner = web.AppRunner(Pages(command, web_access).application(), access_log=None, shutdown_timeout=PATIENCE)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        tell(web_access.url)
        await _asked_to_end()
    finally:
        await runner.cleanup()


async def _asked_to_end() -> None:
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for number in TOLD_BY:
        loop.add_signal_handler(number, asked.set)
    await asked.wait()
