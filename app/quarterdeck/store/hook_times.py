"""When the hooks of each agent were last heard of, and when each agent was last at work, reports or no reports."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quarterdeck.store.status_counts import read_only
from quarterdeck.store.writing import clean

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from pathlib import Path

HEARD = "heard "
"""Begins the names under which it is kept; the agent's key follows."""


def note(connection: sqlite3.Connection, heard: Mapping[str, datetime]) -> None:
    """Keep when agents were heard. Several processes read reports, some of them late: the latest time stays."""
    # To the second, so that all are of one length and the later text is the later time.
    rows = [(clean(HEARD + agent), at.astimezone(UTC).isoformat(timespec="seconds")) for agent, at in heard.items()]
    connection.executemany(
        "INSERT INTO meta (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = max(meta.value, excluded.value)",
        rows,
    )


def heard(path: Path) -> dict[str, datetime]:
    """When each agent was heard, by its key. Raises StoreError."""
    start = len(HEARD)
    return _times(
        read_only(
            path,
            "SELECT substr(key, :start + 1), value FROM meta WHERE substr(key, 1, :start) = :heard",
            {"start": start, "heard": HEARD},
        )
    )


def at_work(path: Path) -> dict[str, datetime]:
    """When a session of each agent last showed something new, by the name that rows have of it. Raises StoreError."""
    query = (
        "SELECT json_extract(body, '$.tool'), max(json_extract(body, '$.last_activity_at'))"
        " FROM sessions WHERE json_valid(body) GROUP BY 1"
    )
    return _times(read_only(path, query, {}))


def _times(rows: Iterable[tuple[object, object]]) -> dict[str, datetime]:
    found = {}
    for name, text in rows:
        try:
            at = datetime.fromisoformat(str(text))
        except ValueError:
            continue
        found[str(name)] = at if at.tzinfo else at.replace(tzinfo=UTC)
    return found
