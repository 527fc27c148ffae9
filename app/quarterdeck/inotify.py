"""What the kernel tells of files: one inotify descriptor, and its events.

Called directly, for `watchfiles` has no watch that fires once, which is what makes a pane's output cheap to follow, and
none for terminals alone: it reads from threads of its own, and gathers events for 50 ms.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Final, NamedTuple

MODIFY: Final = 0x2
CLOSE_WRITE: Final = 0x8
MOVED_FROM: Final = 0x40
MOVED_TO: Final = 0x80
CREATE: Final = 0x100
DELETE: Final = 0x200
MOVE_SELF: Final = 0x800
OVERFLOW: Final = 0x4000
IGNORED: Final = 0x8000
ONLY_FOLDERS: Final = 0x1000000
IN_ADDITION: Final = 0x20000000
"""Of a file that is watched already: keep what was asked before."""
ONCE: Final = 0x80000000

_HEAD: Final = struct.Struct("iIII")
_READ_SIZE: Final = 65536
_libc: Final = ctypes.CDLL(None, use_errno=True)


class Event(NamedTuple):
    """Something that happened to what is watched, or to an entry of a watched folder."""

    watch: int
    mask: int
    name: str
    """The entry; "" when it is about the watched file itself."""


class Inotify:
    """One descriptor. Raises OSError or AttributeError where the system has no such thing."""

    def __init__(self) -> None:
        self.fd: int = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise _error()

    def add(self, path: str, mask: int) -> int:
        """Watch a file or folder; answers the watch's number. Raises OSError."""
        watch: int = _libc.inotify_add_watch(self.fd, os.fsencode(path), ctypes.c_uint32(mask))
        if watch < 0:
            raise _error()
        return watch

    def remove(self, watch: int) -> None:
        """End a watch; one that has ended already is fine."""
        _libc.inotify_rm_watch(self.fd, watch)

    def read(self) -> list[Event]:
        """What has happened since the last time; never waits."""
        try:
            data = os.read(self.fd, _READ_SIZE)
        except BlockingIOError:
            return []
        events: list[Event] = []
        offset = 0
        while offset < len(data):
            watch, mask, _, size = _HEAD.unpack_from(data, offset)
            offset += _HEAD.size
            name = data[offset : offset + size].rstrip(b"\0") if size else b""
            offset += size
            events.append(Event(watch, mask, os.fsdecode(name)))
        return events

    def close(self) -> None:
        """Let go of everything; twice is fine."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def works() -> bool:
    """Whether this system has inotify, and lets us have one."""
    try:
        Inotify().close()
    except (AttributeError, OSError):
        return False
    return True


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
