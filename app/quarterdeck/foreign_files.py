"""Reading files that somebody else may have put there: never waiting for one, never taking more than asked for.

Opening a pipe waits until somebody writes into it, opening a device may start what it drives, and a file may be larger
than memory. A link to a regular file is as good as the file.
"""

from __future__ import annotations

import errno
import os
import stat

from quarterdeck.errors import Refused

# As `typing` says it, which `status-line` has no time to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    StrPath = str | os.PathLike[str]

LARGEST_FILE_BYTES = 4 * 1024 * 1024
"""Bytes of what is read as a whole, where a file has no bound of its own."""
MEGABYTE = 1024 * 1024
LARGEST_SETTINGS = 64 * MEGABYTE
"""Bytes of another program's settings; with a hundred thousand keys they have a tenth of that."""
DATABASE_FILES = ("", "-wal", "-shm", "-journal")
"""What sqlite opens, as endings of the database's name."""
FROM_THE_SHELL = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
_KINDS = (
    (stat.S_ISFIFO, "it is a pipe"),
    (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISCHR, "it is a device"),
    (stat.S_ISBLK, "it is a device"),
)


class TooLarge(OSError):
    """There is more in the file than is ever read."""


def open_file(file: StrPath, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """The descriptor of a regular file. Raises OSError, whose `strerror` says what is there instead."""
    try:
        # Looked at before, since to open some devices already does something.
        _require_regular(os.stat(file).st_mode, file)
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    handle = os.open(file, flags | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY, mode)
    try:
        # Looked at again, since another may stand there by now.
        _require_regular(os.fstat(handle).st_mode, file)
    except BaseException:
        os.close(handle)
        raise
    return handle


def file_stamp(file: StrPath) -> tuple[int, int, int] | None:
    """By which one tells whether a file is another one now, or has changed; None when there is none."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_head(file: StrPath, limit: int) -> bytes:
    """The first bytes of a file, at most so many."""
    handle = open_file(file)
    try:
        return read_at(handle, 0, limit)
    finally:
        os.close(handle)


def read_at(handle: int, offset: int, length: int) -> bytes:
    """The bytes there; fewer at the end of the file."""
    parts = []
    while length > 0:
        part = os.pread(handle, min(length, MEGABYTE), offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
        length -= len(part)
    return b"".join(parts)


def read_bytes(file: StrPath, limit: int = LARGEST_FILE_BYTES) -> bytes:
    """A whole file. Raises TooLarge where it holds more than `limit`."""
    return _bounded(read_head(file, limit + 1), file, limit)


def read_text(file: StrPath, limit: int = LARGEST_FILE_BYTES, errors: str = "strict") -> str:
    r"""A whole file as text, its lines ended by `\n` however they end in it. Raises UnicodeDecodeError too."""
    return _lines(read_bytes(file, limit), errors)


def exact_text(file: StrPath) -> str | None:
    """What a text file holds, to the byte: line ends and a byte-order mark as they are. None = there is no file.

    Raises Refused for what cannot be read, and for what is no text in UTF-8.
    """
    try:
        text = read_bytes(file, LARGEST_SETTINGS).decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        text = "\0"
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from error
    if "\0" in text:
        raise Refused(f"{file} is not UTF-8 text, so it is left alone.", hint="Save it as UTF-8, and try again.")
    return text


def read_given(file: StrPath, limit: int = LARGEST_FILE_BYTES) -> str:
    """A file that the operator named, as text; a pipe that the shell made, as `<(command)` is, is read to its end."""
    if not os.fspath(file).startswith(FROM_THE_SHELL):
        return read_text(file, limit)
    with open(file, "rb") as given:
        return _lines(_bounded(given.read(limit + 1), file, limit))


def require_database(file: StrPath) -> None:
    """Raise OSError unless the database, and what stands beside it, are regular files: sqlite opens them, and waits."""
    for ending in DATABASE_FILES:
        beside = os.fspath(file) + ending
        try:
            _require_regular(os.stat(beside).st_mode, beside)
        except FileNotFoundError:
            if not ending:
                raise


def _bounded(found: bytes, file: StrPath, limit: int) -> bytes:
    if len(found) > limit:
        amount = f"{limit // MEGABYTE} MB" if limit >= MEGABYTE else f"{limit // 1024} KB"
        raise TooLarge(errno.EFBIG, f"it is larger than {amount}", os.fspath(file))
    return found


def _lines(found: bytes, errors: str = "strict") -> str:
    text = found.decode("utf-8", errors)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _require_regular(mode: int, file: StrPath) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(file))
    what = next((said for is_one, said in _KINDS if is_one(mode)), "it is not a file")
    raise OSError(errno.EINVAL, what, os.fspath(file))
