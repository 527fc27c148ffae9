"""Taking over what can still be read of a damaged database."""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
import sqlite3
from typing import TYPE_CHECKING

from quarterdeck.foreign_files import read_head
from quarterdeck.store.session_ids import raise_counter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

_ID = re.compile(rb"sess_(\d{1,7})(?!\d)")
LARGEST_LENGTH_BYTES = 1 << 32
"""Bytes from which on a length is not believed."""
_NOT_COPIED = frozenset({"sqlite_sequence"})


def said_size(head: bytes) -> int:
    """How long a database is by its own first bytes."""
    return int.from_bytes(head[16:18], "big") * int.from_bytes(head[28:32], "big")


def salvage(damaged: Path, fresh: sqlite3.Connection, header: bytes) -> int:
    """Copy every row that can be read into the new database, which begins with `header`; answers how many.

    No id may be given twice, so even of a file that no database engine can read, the ids in it are honoured.
    """
    saved = 0
    tables = [
        name
        for name, kind in fresh.execute("SELECT name, type FROM sqlite_schema WHERE sql NOT LIKE 'CREATE VIRTUAL%'")
        if kind == "table" and name not in _NOT_COPIED and not name.startswith("events_fts")
    ]
    fresh.execute("BEGIN IMMEDIATE")
    if damaged.is_file():
        with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError), _readable_copy(damaged, header) as old:
            for table in tables:
                saved += _copy(old, fresh, table)
    raise_counter(fresh, max(_ids_in(damaged), default=-1) + 1)
    fresh.execute("COMMIT")
    return saved


@contextlib.contextmanager
def _readable_copy(damaged: Path, header: bytes) -> Iterator[sqlite3.Connection]:
    """A copy beside the file, which itself stays as it was found; as long as its header says, or nothing reads it."""
    copy = damaged.with_name(f"{damaged.name}.copy")
    page_size = int.from_bytes(header[16:18], "big")
    try:
        for ending in ("", "-wal"):
            source = damaged.with_name(damaged.name + ending)
            if source.is_file():
                shutil.copyfile(source, copy.with_name(copy.name + ending))
        with copy.open("r+b") as file:
            said = said_size(file.read(len(header)))
            size = max(file.seek(0, 2), said if said < LARGEST_LENGTH_BYTES else 0)
            # Only the first page's header says how to read the file, and every database of ours has the same.
            pages = -(-size // page_size)
            file.truncate(pages * page_size)
            file.seek(0)
            file.write(header[:24] + header[92:96] + pages.to_bytes(4, "big") + bytes(12) + header[44:])
        with contextlib.closing(sqlite3.connect(copy, timeout=0.2)) as connection:
            # Text that a flipped bit made invalid spoils its own value at most.
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            # What a fault in the list of tables leaves of it can still be read.
            connection.execute("PRAGMA writable_schema = ON")
            yield connection
    finally:
        for leftover in damaged.parent.glob(f"{copy.name}*"):
            leftover.unlink(missing_ok=True)


def _copy(old: sqlite3.Connection, fresh: sqlite3.Connection, table: str) -> int:
    had = _columns(old, table)
    columns = [name for name in _columns(fresh, table) if name in had]
    if not columns:
        return 0
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    saved = 0
    # What lies behind an unreadable page can be reached from the other end.
    for order in ("ASC", "DESC"):
        rows = _readable(old, f"SELECT {names} FROM {table} ORDER BY {columns[0]} {order}")  # noqa: S608 — our own names
        for row in rows:
            with contextlib.suppress(sqlite3.IntegrityError, sqlite3.InterfaceError, UnicodeError):
                saved += fresh.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", row).rowcount  # noqa: S608 — our own names
    if table == "events":
        fresh.execute("UPDATE events SET indexed = 0")
    return saved


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[1]) for row in _readable(connection, f"PRAGMA table_info({table})")]


def _readable(old: sqlite3.Connection, query: str) -> Iterator[tuple[object, ...]]:
    try:
        yield from old.execute(query)
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        logger.debug("the rest of a damaged table could not be read: %s", error)


def _ids_in(damaged: Path) -> Iterator[int]:
    for file in (damaged, damaged.with_name(f"{damaged.name}-wal")):
        if file.is_file():
            yield from map(int, _ID.findall(read_head(file, LARGEST_LENGTH_BYTES)))
