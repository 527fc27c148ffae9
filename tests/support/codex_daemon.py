"""A daemon of Codex's on a socket of a test's own: it answers as a recorded one did, and tells what that one told."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

Json = dict[str, object]

RECORDED = Path(__file__).parents[1] / "agents" / "codex_daemon"
FIRST = "01a22e50-be57-7013-bef1-1e217f525a99"
"""The conversation that is recorded through all states."""
OTHER = "01a22e50-bfa4-7821-9704-3c30ab5adda7"
"""That of another terminal in the same folder, which rests."""
SECOND = "01a22e51-c23c-7ac1-b942-c3e5813848a6"
"""What `/new` began in the first one's terminal."""
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""With which a server proves that it speaks of WebSockets."""
FRONT, OTHER_FRONT = 33_659, 36_365
"""The ports of the two terminals."""


class CodexDaemon:
    """Serves everybody who connects; use it as a context manager."""

    def __init__(self, folder: Path, version: str = "0.171.0") -> None:
        self.folder = folder
        self.rows = [json.loads(row) for row in (RECORDED / f"{version}.jsonl").read_text().splitlines()]
        self.at = 0
        self.asked: list[Json] = []
        """What was asked of it, but for who asked."""
        self.answers: dict[str, Json | None] = {}
        """By method, in place of what was recorded; None = silence."""
        self.pending: list[Json] = []
        """What is asked of everybody who opens a conversation."""
        self.replies: list[Json] = []
        self.is_mute = False
        self._lines: list[socket.socket] = []
        self._lock = threading.Lock()
        place = folder / "app-server-control"
        place.mkdir(parents=True, exist_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(folder / "d"))
        (place / "app-server-control.sock").symlink_to(folder / "d")
        self._socket.listen()

    def __enter__(self) -> CodexDaemon:
        threading.Thread(target=self._accept, daemon=True).start()
        self.play("idle")
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone wakes nobody who waits for the next one.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.hang_up()

    def play(self, state: str) -> None:
        """Tell all that was told from the beginning of a recorded state to the next."""
        self.at = self.rows.index({"state": state}) + 1
        while self.at < len(self.rows) and "state" not in self.rows[self.at]:
            told = self.rows[self.at].get("told", {})
            if "method" in told:
                self.tell(told)
            self.at += 1

    def tell(self, message: Json) -> None:
        """Tell everybody something."""
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            send(line, message)

    def hang_up(self) -> None:
        """End all connections."""
        with self._lock:
            lines, self._lines = self._lines, []
        for line in lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line, suppress(OSError, struct.error, ValueError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += line.recv(1)
            key = next(row.partition(b": ")[2] for row in head.split(b"\r\n") if b"Sec-WebSocket-Key" in row)
            said = base64.b64encode(hashlib.sha1(key + MAGIC, usedforsecurity=False).digest()).decode()
            line.sendall(f"HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: {said}\r\n\r\n".encode())
            while True:
                asked = receive(line)
                if asked.get("method") == "initialized":
                    with self._lock:
                        self._lines.append(line)
                elif not self.is_mute:
                    self._answer(line, asked)

    def _answer(self, line: socket.socket, asked: Json) -> None:
        if "method" not in asked:
            self.replies.append(asked)
            told = {"threadId": FIRST, "requestId": asked["id"]}
            send(line, {"method": "serverRequest/resolved", "params": told})
            return
        method, params = str(asked.get("method")), asked.get("params")
        if method == "initialize":
            send(line, {"id": asked["id"], "result": {"userAgent": "codex-tui/0.171.0", "codexHome": str(self.folder)}})
            return
        self.asked.append(asked)
        found = self.answers[method] if method in self.answers else self._recorded(method, params)
        if method == "thread/resume":
            found = {"result": {}}
        if found is not None:
            send(line, {"id": asked["id"], **found})
        for request in self.pending if method == "thread/resume" else ():
            send(line, request)

    def _recorded(self, method: str, params: object) -> Json:
        """The newest recorded answer until now, or the first after it."""
        wanted = params.get("threadId") if isinstance(params, dict) else None
        answers = []
        for at, row in enumerate(self.rows):
            asked = row.get("asked", {})
            if asked.get("method") == method and asked.get("params", {}).get("threadId") == wanted:
                told = (each["told"] for each in self.rows[at:] if each.get("told", {}).get("id") == asked["id"])
                answers.append((at, {"result": next(told)["result"]}))
        before = [answer for at, answer in answers if at <= self.at]
        if before or answers:
            return before[-1] if before else answers[0][1]
        return {"error": {"code": -32600, "message": "no such thing was recorded"}}


def send(line: socket.socket, message: Json) -> None:
    """One message of a server."""
    data = json.dumps(message).encode()
    size = bytes([len(data)]) if len(data) < 126 else bytes([126]) + struct.pack(">H", len(data))
    line.sendall(b"\x81" + size + data)


def receive(line: socket.socket) -> Json:
    """One message of a client."""
    _, size = exactly(line, 2)
    length = size & 0x7F
    if length == 126:
        (length,) = struct.unpack(">H", exactly(line, 2))
    mask = exactly(line, 4)
    data = bytes(each ^ mask[at % 4] for at, each in enumerate(exactly(line, length)))
    found = json.loads(data)
    assert isinstance(found, dict)
    return found


def exactly(line: socket.socket, count: int) -> bytes:
    """So many bytes; OSError when the other end hangs up."""
    found = b""
    while len(found) < count:
        part = line.recv(count - len(found))
        if not part:
            raise ConnectionResetError
        found += part
    return found
