"""What is read of the state in a few milliseconds by what needs nothing else: counts, names, troubles and times."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime

from quarterdeck.errors import StoreError
from quarterdeck.foreign_files import require_database
from quarterdeck.store.migrations import refuse_newer, version_of

# As `typing` says it, which `status-line` has no time to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Any

HEARD = "heard "
"""Begins the names under which is kept when an agent's hooks were heard; the agent's key follows."""
SOURCES = "sources "
"""Begins the names under which is kept where the states of the last day came from; the server follows."""


def own_session_key(server: str) -> str:
    """Under which name is kept, as JSON, which session of a server holds nothing but the console."""
    return f"console itself {server}"


def trouble_key(server: str) -> str:
    """Under which name is kept, as JSON, what is not well with whoever watches a server."""
    return f"trouble {server}"


def troubles(path: str | Path, server: str) -> dict[str, str]:
    """What is not well with whoever watches a server, by what it concerns: tmux, or a worker. Raises StoreError."""
    rows = read_only(path, "SELECT value FROM meta WHERE key = :key", {"key": trouble_key(server)})
    if not rows:
        return {}
    # Seldom there, and what it takes to read it is not loaded for nothing.
    import json

    try:
        found = json.loads(rows[0][0])
    except ValueError:
        return {}
    return {str(name): str(words) for name, words in found.items()} if isinstance(found, dict) else {}


def glance(path: str | Path, server: str | None = None) -> dict[tuple[str, str | None], int]:
    """Count the live sessions of a server, or of all, by state and what they want of the operator; no console's own.

    The states are `idle`, `busy`, …, the wants `permission`, `question`, … or None; what nobody is in is missing.
    One that rests until a usage limit ends counts as if it wanted `limited`.
    Nothing is changed, and no database yet means no sessions. Raises StoreError.
    """
    rows = read_only(
        path,
        "SELECT state, CASE WHEN state = 'idle' AND needs IS NULL AND instr(body, '\"limited_until\":\"')"
        " AND json_valid(body) AND json_extract(body, '$.limited_until') > strftime('%Y-%m-%dT%H:%M:%S', 'now')"
        " THEN 'limited' ELSE needs END AS wants, count(*) FROM sessions"
        " WHERE status = 'live' AND (:server IS NULL OR server = :server)"
        " AND '\"' || session_id || '\"' NOT IN (SELECT value FROM meta WHERE key LIKE 'console itself %')"
        " GROUP BY state, wants",
        {"server": server},
    )
    return {(state, need): count for state, need, count in rows}


def names(path: str | Path, server: str, limit: int = 500) -> list[tuple[str, str, str, str]]:
    """Id, what it is called, status and state of the kept rows, live ones first, then the newest. Raises StoreError."""
    from quarterdeck.core.row_name import KeptPlace, row_name

    # What was kept by an earlier version says nothing of windows.
    fields = ("window_index", "window_name", "pane_index", "rows_in_session", "rows_in_window", "windows_alike")
    place = ", ".join(f"CASE WHEN json_valid(body) THEN json_extract(body, '$.{name}') END" for name in fields)
    query = (
        f"SELECT session_id, status, state, tmux_name, {place} FROM sessions"  # noqa: S608 — our own words
        " WHERE server = :server AND status IN ('live', 'stale', 'ended')"
        " ORDER BY status != 'live', seq DESC LIMIT :limit"
    )
    found = read_only(path, query, {"server": server, "limit": limit})
    return [
        (
            key,
            row_name(KeptPlace(name, index or 0, called, pane or 0, *(count or 1 for count in counts))),
            status,
            state,
        )
        for key, status, state, name, index, called, pane, *counts in found
    ]


def heard(path: str | Path) -> dict[str, datetime]:
    """When the hooks of each agent were last heard of, by its key. Raises StoreError."""
    query = "SELECT substr(key, :start + 1), value FROM meta WHERE substr(key, 1, :start) = :heard"
    return _times(read_only(path, query, {"start": len(HEARD), "heard": HEARD}))


def sources(path: str | Path) -> list[str]:
    """What is kept, as JSON, of where states came from, on each server. Raises StoreError."""
    query = "SELECT value FROM meta WHERE substr(key, 1, :length) = :begins LIMIT 100"
    return [str(value) for (value,) in read_only(path, query, {"length": len(SOURCES), "begins": SOURCES})]


def at_work(path: str | Path) -> dict[str, datetime]:
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


def read_only(path: str | Path, query: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """The rows that a query finds, and none before there is a database. Raises StoreError."""
    if not os.path.exists(path):
        return []
    try:
        connection = open_read_only(path)
        try:
            refuse_newer(version_of(connection), path)
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}).") from error
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read ({error}).") from error


def open_read_only(path: str | Path, option: str = "mode=ro", timeout: float = 0.02) -> sqlite3.Connection:
    """The database as it is, waiting next to nothing for a writer. Raises OSError or sqlite3.Error."""
    require_database(path)
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(f"file:{quoted}?{option}", uri=True, timeout=timeout)
