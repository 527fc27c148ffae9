"""How many sessions are in which state, read in a few milliseconds by what needs nothing else."""

from __future__ import annotations

import os
import sqlite3

from quarterdeck.errors import StoreError
from quarterdeck.foreign_files import require_database
from quarterdeck.store.migrations import refuse_newer, version_of

# As `typing` says it, which `status-line` has no time to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any


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
    Nothing is changed, and no database yet means no sessions. Raises StoreError.
    """
    rows = read_only(
        path,
        "SELECT state, needs, count(*) FROM sessions"
        " WHERE status = 'live' AND (:server IS NULL OR server = :server)"
        " AND '\"' || session_id || '\"' NOT IN (SELECT value FROM meta WHERE key LIKE 'console itself %')"
        " GROUP BY state, needs",
        {"server": server},
    )
    return {(state, need): count for state, need, count in rows}


def read_only(path: str | Path, query: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """The rows that a query finds, and none before there is a database. Raises StoreError."""
    if not os.path.exists(path):
        return []
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    try:
        require_database(path)
        connection = sqlite3.connect(f"file:{quoted}?mode=ro", uri=True, timeout=0.02)
        try:
            refuse_newer(version_of(connection), path)
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}).") from error
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read ({error}).") from error
