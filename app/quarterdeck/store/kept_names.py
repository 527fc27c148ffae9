"""What the kept sessions are called, read without the models that check a whole row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.store.status_counts import read_only

if TYPE_CHECKING:
    from pathlib import Path


class Name(NamedTuple):
    """A kept session, as one would type it."""

    session_id: str
    tmux_name: str
    status: str
    """`live`, `stale` or `ended`."""
    state: str


def names(path: Path, server: str, limit: int = 500) -> list[Name]:
    """The kept sessions, live ones first and then the newest. Raises StoreError."""
    rows = read_only(
        path,
        "SELECT session_id, tmux_name, status, state FROM sessions"
        " WHERE server = :server AND status IN ('live', 'stale', 'ended')"
        " ORDER BY status != 'live', seq DESC LIMIT :limit",
        {"server": server, "limit": limit},
    )
    return [Name(*row) for row in rows]
