"""What is kept of each session: read whole, saved at checkpoints, put away, ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quarterdeck.core.redact import masked_session
from quarterdeck.core.session_ends import as_ended, as_live, as_stale, over, waiting_for_server
from quarterdeck.store.kept_rows import ROW_COLUMNS, BadRow, Known, as_json, clean, read_session
from quarterdeck.store.session_ids import keep_counter

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from quarterdeck.core.session import ExitReason, Session, SessionId

ENDED_KEPT = 30 * 24 * 3600.0
"""Seconds after which an ended or forgotten session is no longer listed; its id stays used."""


def read_all(
    connection: sqlite3.Connection, server: str | None, known: Known[Session]
) -> tuple[list[Session], list[tuple[str, str]]]:
    """Every session that is shown, in the order they came into view, and the ids with reasons of those unreadable.

    A row that is as it was when `known` was filled gives the very same session.
    """
    sessions: list[Session] = []
    bad: list[tuple[str, str]] = []
    rows = connection.execute(
        "SELECT session_id, server, tmux_name, incarnation, nullif(tmux_id, ''), nullif(bound_pane, ''),"
        " coalesce(reserved_from, status), body, changed"
        " FROM sessions WHERE coalesce(reserved_from, status) IN ('live', 'stale', 'ended')"
        " AND (:server IS NULL OR server = :server) ORDER BY seq",
        {"server": server},
    )
    for row in rows:
        *told, status, body, changed = row
        columns = dict(zip(ROW_COLUMNS, told, strict=True))
        print_now, session_id = hash(row), columns["session_id"]
        print_then, session = known.get(session_id, (None, None))
        if session is None or print_then != print_now:
            try:
                session = _as_kept(read_session(body, columns), status, changed)
                known[session_id] = print_now, session
            except BadRow as error:
                bad.append((session_id, str(error)))
                session = _as_kept(read_session("{}", columns), status, changed)
        sessions.append(session)
    return sessions, bad


def checkpoint(connection: sqlite3.Connection, observed: Iterable[Session], now: float) -> None:
    """Save what was observed; a row that another process ended, forgot or bound anew is left alone."""
    for session in observed:
        row = _row(connection, session.session_id)
        if row is None:
            _insert(connection, session, "stale" if session.is_stale else "live", now)
            continue
        status = row[0]
        if status == "reserved" and session.tmux_id:
            connection.execute(
                "UPDATE sessions SET status = 'live', reserved_from = NULL, reserved_name = NULL,"
                " incarnation = ?, tmux_id = ?, bound_pane = ? WHERE session_id = ?",
                (session.incarnation, session.tmux_id, session.bound_pane or "", session.session_id),
            )
        elif status not in {"live", "stale"} or not _is_same(session, *row[1:]):
            continue
        _save(connection, session)
        if status == "live":
            connection.execute(
                "UPDATE sessions SET tmux_name = ? WHERE session_id = ?", (clean(session.tmux_name), session.session_id)
            )


def put_away(connection: sqlite3.Connection, observed: Iterable[Session], now: float) -> None:
    """Keep identities for when a session of their name comes back."""
    for session in observed:
        row = _row(connection, session.session_id)
        kept = waiting_for_server(session)
        if row is None:
            _insert(connection, kept, "stale", now)
        elif row[0] == "live" and _is_same(session, *row[1:]):
            _save(connection, kept)
            _set_status(connection, session.session_id, "stale", now)
        elif row[0] == "stale":
            _save(connection, kept)


def end(
    connection: sqlite3.Connection,
    observed: Iterable[Session],
    reason: ExitReason,
    now: float,
    *,
    goes_on: bool = False,
) -> list[SessionId]:
    """Mark sessions as ended; answers those that were not yet, and had not been bound anew meanwhile.

    `goes_on`: their tmux sessions do, and what stands there next is another.
    """
    ended: list[SessionId] = []
    for session in observed:
        row = _row(connection, session.session_id)
        ended_at = session.ended_at or datetime.fromtimestamp(now, UTC)
        kept = over(session, session.exit_reason or reason, ended_at)
        if row is None:
            _insert(connection, kept, "ended", now)
        elif row[0] in {"live", "stale", "reserved"} and _is_same(session, *row[1:]):
            _save(connection, kept)
            _set_status(connection, session.session_id, "ended", now)
        else:
            continue
        if goes_on:
            connection.execute(
                "UPDATE sessions SET tmux_id = '', bound_pane = '' WHERE session_id = ?", (session.session_id,)
            )
        ended.append(session.session_id)
    return ended


def prune(connection: sqlite3.Connection, now: float) -> None:
    """Remove what ended long ago, with its tail and thoughts."""
    keep_counter(connection)
    gone = "SELECT session_id FROM sessions WHERE status IN ('ended', 'forgotten') AND changed < ?"
    before = (now - ENDED_KEPT,)
    connection.execute(f"DELETE FROM tails WHERE session_id IN ({gone})", before)  # noqa: S608 — our own query
    connection.execute(f"DELETE FROM thoughts WHERE key IN ({gone})", before)  # noqa: S608 — our own query
    connection.execute("DELETE FROM thoughts WHERE key GLOB 'tmux:*' AND changed < ?", before)
    connection.execute("DELETE FROM sessions WHERE status IN ('ended', 'forgotten') AND changed < ?", before)
    connection.execute("DELETE FROM thought_history WHERE key NOT IN (SELECT key FROM thoughts)")


def _as_kept(session: Session, status: str, changed: float) -> Session:
    """The session as its row's status says it is, whatever was last saved of it."""
    if status == "live":
        return as_live(session)
    return as_stale(session) if status == "stale" else as_ended(session, datetime.fromtimestamp(changed, UTC))


def _row(connection: sqlite3.Connection, session_id: SessionId) -> tuple[str, str, str, str] | None:
    found: tuple[str, str, str, str] | None = connection.execute(
        "SELECT status, incarnation, tmux_id, bound_pane FROM sessions WHERE session_id = ?", (session_id,)
    ).fetchone()
    return found


def _is_same(session: Session, incarnation: str, tmux_id: str, bound_pane: str) -> bool:
    """Whether the caller speaks of the tmux session or the pane that the row is bound to, or does not say."""
    if not session.tmux_id or not tmux_id:
        return True
    is_same_pane = bool(bound_pane) and session.bound_pane == bound_pane
    return session.incarnation == incarnation and (session.tmux_id == tmux_id or is_same_pane)


def _save(connection: sqlite3.Connection, session: Session) -> None:
    connection.execute(
        "UPDATE sessions SET state = ?, needs = ?, body = ? WHERE session_id = ?",
        (session.state, session.needs, as_json(masked_session(session)), session.session_id),
    )


def _set_status(connection: sqlite3.Connection, session_id: SessionId, status: str, now: float) -> None:
    connection.execute(
        "UPDATE sessions SET status = ?, reserved_from = NULL, reserved_name = NULL, changed = ? WHERE session_id = ?",
        (status, now, session_id),
    )


def _insert(connection: sqlite3.Connection, session: Session, status: str, now: float) -> None:
    """Keep a session the database has lost, unless its tmux session belongs to another by now."""
    connection.execute(
        "INSERT INTO sessions"
        " (session_id, server, tmux_name, incarnation, tmux_id, bound_pane, status, state, needs, body, changed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            session.session_id,
            clean(session.tmux_server),
            clean(session.tmux_name),
            session.incarnation,
            session.tmux_id or "",
            session.bound_pane or "",
            status,
            session.state,
            session.needs,
            as_json(masked_session(session)),
            now,
        ),
    )
