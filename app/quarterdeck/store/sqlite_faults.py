"""What sqlite's errors mean to us: a damaged file, a file that cannot be used now, or a fault of our own."""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING

from quarterdeck.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_TROUBLE = {
    sqlite3.SQLITE_BUSY: "{path} is locked by another process",
    sqlite3.SQLITE_LOCKED: "{path} is locked by another process",
    sqlite3.SQLITE_PROTOCOL: "{path} is locked by another process",
    sqlite3.SQLITE_FULL: "The disk is full, so {path} cannot be written",
    sqlite3.SQLITE_READONLY: "{path} or its folder is read-only",
    sqlite3.SQLITE_PERM: "{path} may not be opened by this user",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened",
    sqlite3.SQLITE_IOERR: "{path} cannot be read or written",
    sqlite3.SQLITE_NOLFS: "{path} is too large for this disk",
}
_HINTS = {
    sqlite3.SQLITE_BUSY: "Nothing is lost: it is kept in memory and written when the lock is gone.",
    sqlite3.SQLITE_FULL: "Free some space; what is kept in memory is written then.",
}
_HINT = "What is kept in memory is written as soon as that works again."


class Damaged(sqlite3.DatabaseError):
    """The file is not a database of ours any more; for the store alone."""


class StoreTrouble(StoreError):
    """The file cannot be used now; later it may. For the store, others see a store's error."""


def is_damage(error: BaseException) -> bool:
    """Whether the file itself is broken."""
    # Python cannot read sqlite's complaint when it quotes what the damage made of a table's definition, and the search
    # index gives its own damage no code of its own.
    if isinstance(error, Damaged | UnicodeDecodeError) or _code(error) in _DAMAGE:
        return True
    return isinstance(error, sqlite3.OperationalError) and "fts5" in str(error)


def is_trouble(error: BaseException) -> bool:
    """Whether the same call may succeed later, with the file as it is."""
    return isinstance(error, OSError | StoreTrouble) or _code(error) in _TROUBLE


def trouble(error: BaseException, path: Path) -> StoreTrouble:
    """The error as one sentence for the operator."""
    if isinstance(error, StoreTrouble):
        return error
    code = _code(error)
    if isinstance(error, OSError):
        if error.errno != errno.ENOSPC:
            return StoreTrouble(f"{path} cannot be used: {error.strerror or error}.", hint=_HINT)
        code = sqlite3.SQLITE_FULL
    elif is_damage(error):
        return StoreTrouble(f"{path} is damaged and could not be set aside ({error}).", hint=_HINT)
    sentence = _TROUBLE.get(code, "{path} cannot be used").format(path=path)
    detail = f" ({error})" if code == sqlite3.SQLITE_IOERR and str(error) else ""
    return StoreTrouble(f"{sentence}{detail}.", hint=_HINTS.get(code, _HINT))


def _code(error: BaseException) -> int:
    # The low byte is the primary code; python leaves the attribute out for errors it raises itself.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
