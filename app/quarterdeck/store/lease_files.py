"""Who has a duty: the name of its lease, and a look at the lock on it that takes and imports next to nothing."""

from __future__ import annotations

import fcntl
import os
from zlib import crc32

from quarterdeck.foreign_files import open_file


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
