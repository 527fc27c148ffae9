"""The activity log: written with its secrets taken out, searched, and kept for a week."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import sqlite3
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from quarterdeck.core.model_calls import DAY_SECONDS
from quarterdeck.core.redact import safe_data, safe_summary
from quarterdeck.ports.store import Activity, ActivityQuery, Level
from quarterdeck.store.kept_rows import clean
from quarterdeck.store.sqlite_faults import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterable

DATA_LIMIT = 16 * 1024
"""Characters of JSON; an event with more is kept without its data."""
KEPT_AT_MOST = 100_000
PRUNED_AT_ONCE = 1_000
BATCHES = 20
"""Batches one pruning goes through, so that no writer waits long."""
MOST_ANSWERED = 5_000
RANKS = {Level.DEBUG: 0, Level.INFO: 1, Level.WARN: 2, Level.ERROR: 3}
LEVELS = {rank: level for level, rank in RANKS.items()}
_WORD = re.compile(r"\w+")


@lru_cache(maxsize=1)
def can_index() -> bool:
    """Whether this Python's sqlite has full-text search."""
    with contextlib.closing(sqlite3.connect(":memory:")) as probe:
        try:
            probe.execute("CREATE VIRTUAL TABLE probe USING fts5(word)")
        except sqlite3.OperationalError:
            return False
    return True


def prepare_index(connection: sqlite3.Connection) -> None:
    """Make the search index when this Python can, and put into it what was written by one that could not."""
    if not can_index():
        return
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'events_fts'").fetchone() is None:
        connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS events_fts"
            " USING fts5(summary, data, content='events', content_rowid='id')"
        )
    if connection.execute("SELECT 1 FROM events WHERE indexed = 0 LIMIT 1").fetchone() is None:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _add_to_index(connection, "indexed = ?", 0)
        connection.execute("UPDATE events SET indexed = 1 WHERE indexed = 0")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def record(connection: sqlite3.Connection, activity: Activity) -> int:
    """Add to the log; answers the event's id."""
    text = clean(json.dumps(safe_data(activity.data), ensure_ascii=False, separators=(",", ":")))
    is_indexed = can_index()
    event_id = connection.execute(
        "INSERT INTO events (at, kind, level, source, session_id, project, summary, data, indexed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            activity.at.timestamp(),
            clean(activity.kind),
            RANKS[activity.level],
            clean(activity.source),
            activity.session_id and clean(activity.session_id),
            activity.project and clean(activity.project),
            clean(safe_summary(activity.summary)),
            text if activity.data and len(text) <= DATA_LIMIT else "",
            is_indexed,
        ),
    ).lastrowid
    if is_indexed:
        _add_to_index(connection, "id = ?", event_id)
    return event_id or 0


def find(connection: sqlite3.Connection, query: ActivityQuery) -> list[Activity]:
    """What the query asks for, newest first; oldest first when it asks for what came after an event."""
    conditions, values = zip(*_conditions(query), strict=True)
    order = "ASC" if query.after_id else "DESC"
    rows = connection.execute(
        "SELECT id, at, kind, level, source, session_id, project, summary, data FROM events"  # noqa: S608 — our own conditions
        f" WHERE {' AND '.join(conditions)} ORDER BY id {order} LIMIT ?",
        (*itertools.chain(*values), max(1, min(query.limit, MOST_ANSWERED))),
    )
    return [_activity(row) for row in rows]


def prune(connection: sqlite3.Connection, now: float, keep_days: int) -> int:
    """Remove what is older than that, or more than the log may hold; answers how many events went."""
    (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
    gone = 0
    for _ in range(BATCHES):
        old = connection.execute(
            "SELECT id, summary, data, indexed FROM events WHERE at < ? OR id <= ? LIMIT ?",
            (now - keep_days * DAY_SECONDS, newest - KEPT_AT_MOST, PRUNED_AT_ONCE),
        ).fetchall()
        if can_index():
            connection.executemany(
                "INSERT INTO events_fts (events_fts, rowid, summary, data) VALUES ('delete', ?, ?, ?)",
                [(event_id, summary, data) for event_id, summary, data, is_indexed in old if is_indexed],
            )
        connection.executemany("DELETE FROM events WHERE id = ?", [(row[0],) for row in old])
        gone += len(old)
        if len(old) < PRUNED_AT_ONCE:
            break
    return gone


def _add_to_index(connection: sqlite3.Connection, condition: str, value: object) -> None:
    query = f"INSERT INTO events_fts (rowid, summary, data) SELECT id, summary, data FROM events WHERE {condition}"  # noqa: S608 — our own conditions
    try:
        connection.execute(query, (value,))
    except sqlite3.IntegrityError as error:
        # The index holds an event of this number already, so it belongs to other events than the table.
        raise Damaged(f"its search index does not fit it: {error}") from error


def _conditions(query: ActivityQuery) -> Iterable[tuple[str, tuple[object, ...]]]:
    yield "id > ?", (query.after_id,)
    if query.session_id is not None:
        yield "session_id = ?", (query.session_id,)
    if query.project is not None:
        yield "project = ?", (query.project,)
    if query.level is not None:
        yield "level >= ?", (RANKS[query.level],)
    if query.since is not None:
        yield "at >= ?", (query.since.timestamp(),)
    if query.kind is not None and query.kind.endswith(".*"):
        yield "kind >= ? AND kind < ?", (query.kind[:-1], query.kind[:-2] + "/")
    elif query.kind is not None:
        yield "kind = ?", (query.kind,)
    if query.search is not None and query.search.strip():
        yield from _search(query.search)


def _search(text: str) -> Iterable[tuple[str, tuple[object, ...]]]:
    words = _WORD.findall(clean(text))
    if words and can_index():
        # Each word is quoted, so that nothing in it is syntax, and may be the beginning of a longer one.
        phrase = " ".join(f'"{word}"*' for word in words)
        yield "id IN (SELECT rowid FROM events_fts WHERE events_fts MATCH ?)", (phrase,)
        return
    for word in words or [clean(text.strip())]:
        pattern = "%" + word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        yield r"(summary LIKE ? ESCAPE '\' OR data LIKE ? ESCAPE '\')", (pattern, pattern)


def _activity(row: tuple[Any, ...]) -> Activity:
    event_id, at, kind, level, source, session_id, project, summary, data = row
    try:
        found = json.loads(data) if data else {}
    except ValueError:
        found = {}
    return Activity(
        id=event_id,
        at=datetime.fromtimestamp(at, UTC),
        kind=kind,
        level=LEVELS.get(level, Level.INFO),
        source=source,
        session_id=session_id,
        project=project,
        summary=summary,
        data=found if isinstance(found, dict) else {},
    )
