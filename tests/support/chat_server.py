"""A chat-completions endpoint on loopback that misbehaves as it is told."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = b"x" * 65_536


@dataclass
class Endpoint:
    """What it was asked, and how it answers."""

    mode: str = "well"
    requests: list[dict[str, object]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    url: str = ""


def answer(text: str) -> bytes:
    """A well-formed answer with this text."""
    usage = {"prompt_tokens": 40, "completion_tokens": 9}
    return json.dumps({"choices": [{"message": {"content": text}}], "usage": usage}).encode()


STATUS = {"busy": 429, "broken": 500, "no key": 401, "no model": 404}
BODIES = {
    "well": answer("<think>hm\n</think>making the redirect keep its query"),
    "empty": answer(""),
    "nothing": b"",
    "no choices": b'{"choices": []}',
    "null": b'{"choices": [{"message": {"content": null}}]}',
    "a list": b"[1, 2]",
    "garbage": b"\xff\xfe<html>not json at all",
    "busy": b'{"error": {"message": "slow down, key sk-abcdefghijklmnopqrstuvwx"}}',
    "broken": b"<html>oops</html>",
    "no key": b"{}",
    "no model": b"{}",
}


@contextmanager
def chat_server() -> Iterator[Endpoint]:
    """Run the endpoint."""
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            models = {"data": [{"id": "small"}, {"id": "big"}, {"id": "big"}, {"name": "no id"}, 7]}
            self._send(200, json.dumps(models).encode() if endpoint.mode == "well" else BODIES[endpoint.mode])

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            endpoint.requests.append(json.loads(self.rfile.read(length)))
            endpoint.keys.append(self.headers.get("Authorization", ""))
            if endpoint.mode == "silent":
                endpoint.release.wait(PATIENCE)
                self.close_connection = True
            elif endpoint.mode == "drips":
                self._drip(b"x", 10_000)
            elif endpoint.mode == "huge":
                self._drip(CHUNK, 160)
            else:
                self._send(STATUS.get(endpoint.mode, 200), BODIES[endpoint.mode])

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _drip(self, piece: bytes, times: int) -> None:
            """Ten megabytes at once, or garbage that never ends."""
            self.close_connection = True
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(times):
                    self.wfile.write(piece)
                    self.wfile.flush()
                    if len(piece) == 1 and endpoint.release.wait(0.01):
                        return
            except OSError:
                return  # whoever asked has hung up, which is what the tests want

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield endpoint
    finally:
        endpoint.release.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
