"""The last words of each session, and small values kept by name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quarterdeck.core.redact import redact
from quarterdeck.store.glances import HEARD
from quarterdeck.store.kept_rows import clean

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from quarterdeck.core.session import SessionId

TAIL_LIMIT = 64 * 1024
"""Characters kept of one session; the last ones, from the start of a line."""


def save(connection: sqlite3.Connection, ends: Mapping[SessionId, str], now: float) -> None:
    """Keep sessions' last lines without their secrets, in place of what was kept before."""
    rows = []
    for session_id, text in ends.items():
        kept = redact(clean(text))
        if len(kept) > TAIL_LIMIT:
            end = kept[-TAIL_LIMIT:]
            _, line_break, whole_lines = end.partition("\n")
            kept = whole_lines if line_break else end
        rows.append((session_id, kept, now))
    connection.executemany(
        "INSERT INTO tails (session_id, text, changed) VALUES (?, ?, ?)"
        " ON CONFLICT (session_id) DO UPDATE SET text = excluded.text, changed = excluded.changed"
        " WHERE text != excluded.text",
        rows,
    )


def read(connection: sqlite3.Connection, session_id: SessionId) -> str:
    """A session's last lines, "" when there are none."""
    row = connection.execute("SELECT text FROM tails WHERE session_id = ?", (session_id,)).fetchone()
    return str(row[0]) if row else ""


def get_meta(connection: sqlite3.Connection, key: str) -> str | None:
    """A value by its name."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (clean(key),)).fetchone()
    return str(row[0]) if row else None


def set_meta(connection: sqlite3.Connection, key: str, value: str | None) -> None:
    """Keep a value by name; None removes it."""
    if value is None:
        connection.execute("DELETE FROM meta WHERE key = ?", (clean(key),))
    else:
        connection.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (clean(key), clean(value)),
        )


def note_heard(connection: sqlite3.Connection, heard: Mapping[str, datetime]) -> None:
    """Keep when agents' hooks were heard. Several processes read reports, some of them late: the latest time stays."""
    # To the second, so that all are of one length and the later text is the later time.
    rows = [(clean(HEARD + agent), at.astimezone(UTC).isoformat(timespec="seconds")) for agent, at in heard.items()]
    connection.executemany(
        "INSERT INTO meta (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = max(meta.value, excluded.value)",
        rows,
    )
