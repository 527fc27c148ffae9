"""Opening the database file: made whole or not at all, checked, and set aside when it is damaged.

One process at a time opens or replaces the file, under a lock beside it. So nobody ever meets a half-made database,
and of several that find the same damage only the first sets it aside.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import stat
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.foreign_files import open_file, read_head, require_database
from quarterdeck.ports.clock import wall_clock
from quarterdeck.store import activity_log
from quarterdeck.store.glances import open_read_only
from quarterdeck.store.migrations import APPLICATION_ID, migrate, refuse_newer, version_of
from quarterdeck.store.salvage import said_size, salvage
from quarterdeck.store.sqlite_faults import Damaged, StoreTrouble, is_damage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

_HEADER = 100
_CHECKED = ("sessions", "counters", "incarnations", "thoughts", "work", "journal", "meta")
"""Tables looked at to their last page and index whenever the file is opened: who is who stands in them. The rest is
larger, and shows its damage when it is used."""


# How the search index words its own tables is up to the version of sqlite.
_TABLES = (
    "SELECT name, CASE WHEN name GLOB 'events_fts_*' THEN '' ELSE sql END FROM sqlite_schema WHERE sql IS NOT NULL"
)


class Opened(Struct, frozen=True):
    """An open database, and what its operator should know of how it was opened."""

    connection: sqlite3.Connection
    file: tuple[int, int]
    """Device and inode, to notice when the path has come to mean another file."""
    notice: str = ""


class Suspect(Struct, frozen=True):
    """A file that showed damage while it was in use."""

    file: tuple[int, int]
    reason: str


def open_database(path: Path, *, busy_timeout: float, suspect: Suspect | None = None) -> Opened:
    """Open the database, making, updating or replacing it as needed.

    Waits `busy_timeout` seconds at most for other processes. Raises StoreTooNew, StoreTrouble, OSError, sqlite3.Error;
    a database from a newer version is left exactly as it is.
    """
    with contextlib.suppress(Damaged):
        _inspect(path)
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
    with _opening_lock(path, busy_timeout):
        # What a process left that died while it made a database.
        for leftover in path.parent.glob(f"{path.name}.new-*"):
            leftover.unlink(missing_ok=True)
        notice = ""
        try:
            _inspect(path, suspect)
        except Damaged as damage:
            notice = _replace(path, str(damage))
        if not path.exists():
            _build(path)
        try:
            connection = _connect(path, busy_timeout)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as damage:
            if not is_damage(damage):
                raise
            notice = _replace(path, str(damage))
            connection = _connect(path, busy_timeout)
    return Opened(connection, file_of(path), notice)


def file_of(path: Path) -> tuple[int, int]:
    """Which file the path means now; raises OSError."""
    found = path.stat()
    return found.st_dev, found.st_ino


def copy_to_memory(path: Path, source: sqlite3.Connection | None) -> sqlite3.Connection:
    """A database in memory that holds what can still be read, from the open connection or else from the file."""
    memory = sqlite3.connect(":memory:", isolation_level=None)
    memory.text_factory = readable_text
    if source is None or not _copied(source, memory):
        # A folder that cannot be written has no place for the shared memory of a WAL; immutable does without.
        for option in ("mode=ro", "immutable=1"):
            try:
                reader = open_read_only(path, option, timeout=0.2)
            except (OSError, sqlite3.Error):
                continue
            with contextlib.closing(reader):
                if _copied(reader, memory):
                    break
    migrate(memory)
    activity_log.prepare_index(memory)
    return memory


def readable_text(raw: bytes) -> str:
    """Text as it was kept; bytes that damage made invalid spoil one value, not the whole answer."""
    return raw.decode("utf-8", "replace")


def _copied(source: sqlite3.Connection, memory: sqlite3.Connection) -> bool:
    try:
        if not _missing_tables(source, with_index=False):
            source.backup(memory)
            return True
    except (sqlite3.Error, UnicodeDecodeError) as error:
        logger.debug("the state database could not be copied to memory: %s", error)
    return False


@contextlib.contextmanager
def _opening_lock(path: Path, patience: float) -> Iterator[None]:
    handle = open_file(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise StoreTrouble(
                        f"Another process has been opening {path} for {patience:g} s.",
                        hint="What is kept in memory is written as soon as that works again.",
                    ) from error
                time.sleep(0.005)
            except OSError as error:
                # Some network file systems know no such lock: sqlite's own locks have to do.
                logger.debug("no lock beside %s: %s", path, error)
                break
            else:
                break
        yield
    finally:
        os.close(handle)


def _inspect(path: Path, suspect: Suspect | None = None) -> None:
    """Look at the first bytes without sqlite, which would already write beside a file it opens."""
    # While anybody has the database open, or died so, there is a log beside it, and the file alone is not the whole.
    is_whole = not _beside(path)[0].exists()
    try:
        found = path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            raise Damaged("it is a link to nowhere") from None
        return
    if not stat.S_ISREG(found.st_mode):
        raise Damaged("it is not a file")
    if suspect and (found.st_dev, found.st_ino) == suspect.file:
        raise Damaged(suspect.reason)
    head = read_head(path, _HEADER)
    if not head:
        raise Damaged("it is empty")
    if len(head) < _HEADER or not head.startswith(b"SQLite format 3\0") or not {head[18], head[19]} <= {1, 2}:
        raise Damaged("it is no database")
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        raise Damaged("it is not one of ours")
    refuse_newer(int.from_bytes(head[60:64], "big"), path)
    if is_whole and found.st_size < said_size(head):
        raise Damaged("it is cut off")


def _build(path: Path) -> None:
    """Make a new database under another name, and give it its own when it is whole."""
    fresh = path.with_name(f"{path.name}.new-{os.getpid()}")
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    try:
        with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            migrate(connection)
            activity_log.prepare_index(connection)
        fresh.chmod(0o600)
        fresh.replace(path)
    except BaseException:
        for leftover in (fresh, *_beside(fresh)):
            leftover.unlink(missing_ok=True)
        raise


def _connect(path: Path, busy_timeout: float) -> sqlite3.Connection:
    for file in (path, *_beside(path)):
        with contextlib.suppress(FileNotFoundError):
            if stat.S_IMODE(file.stat().st_mode) != 0o600:
                file.chmod(0o600)
    require_database(path)
    connection = sqlite3.connect(path, timeout=busy_timeout, isolation_level=None)
    with contextlib.ExitStack() as if_it_fails:
        if_it_fails.callback(connection.close)
        connection.text_factory = readable_text
        try:
            refuse_newer(version_of(connection), path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            # Messages are removed once they are delivered, and then their words shall be nowhere in the file.
            connection.execute("PRAGMA secure_delete = ON")
            migrate(connection)
            activity_log.prepare_index(connection)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
                # Nothing here can fail so on a file whose header and tables are what they were.
                raise Damaged(str(error)) from error
            raise
        if missing := _missing_tables(connection, with_index=activity_log.can_index()):
            raise Damaged(f"it lacks {missing}")
        for table in _CHECKED:
            found = str(connection.execute(f"PRAGMA integrity_check({table})").fetchone()[0])
            if found != "ok":
                raise Damaged(found.splitlines()[-1])
        if_it_fails.pop_all()
    return connection


@lru_cache(maxsize=2)
def _expected(*, with_index: bool) -> frozenset[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as pattern:
        migrate(pattern)
        if with_index:
            activity_log.prepare_index(pattern)
        return frozenset(pattern.execute(_TABLES))


def _missing_tables(connection: sqlite3.Connection, *, with_index: bool) -> str:
    expected = _expected(with_index=with_index)
    return ", ".join(sorted(name for name, _ in expected - set(connection.execute(_TABLES))))


def _replace(path: Path, reason: str) -> str:
    """Set the damaged file aside, make a new one with what can be saved of it, and say so."""
    at = wall_clock().strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.damaged-{at}")
    for number in range(2, 100):
        if not aside.exists():
            break
        aside = path.with_name(f"{path.name}.damaged-{at}-{number}")
    path.rename(aside)
    for companion, kept in zip(_beside(path), _beside(aside), strict=True):
        with contextlib.suppress(FileNotFoundError):
            companion.rename(kept)
    _build(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        saved = salvage(aside, connection, read_head(path, _HEADER))
    what = f"{saved} rows" if saved else "nothing"
    notice = f"{path} was damaged ({reason}). It is kept as {aside.name}, and a new one was made; "
    notice += f"{what} could be taken over."
    logger.warning("%s", notice)
    return notice


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")
