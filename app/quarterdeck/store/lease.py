"""Leases: a duty that one process at a time has, and that is free again the moment the process dies.

`status-line` asks who has a duty, so this imports next to nothing.
"""

from __future__ import annotations

import errno
import fcntl
import os
from zlib import crc32

from quarterdeck.errors import StoreError
from quarterdeck.foreign_files import open_file

# As `typing` says it, which `status-line` has no time to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_UNLOCKABLE = frozenset(
    {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT}
)


class Lease:
    """A lock on a file beside the database, one for each duty.

    The file stays when its holder goes, for its lock is what counts. Only from a holder that is stopped, and so can
    not let go, the lease is taken by putting another file in its place; that one finds out when it goes on.
    """

    def __init__(self, state_file: Path, duty: str) -> None:
        self.path = state_file.with_name(lease_name(state_file.name, duty))
        self._handle = -1
        """The locked file."""
        self._tried = -1
        """The file that another has locked. Kept open: whoever waits is told when somebody closes it."""

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lease, as far as it knows."""
        return self._handle >= 0

    def try_take(self) -> bool:
        """Take the lease unless somebody else has it; True also when it is ours still, which is looked at anew.

        Where no lock can be had (a full disk, a read-only folder, some network file systems) everybody has the duty:
        that it is done twice harms less than that nobody does it.
        """
        if self._is_in_place(self._handle):
            return True
        self.release()
        try:
            if not self._is_in_place(self._tried):
                self._let_go_of_tried()
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                # Never inherited: a program that we start must not hold our duty.
                self._tried = open_file(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._tried, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            self._let_go_of_tried()
            if error.errno in _UNLOCKABLE:
                return True
            raise StoreError(f"{self.path} cannot be locked: {error.strerror}.") from error
        if not self._is_in_place(self._tried):
            # Taken over meanwhile by somebody else.
            self._let_go_of_tried()
            return False
        self._handle, self._tried = self._tried, -1
        self._say_who(self._handle)
        return True

    def take_over(self) -> bool:
        """Take the lease from a holder that is stopped; False when somebody else was first, or it cannot be done."""
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            handle = open_file(fresh, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._say_who(handle)
            if not self._is_in_place(self._tried):
                raise BlockingIOError
            fresh.replace(self.path)
        except OSError:
            os.close(handle)
            fresh.unlink(missing_ok=True)
            return False
        self._let_go_of_tried()
        self._handle = handle
        return True

    def holder(self) -> int | None:
        """The process that has the lease, 0 when it did not say, None when nobody has it."""
        return os.getpid() if self.is_held else holder_of(self.path)

    def release(self) -> None:
        """Let others have the lease."""
        if self.is_held:
            os.close(self._handle)
            self._handle = -1

    def close(self) -> None:
        """Let others have the lease, and close the file that was tried for it."""
        self.release()
        self._let_go_of_tried()

    @staticmethod
    def _say_who(handle: int) -> None:
        # Said for people, and for who asks whether we are stopped; a full disk must not keep anybody from the duty.
        try:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        except OSError:
            return

    def _let_go_of_tried(self) -> None:
        if self._tried >= 0:
            os.close(self._tried)
            self._tried = -1

    def _is_in_place(self, handle: int) -> bool:
        """Whether there is this file, and the path still means it."""
        try:
            there, ours = self.path.stat(), os.fstat(handle)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def writer_duty(server: str) -> str:
    """The duty of keeping what is known of a server's sessions, as a name that fits into a file's."""
    name = "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in server.rpartition("/")[2])
    # Not `hashlib`, which takes as long to import as all that `status-line` does.
    return f"keeper-{name[:32]}-{crc32(server.encode('utf-8', 'surrogateescape')):08x}"


def lease_name(state_file: str, duty: str) -> str:
    """The file beside the database whose lock is the lease."""
    return f"{state_file}.{duty}.lease"


def holder_of(lease: str | os.PathLike[str]) -> int | None:
    """The process that has the lease, 0 when it did not say, None when nobody has it."""
    try:
        # Never inherited: a program that we start must not hold a lock of ours.
        handle = open_file(lease, os.O_RDWR)
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
