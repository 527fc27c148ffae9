"""How many sessions are in which state, read in a few milliseconds by a command that needs nothing else."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quarterdeck.errors import StoreError
from quarterdeck.store.migrations import refuse_newer, version_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Glance:
    """The live sessions of a server, counted."""

    states: Mapping[str, int] = field(default_factory=dict)
    """By state (`idle`, `busy`, …); a state nobody is in is missing."""
    needs: Mapping[str, int] = field(default_factory=dict)
    """By what they want of the operator (`permission`, `question`, `finished`, `error`)."""

    @property
    def live(self) -> int:
        """How many sessions there are."""
        return sum(self.states.values())


def glance(path: Path, server: str | None = None) -> Glance:
    """Count without changing anything; no database yet means no sessions. Raises StoreError."""
    if not path.exists():
        return Glance()
    quoted = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    query = (
        "SELECT state, needs, count(*) FROM sessions"
        " WHERE status = 'live' AND (:server IS NULL OR server = :server) GROUP BY state, needs"
    )
    try:
        with contextlib.closing(sqlite3.connect(f"file:{quoted}?mode=ro", uri=True, timeout=0.02)) as connection:
            refuse_newer(version_of(connection), path)
            rows = connection.execute(query, {"server": server}).fetchall()
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read ({error}).") from error
    states: dict[str, int] = {}
    needs: dict[str, int] = {}
    for state, need, count in rows:
        states[state] = states.get(state, 0) + count
        if need is not None:
            needs[need] = needs.get(need, 0) + count
    return Glance(states, needs)
