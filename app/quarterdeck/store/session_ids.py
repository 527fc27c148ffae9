"""The numbers of sessions: each is given once, whatever becomes of the session or of the database."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from quarterdeck.core.session import SessionId

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

PROVISIONAL_FLOOR = 1_000_000_000
"""From here on ids are made without the counter, while the database cannot be written."""


def keep_counter(connection: sqlite3.Connection) -> int:
    """Raise the counter above every id that a session or a thought speaks of, and answer it."""
    spoken_of = []
    for query in (
        "SELECT max(CAST(substr(session_id, 6) AS INTEGER)) FROM sessions"
        " WHERE session_id GLOB 'sess_[0-9]*' AND CAST(substr(session_id, 6) AS INTEGER) < ?",
        "SELECT max(CAST(substr(key, 6) AS INTEGER)) FROM thoughts"
        " WHERE key GLOB 'sess_[0-9]*' AND CAST(substr(key, 6) AS INTEGER) < ?",
    ):
        (highest,) = connection.execute(query, (PROVISIONAL_FLOOR,)).fetchone()
        spoken_of.append(0 if highest is None else highest + 1)
    raise_counter(connection, max(spoken_of))
    (counter,) = connection.execute("SELECT next FROM counters WHERE name = 'sess'").fetchone()
    return int(counter)


def raise_counter(connection: sqlite3.Connection, least: int, name: str = "sess") -> None:
    """Give no number below this one any more: it was seen in use, though the database may have lost that."""
    connection.execute(
        "INSERT INTO counters (name, next) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET next = max(next, excluded.next)",
        (name, least),
    )


def number_of(session_id: SessionId) -> int | None:
    """The n of a `sess_<n>` that the counter gave, else None."""
    prefix, _, number = session_id.partition("_")
    if prefix != "sess" or not number.isdecimal() or len(number) > 9 or int(number) >= PROVISIONAL_FLOOR:
        return None
    return int(number)


def fresh_ids(connection: sqlite3.Connection) -> Iterator[SessionId]:
    """One `sess_<n>` after the other, each above every one that was ever given."""
    counter = keep_counter(connection)
    while True:
        connection.execute("UPDATE counters SET next = ? WHERE name = 'sess'", (counter + 1,))
        yield SessionId(f"sess_{counter}")
        counter += 1


def provisional_id(connection: sqlite3.Connection, *what: str) -> SessionId:
    """An id that needs no counter: every process that cannot write makes the same for the same session."""
    digest = blake2b("\0".join(what).encode("utf-8", "replace"), digest_size=8).digest()
    number = PROVISIONAL_FLOOR + int.from_bytes(digest, "big") % PROVISIONAL_FLOOR
    while exists(connection, SessionId(f"sess_{number}")):
        number += 1
    return SessionId(f"sess_{number}")


def exists(connection: sqlite3.Connection, session_id: SessionId) -> bool:
    """Whether an id is in use."""
    return connection.execute("SELECT 1 FROM sessions WHERE session_id = ?", (session_id,)).fetchone() is not None
