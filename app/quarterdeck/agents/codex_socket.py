"""One connection to Codex's daemon: JSON-RPC in the text messages of a WebSocket, over a socket of this machine."""

from __future__ import annotations

import base64
import itertools
import json
import os
import socket
import stat
import struct
import time
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.foreign_json import Json, object_at, parse_object, text_at

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

LONGEST_TOLD_BYTES = 8 * 1024 * 1024
LONGEST_HEAD_BYTES = 16 * 1024
ANSWER_SECONDS = 1.0
"""For one answer; the daemon takes a few milliseconds."""
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_MASK = b"\0\0\0\0"
"""Changes nothing of what it is laid over: masking is for proxies on the way, and there are none."""
_HEAD = (
    "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
)


class CodexRefused(Exception):
    """The daemon answered a request with an error, so nothing was done."""


class CodexSocket:
    """A connection that has said who it is. Blocking; every wait has an end. Not to be shared by threads.

    Raises OSError where the daemon is not there, is mute, or speaks another language.
    """

    def __init__(self, folder: Path, version: str = "1") -> None:
        # A link, since the path of a socket must be short.
        path = (folder / "app-server-control" / "app-server-control.sock").resolve()
        facts = path.stat()
        if not stat.S_ISSOCK(facts.st_mode) or facts.st_uid != os.getuid():
            raise OSError("it is no socket of ours")
        self._numbers = itertools.count(1)
        self._read = bytearray()
        self._parts = b""
        self._told: list[Json] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(ANSWER_SECONDS)
            self._socket.connect(str(path))
            self._upgrade()
            self.agent = self._introduce(folder, version)
        except CodexRefused as fault:
            self.close()
            raise OSError(str(fault)) from fault
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; what was asked for stands."""
        self._socket.close()

    def request(self, method: str, params: Json, *, within: float = ANSWER_SECONDS) -> Json:
        """The result of a request. Raises CodexRefused for an error, OSError when there is no answer in time."""
        number = next(self._numbers)
        self._send({"id": number, "method": method, "params": params})
        until = time.monotonic() + within
        while True:
            message = self._message(until)
            if message.get("id") == number and "method" not in message:
                if "error" in message:
                    raise CodexRefused(text_at(object_at(message, "error"), "message")[:500] or "refused")
                return object_at(message, "result")
            self._told.append(message)

    def reply(self, number: object, result: Json) -> None:
        """Answer a request that the daemon made."""
        self._send({"id": number, "result": result})

    def told(self, within: float) -> Json | None:
        """The next thing that the daemon tells or asks by itself; None when it is silent for so long."""
        if self._told:
            return self._told.pop(0)
        try:
            return self._message(time.monotonic() + within)
        except TimeoutError:
            return None

    def _introduce(self, folder: Path, version: str) -> str:
        who = {"name": "quarterdeck", "title": None, "version": version}
        able = {"experimentalApi": True, "optOutNotificationMethods": ["configWarning"]}
        found = self.request("initialize", {"clientInfo": who, "capabilities": able})
        if os.path.realpath(text_at(found, "codexHome")) != os.path.realpath(folder):
            raise OSError("it serves another folder")
        self._send({"method": "initialized"})
        return text_at(found, "userAgent")

    def _upgrade(self) -> None:
        until = time.monotonic() + ANSWER_SECONDS
        self._socket.sendall(_HEAD.format(key=base64.b64encode(os.urandom(16)).decode()).encode())
        while b"\r\n\r\n" not in self._read:
            self._more(until)
            if len(self._read) > LONGEST_HEAD_BYTES:
                raise OSError("it is no WebSocket")
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise OSError("it is no WebSocket")

    def _send(self, message: Json) -> None:
        self._frame(_TEXT, json.dumps(message).encode())

    def _frame(self, kind: int, data: bytes) -> None:
        self._socket.settimeout(ANSWER_SECONDS)
        self._socket.sendall(frame(kind, data))

    def _message(self, until: float) -> Json:
        """The next message; OSError when it never comes, or is none."""
        while True:
            found = frame_in(self._read)
            if found is None:
                # What was read of one that does not end in time stays, and is gone on with.
                self._more(until)
                continue
            del self._read[: found.size]
            if found.kind == _PING:
                self._frame(_PONG, found.data)
            elif found.kind == _CLOSE:
                raise ConnectionResetError("it hung up")
            elif found.kind != _PONG:
                self._parts += found.data
                if len(self._parts) > LONGEST_TOLD_BYTES:
                    raise OSError("it speaks another language")
                if found.is_last:
                    message, self._parts = parse_object(self._parts), b""
                    if message is None:
                        raise OSError("it speaks another language")
                    return message

    def _more(self, until: float) -> None:
        self._socket.settimeout(max(until - time.monotonic(), 0.001))
        data = self._socket.recv(65_536)
        if not data:
            raise ConnectionResetError("it hung up")
        self._read += data


class Frame(NamedTuple):
    """A part of a message, or a sign of life."""

    kind: int
    is_last: bool
    data: bytes
    size: int
    """Bytes of all of it."""


def frame_in(read: bytes | bytearray) -> Frame | None:
    """The frame that what was read begins with; None while it is not all there. Raises OSError for what is none."""
    if len(read) < 2:
        return None
    length, start = read[1] & 0x7F, 2
    if length >= 126:
        wide, start = (">H", 4) if length == 126 else (">Q", 10)
        if len(read) < start:
            return None
        (length,) = struct.unpack(wide, read[2:start])
    # Bits that no extension was agreed for, a mask that only clients lay on, and what nobody would send.
    if read[0] & 0x70 or read[1] & 0x80 or length > LONGEST_TOLD_BYTES:
        raise OSError("it speaks another language")
    if len(read) < start + length:
        return None
    return Frame(read[0] & 0x0F, bool(read[0] & 0x80), bytes(read[start : start + length]), start + length)


def frame(kind: int, data: bytes) -> bytes:
    """One whole message of a client, as it goes over the wire."""
    size = len(data)
    if size < 126:
        head = bytes([0x80 | kind, 0x80 | size])
    elif size < 65_536:
        head = bytes([0x80 | kind, 0x80 | 126]) + struct.pack(">H", size)
    else:
        head = bytes([0x80 | kind, 0x80 | 127]) + struct.pack(">Q", size)
    return head + _MASK + data
