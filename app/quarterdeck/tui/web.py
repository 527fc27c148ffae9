"""Shows the console in browsers of this machine, each page with a console of its own."""

from __future__ import annotations

import asyncio
import shlex
import signal
import socket
from typing import TYPE_CHECKING

from quarterdeck.core.entrance import LOOPBACK, Entrance
from quarterdeck.errors import QuarterdeckError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aiohttp.web import Application, Request, StreamResponse
    from textual_serve.server import Server

PATIENCE = 2.0
"""Seconds open pages get when it ends."""
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Nothing is fetched from anywhere else, and the address with the token in it is told to nobody.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; font-src 'self' data:; connect-src 'self' {websocket}; frame-ancestors 'none'"
    ),
}


async def serve(command: Sequence[str], port: int, token: str, tell: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `tell` is given the address once it works. Port 0 takes a free one."""
    try:
        from aiohttp import web
        from textual_serve.server import Server
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
    entrance = Entrance(listener.getsockname()[1], token)
    # It starts the command by a shell, so each word is quoted; nothing of it is foreign.
    server = Server(shlex.join(command), LOOPBACK, entrance.port, "quarterdeck", entrance.origin)
    # No log of requests: their paths hold the token.
    runner = web.AppRunner(_application(server, entrance), access_log=None, shutdown_timeout=PATIENCE)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        tell(entrance.url)
        await _asked_to_end()
    finally:
        await runner.cleanup()


def _application(server: Server, entrance: Entrance) -> Application:
    """The pages of textual-serve behind the entrance."""
    import aiohttp_jinja2
    import jinja2
    from aiohttp import web

    async def guard(request: Request, handler: Callable[[Request], Awaitable[StreamResponse]]) -> StreamResponse:
        if not entrance.admits(request.path, request.host, request.headers.get("Origin")):
            raise web.HTTPForbidden(text="The address is not whole.\n")
        return await handler(request)

    async def dress(_: Request, response: StreamResponse) -> None:
        for name, value in HEADERS.items():
            response.headers[name] = value.format(websocket=entrance.origin.replace("http", "ws", 1))

    app = web.Application(middlewares=[web.middleware(guard)])
    app.on_response_prepare.append(dress)
    aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(server.templates_path))
    app.add_routes(
        [
            web.get(f"/{entrance.token}/", server.handle_index, name="index"),
            web.get(f"/{entrance.token}/ws", server.handle_websocket, name="websocket"),
            web.static(f"/{entrance.token}/static", server.statics_path, name="static"),
        ]
    )
    return app


async def _asked_to_end() -> None:
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()
