"""Taking over what can still be read of a damaged database."""

from __future__ import annotations

import contextlib
import logging
import re
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

_ID = re.compile(rb"sess_(\d{1,7})(?!\d)")
_NOT_COPIED = frozenset({"sqlite_sequence"})


def salvage(damaged: Path, fresh: sqlite3.Connection) -> int:
    """Copy every row that can be read into the new database; answers how many.

    No id may be given twice, so even of a file that no database engine can read, the ids in it are honoured.
    """
    saved = 0
    tables = [
        name
        for name, kind in fresh.execute("SELECT name, type FROM sqlite_schema WHERE sql NOT LIKE 'CREATE VIRTUAL%'")
        if kind == "table" and name not in _NOT_COPIED and not name.startswith("events_fts")
    ]
    if damaged.is_file():
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(damaged, timeout=0.2)) as old:
            # Text that a flipped bit made invalid spoils its own row at most.
            old.text_factory = lambda raw: raw.decode("utf-8", "replace")
            fresh.execute("BEGIN IMMEDIATE")
            saved = sum(_copy(old, fresh, table) for table in tables)
            fresh.execute("COMMIT")
    highest = max(_ids_in(damaged), default=-1)
    fresh.execute(
        "INSERT INTO counters (name, next) VALUES ('sess', ?) ON CONFLICT (name) DO UPDATE SET next = max(next, ?)",
        (highest + 1, highest + 1),
    )
    return saved


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
    except (sqlite3.Error, OverflowError) as error:
        logger.debug("the rest of a damaged table could not be read: %s", error)


def _ids_in(damaged: Path) -> Iterator[int]:
    for file in (damaged, damaged.with_name(f"{damaged.name}-wal")):
        if file.is_file():
            yield from map(int, _ID.findall(file.read_bytes()))
