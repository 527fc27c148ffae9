"""How many sessions are in which state, and their names, read in a few milliseconds by what needs nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from quarterdeck.errors import StoreError
from quarterdeck.store.migrations import refuse_newer, version_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


# A dataclass costs as much time to import as all the rest here.
class Glance(NamedTuple):
    """The live sessions of a server, counted."""

    pairs: Mapping[tuple[str, str | None], int]
    """By state (`idle`, `busy`, …) and what they want of the operator (`permission`, `question`, …, None)."""

    @property
    def states(self) -> Mapping[str, int]:
        """By state alone; a state nobody is in is missing."""
        found: dict[str, int] = {}
        for (state, _), count in self.pairs.items():
            found[state] = found.get(state, 0) + count
        return found

    @property
    def needs(self) -> Mapping[str, int]:
        """By what they want of the operator alone."""
        found: dict[str, int] = {}
        for (_, need), count in self.pairs.items():
            if need is not None:
                found[need] = found.get(need, 0) + count
        return found

    @property
    def live(self) -> int:
        """How many sessions there are."""
        return sum(self.pairs.values())


class Name(NamedTuple):
    """A kept session, as one would type it."""

    session_id: str
    tmux_name: str
    status: str
    """`live`, `stale` or `ended`."""
    state: str


def glance(path: Path, server: str | None = None) -> Glance:
    """Count without changing anything; no database yet means no sessions. Raises StoreError."""
    rows = _read(
        path,
        "SELECT state, needs, count(*) FROM sessions"
        " WHERE status = 'live' AND (:server IS NULL OR server = :server) GROUP BY state, needs",
        {"server": server},
    )
    return Glance({(state, need): count for state, need, count in rows})


def names(path: Path, server: str, limit: int = 500) -> list[Name]:
    """The kept sessions, live ones first and then the newest. Raises StoreError."""
    rows = _read(
        path,
        "SELECT session_id, tmux_name, status, state FROM sessions"
        " WHERE server = :server AND status IN ('live', 'stale', 'ended')"
        " ORDER BY status != 'live', seq DESC LIMIT :limit",
        {"server": server, "limit": limit},
    )
    return [Name(*row) for row in rows]


def _read(path: Path, query: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    if not path.exists():
        return []
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    try:
        with closing(sqlite3.connect(f"file:{quoted}?mode=ro", uri=True, timeout=0.02)) as connection:
            refuse_newer(version_of(connection), path)
            return connection.execute(query, values).fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read ({error}).") from error
