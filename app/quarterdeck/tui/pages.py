"""Shows the console in browsers of this machine, each page with a console of its own. Needs the extra `web`."""

from __future__ import annotations

import asyncio
import shlex
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import textual_serve
from aiohttp import WSCloseCode, WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from quarterdeck.core.web_access import LOOPBACK, WebAccess
from quarterdeck.errors import QuarterdeckError
from quarterdeck.shutdown import TOLD_BY
from quarterdeck.tui.textual_internals import running_program

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

PAGE_PATIENCE: Final = 2.0
"""Seconds a page gets to answer when its connection is closed, and open pages together at the end."""
HEARTBEAT: Final = 15.0
"""Seconds after which a page must show that it is still there."""
PAGE: Final = Path(__file__).parent / "page"
TERMINAL_FILES: Final = Path(textual_serve.__file__).parent / "static"
HEADERS: Final = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Nothing is fetched from anywhere else, and the address with the token in it is told to nobody.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; font-src 'self'; connect-src 'self' {websocket}; frame-ancestors 'none'"
    ),
}


async def serve(command: Sequence[str], port: int, token: str, tell: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `tell` is given the address once it works. Port 0 takes a free one."""
    try:
        listener = socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise QuarterdeckError(
            f"Port {port} cannot be used: {error.strerror}.", hint="Without --port a free one is taken."
        ) from error
    web_access = WebAccess(listener.getsockname()[1], token)
    # No log of requests: their paths hold the token.
    runner = web.AppRunner(Pages(command, web_access).application(), access_log=None, shutdown_timeout=PAGE_PATIENCE)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        tell(web_access.url)
        loop, asked_to_end = asyncio.get_running_loop(), asyncio.Event()
        for number in TOLD_BY:
            loop.add_signal_handler(number, asked_to_end.set)
        await asked_to_end.wait()
    finally:
        await runner.cleanup()


class Pages:
    """What is answered at an entrance: a page, what it is made of, and its connection to a console."""

    def __init__(self, command: Sequence[str], web_access: WebAccess) -> None:
        # It is started by a shell, which makes way for it, so each word is quoted; nothing of it is foreign.
        self._command = f"exec {shlex.join(command)}"
        self._web_access = web_access
        self._connections: set[web.WebSocketResponse] = set()

    def application(self) -> web.Application:
        """All of it, for a server to run."""

        async def guard(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            if not self._web_access.admits(request.path, request.host, request.headers.get("Origin")):
                raise web.HTTPForbidden(
                    text="This address is not complete. Open the whole address that `quarterdeck serve` printed.\n"
                )
            return await handler(request)

        app = web.Application(middlewares=[web.middleware(guard)])
        app.on_response_prepare.append(self._dress)
        app.on_shutdown.append(self._say_goodbye)
        root = f"/{self._web_access.token}"
        app.add_routes([web.get(f"{root}/", self._show), web.get(f"{root}/ws", self._connect)])
        app.add_routes([web.static(f"{root}/page", PAGE), web.static(f"{root}/static", TERMINAL_FILES)])
        return app

    async def _dress(self, _: web.Request, response: web.StreamResponse) -> None:
        websocket = self._web_access.origin.replace("http", "ws", 1)
        for name, value in HEADERS.items():
            response.headers[name] = value.format(websocket=websocket)

    async def _say_goodbye(self, _: web.Application) -> None:
        """Close every connection first, so that each page can tell this from the end of its console."""
        await asyncio.gather(*(page.close(code=WSCloseCode.GOING_AWAY) for page in set(self._connections)))

    async def _show(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html")

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if not self._web_access.connects(request.headers.get("Origin")):
            raise web.HTTPForbidden(text="Only a page of this server may connect.\n")
        page = web.WebSocketResponse(heartbeat=HEARTBEAT, timeout=PAGE_PATIENCE)
        await page.prepare(request)
        self._connections.add(page)
        try:
            await self._converse(page, _cells(request, "width", 80), _cells(request, "height", 24))
        finally:
            self._connections.discard(page)
        return page

    async def _converse(self, page: web.WebSocketResponse, width: int, height: int) -> None:
        """Run a console of this size for a page until either ends."""
        left = asyncio.Event()

        async def leave() -> None:
            left.set()

        async def show(painted: bytes) -> None:
            # A page may be gone before its console is. Were this not read on, the console could not end.
            with suppress(ConnectionError):
                await page.send_bytes(painted)

        downloads = DownloadManager()
        console = AppService(
            self._command, write_bytes=show, write_str=page.send_str, close=leave, download_manager=downloads
        )
        await console.start(width, height)
        # It tells nobody when its program ends in any other way than by being left.
        running, hearing = running_program(console), asyncio.create_task(_hear(page, console))
        try:
            await asyncio.wait({running, hearing}, return_when=asyncio.FIRST_COMPLETED)
            hearing.cancel()
            await page.close(code=WSCloseCode.OK if left.is_set() else WSCloseCode.INTERNAL_ERROR)
        finally:
            hearing.cancel()
            await console.stop()


async def _hear(page: web.WebSocketResponse, console: AppService) -> None:
    """Hand on what a page says, until it says no more."""
    async for message in page:
        if message.type is not WSMsgType.TEXT:
            continue
        match message.json():
            case ["stdin", str(text)]:
                await console.send_bytes(text.encode("utf-8", "replace"))
            case ["resize", {"width": int(width), "height": int(height)}]:
                await console.set_terminal_size(width, height)
            case ["focus"]:
                await console.focus()
            case ["blur"]:
                await console.blur()


def _cells(request: web.Request, name: str, usual: int) -> int:
    """How wide or high a page's terminal is."""
    said = request.query.get(name, "")
    return int(said) if said.isascii() and said.isdecimal() and 0 < len(said) < 5 else usual
