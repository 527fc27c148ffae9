"""Leases: a duty that one process at a time has, and that is free again the moment the process dies."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
from typing import TYPE_CHECKING
from zlib import crc32

from quarterdeck.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

_UNLOCKABLE = frozenset(
    {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT}
)


def keeper_duty(server: str) -> str:
    """The duty of keeping what is known of a server's sessions, as a name that fits into a file's."""
    name = re.sub(r"[^\w-]", "_", server.rpartition("/")[2])[:32]
    # Not `hashlib`, which takes as long to import as all that `status-line` does.
    return f"keeper-{name}-{crc32(server.encode('utf-8', 'surrogateescape')):08x}"


class Lease:
    """A lock on a file beside the database, one for each duty. The file itself stays: its lock is what counts."""

    def __init__(self, state_file: Path, duty: str) -> None:
        self._path = state_file.with_name(f"{state_file.name}.{duty}.lease")
        self._handle = -1

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lease."""
        return self._handle >= 0

    def try_take(self) -> bool:
        """Take the lease unless somebody else has it; taking it twice is fine.

        Where no lock can be had (a full disk, a read-only folder, some network file systems) everybody has the duty:
        that it is done twice harms less than that nobody does it.
        """
        if self.is_held:
            return True
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = self._open(os.O_RDWR | os.O_CREAT)
        except OSError as error:
            return self._judge(error)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        except OSError as error:
            os.close(handle)
            return self._judge(error)
        self._handle = handle
        # Who holds it is said for people; a full disk must not keep anybody from the duty.
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        return True

    def holder(self) -> int | None:
        """The process that has the lease, 0 when it did not say, None when nobody has it."""
        if self.is_held:
            return os.getpid()
        try:
            handle = self._open(os.O_RDWR)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            said = os.pread(handle, 20, 0).strip()
            return int(said) if said.isdigit() else 0
        except OSError:
            return None
        else:
            return None
        finally:
            os.close(handle)

    def release(self) -> None:
        """Give the lease up."""
        if self.is_held:
            os.close(self._handle)
            self._handle = -1

    def _open(self, flags: int) -> int:
        # Never inherited: a program that we start must not hold our duty.
        return os.open(self._path, flags | os.O_CLOEXEC, 0o600)

    def _judge(self, error: OSError) -> bool:
        if error.errno in _UNLOCKABLE:
            return True
        raise StoreError(f"{self._path} cannot be locked: {error.strerror}.") from error
