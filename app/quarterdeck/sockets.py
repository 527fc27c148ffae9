"""The sockets of this machine on which programs wait for connections, as the kernel of Linux lists them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_LISTENS = b"0A"
MOST_SOCKETS = 10_000


class ListeningSocket(NamedTuple):
    """One of them."""

    inode: str
    """Its number in the kernel, by which `/proc/PID/fd` names it: `socket:[7]`."""
    address: str
    """As the kernel writes it: `0100007F` is 127.0.0.1."""
    port: int


def listening_sockets(pid: int | str = "self", tables: tuple[str, ...] = ("tcp", "tcp6")) -> Iterator[ListeningSocket]:
    """Those that a process may reach as its own; nothing where the kernel does not list them. Blocking, short."""
    for table in tables:
        with suppress(OSError, ValueError), open(f"/proc/{pid}/net/{table}", "rb") as rows:  # noqa: PTH123 - the system's own file
            next(rows, b"")
            for _, row in zip(range(MOST_SOCKETS), rows, strict=False):
                words = row.split()
                # Those that listen stand first; thousands of connections may follow.
                if len(words) < 10 or words[3] != _LISTENS:
                    break
                address, _, port = words[1].decode("ascii").partition(":")
                yield ListeningSocket(words[9].decode("ascii"), address, int(port, 16))
