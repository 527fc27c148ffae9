"""Thoughts: the last accepted one of each session or pane, and the ones before it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from quarterdeck.core.thought import accept, fold, is_real_thought
from quarterdeck.store.kept_rows import BadRow, Known, as_json, clean, read_thought, set_aside

if TYPE_CHECKING:
    import sqlite3

    from quarterdeck.core.thought import ThoughtSnapshot, ThoughtUpdate

HISTORY_KEPT = 10


def save(connection: sqlite3.Connection, update: ThoughtUpdate, now: float) -> ThoughtSnapshot | None:
    """Judge an update by what is held, and keep what becomes of it; None when it was dropped."""
    key = clean(update.session_id)
    held = _held(connection, key, now)
    if not accept(held, update):
        return None
    snapshot = fold(held, update)
    body = as_json(snapshot)
    connection.execute(
        "INSERT INTO thoughts (key, body, changed) VALUES (?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET body = excluded.body, changed = excluded.changed",
        (key, body, now),
    )
    if snapshot.thought is not None and is_real_thought(snapshot.thought):
        _remember(connection, key, clean(snapshot.thought), body)
    return snapshot


def read_all(
    connection: sqlite3.Connection, known: Known[ThoughtSnapshot]
) -> tuple[dict[str, ThoughtSnapshot], list[tuple[str, str]]]:
    """What is held by key, and the keys with reasons of what cannot be understood; `known` as with sessions."""
    found: dict[str, ThoughtSnapshot] = {}
    bad: list[tuple[str, str]] = []
    for key, body in connection.execute("SELECT key, body FROM thoughts"):
        print_now = hash(body)
        print_then, snapshot = known.get(key, (None, None))
        if snapshot is None or print_then != print_now:
            try:
                snapshot = read_thought(body)
            except BadRow as error:
                bad.append((key, str(error)))
                continue
            known[key] = print_now, snapshot
        found[key] = snapshot
    return found, bad


def history(connection: sqlite3.Connection, key: str, limit: int) -> list[ThoughtSnapshot]:
    """The latest distinct thoughts, newest first, each as it was when it was first thought."""
    query = "SELECT body FROM thought_history WHERE key = ? ORDER BY id DESC LIMIT ?"
    found: list[ThoughtSnapshot] = []
    for (body,) in connection.execute(query, (clean(key), limit)):
        with suppress(BadRow):
            found.append(read_thought(body))
    return found


def _held(connection: sqlite3.Connection, key: str, now: float) -> ThoughtSnapshot | None:
    row = connection.execute("SELECT body FROM thoughts WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    try:
        return read_thought(row[0])
    except BadRow as error:
        set_aside(connection, "thoughts", [(key, str(error))], now)
        return None


def _remember(connection: sqlite3.Connection, key: str, thought: str, body: str) -> None:
    latest = connection.execute(
        "SELECT thought FROM thought_history WHERE key = ? ORDER BY id DESC LIMIT 1", (key,)
    ).fetchone()
    if latest is not None and latest[0] == thought:
        return
    # A thought that comes back is the newest again.
    connection.execute(
        "INSERT OR REPLACE INTO thought_history (key, thought, body) VALUES (?, ?, ?)", (key, thought, body)
    )
    connection.execute(
        "DELETE FROM thought_history WHERE key = ? AND id NOT IN"
        " (SELECT id FROM thought_history WHERE key = ? ORDER BY id DESC LIMIT ?)",
        (key, key, HISTORY_KEPT),
    )
