"""Lets a control client in all at once, because letting it in piece by piece can end the server.

A client introduces itself in a dozen messages. Up to tmux 3.6 the server takes a client for a control client from the
message with its flags on, and gives it the state that notices are written to only at the last one. When a session or
window comes or goes in between, the server writes to nothing and crashes, and every session with it (seen on 3.3a,
about once in 25 attaches while sessions were being made; 3.7 looks before it writes). So our client speaks to this
socket, which holds its introduction back and hands it over with the flags last, in one piece with the end: the server
reads those in one go.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import struct
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from quarterdeck.errors import TmuxUnreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.pane import ServerAddress

MESSAGE_HEADER: Final = struct.Struct("=IHHII")
"""Type, length, and what does not matter here. From 3.6 on the length has 32 bits, of which the upper ones are 0 or a
mark, so on a little-endian machine the lower half is the length in every version."""
LONGEST_MESSAGE_BYTES: Final = 16_384
FLAG_MESSAGES: Final = frozenset({100, 111})
"""The messages that make a client a control client (`MSG_IDENTIFY_FLAGS`, `MSG_IDENTIFY_LONGFLAGS`)."""
STREAMS: Final = frozenset({104, 110})
"""Those that carry a file descriptor (`MSG_IDENTIFY_STDIN`, `MSG_IDENTIFY_STDOUT`)."""
DONE: Final = 106
"""The last one (`MSG_IDENTIFY_DONE`)."""
SOCKET_CHUNK_BYTES: Final = 65_536


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole messages at the beginning of the data, and what is left; raises ValueError when it makes no sense."""
    messages: list[tuple[int, bytes]] = []
    while len(data) >= MESSAGE_HEADER.size:
        kind, length, *_ = MESSAGE_HEADER.unpack_from(data)
        if not MESSAGE_HEADER.size <= length <= LONGEST_MESSAGE_BYTES:
            raise ValueError("this is not how a tmux client introduces itself")
        if len(data) < length:
            break
        messages.append((kind, data[:length]))
        data = data[length:]
        if kind == DONE:
            break
    return messages, data


def in_safe_order(messages: Sequence[tuple[int, bytes]], rest: bytes) -> tuple[list[bytes], bytes]:
    """The messages that carry a descriptor, to be sent one by one, and everything else in one piece, flags last."""
    streams = [message for kind, message in messages if kind in STREAMS]
    others = [each for each in messages if each[0] not in STREAMS]
    others.sort(key=lambda each: (each[0] == DONE, each[0] in FLAG_MESSAGES))
    return streams, b"".join(message for _, message in others) + rest


class Admission:
    """A socket for one client, in a folder of its own."""

    def __init__(self, address: ServerAddress, timeout: float) -> None:
        if sys.byteorder != "little":
            raise TmuxUnreachable("Control connections are made on little-endian machines only.")
        self._address = address
        self._timeout = timeout
        self._folder = Path(tempfile.mkdtemp(prefix="qd-"))
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.settimeout(timeout)
        self._handing_over = threading.Lock()
        self._is_closed = False
        self._ends: tuple[socket.socket, socket.socket] | None = None
        self.path = str(self._folder / "s")
        """What the client is told is the server's socket."""
        try:
            self._listener.bind(self.path)
            self._listener.listen(1)
        except OSError as error:
            self.close()
            raise TmuxUnreachable(f"No socket could be made in {self._folder}: {error.strerror}.") from error

    async def let_in(self) -> None:
        """Wait for the client, hand its introduction to the server, and pass on what they say from then on."""
        try:
            client, server = await asyncio.to_thread(self._introduce)
        except (OSError, ValueError) as error:
            self.close()
            raise TmuxUnreachable(f"The control client could not be introduced to tmux: {error}.") from error
        loop = asyncio.get_running_loop()
        for one, other in ((client, server), (server, client)):
            one.setblocking(False)
            loop.add_reader(one, self._pass_on, one, other)

    def close(self) -> None:
        """Let go of everything; the server takes that for a detach."""
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        with self._handing_over:
            self._is_closed = True
            ends, self._ends = self._ends, None
        for end in ends or ():
            with suppress(RuntimeError):  # the loop may be closed
                asyncio.get_running_loop().remove_reader(end)
            end.close()

    def _introduce(self) -> tuple[socket.socket, socket.socket]:
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        messages: list[tuple[int, bytes]] = []
        descriptors: list[int] = []
        rest = b""
        try:
            client.settimeout(self._timeout)
            server.settimeout(self._timeout)
            while not messages or messages[-1][0] != DONE:
                more, passed, _, _ = socket.recv_fds(client, SOCKET_CHUNK_BYTES, 4)
                descriptors += passed
                if not more:
                    raise OSError("it ended before it had introduced itself")  # noqa: TRY301 - one way out for all
                whole, rest = split(rest + more)
                messages += whole
            server.connect(self._address.socket)
            streams, others = in_safe_order(messages, rest)
            for message, descriptor in zip(streams, descriptors, strict=True):
                socket.send_fds(server, [message], [descriptor])
            server.sendall(others)
            with self._handing_over:
                if self._is_closed:
                    # Whoever waited for this was cancelled, so nobody else would close the two ends.
                    raise OSError("it is not wanted any more")  # noqa: TRY301 - one way out for all
                self._ends = (client, server)
        except BaseException:
            client.close()
            server.close()
            raise
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        return client, server

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        # Only a few short messages go this way: what is asked and answered has pipes of its own.
        try:
            data = one.recv(SOCKET_CHUNK_BYTES)
            if data:
                other.sendall(data)
                return
        except OSError:
            pass
        self.close()
