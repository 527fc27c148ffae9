"""Who a tmux session is: the transactions that several processes may race for, and none may lose.

A row's status: `reserved` (a tmux session of this name is about to be made), `live` (bound to one tmux session of one
run of the server), `stale` (waits for a session of its name to come back), `ended` (never comes back), `forgotten`
(the operator does not want to see it).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.session import SessionId
from quarterdeck.errors import NotFound, Refused
from quarterdeck.ports.store import Claim, Identity, SeenSession
from quarterdeck.store.kept_rows import as_json, clean
from quarterdeck.store.session_ids import exists, fresh_ids, keep_counter, provisional_id

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from quarterdeck.core.pane import TmuxSessionId

ENDED_ECHO = 10.0
"""Seconds in which a session that ended may still be on a look that began before."""
RESERVATION_LASTS = 600.0
"""Seconds after which a reservation is nobody's any more: its process died."""

_ROW = "SELECT session_id, status, coalesce(reserved_name, tmux_name), reserved_from, changed FROM sessions"


class _Row(Struct, frozen=True):
    session_id: SessionId
    status: str
    tmux_name: str
    """The name it has, or waits for."""
    reserved_from: str | None
    changed: float


def claim(
    connection: sqlite3.Connection,
    server: str,
    incarnation: str,
    seen_sessions: Iterable[SeenSession],
    now: float,
    given: Mapping[TmuxSessionId, SessionId] | None = None,
    *,
    is_provisional: bool = False,
) -> dict[TmuxSessionId, Identity]:
    """Give each seen session its identity. `given` are ids promised for new ones while nothing could be kept."""
    if not _is_newest_run(connection, server, incarnation):
        return {}
    connection.execute(
        "UPDATE sessions SET status = 'stale', changed = ? WHERE server = ? AND status = 'live' AND incarnation != ?",
        (now, server, incarnation),
    )
    _lapse(connection, now)
    ids = fresh_ids(connection)
    answer: dict[TmuxSessionId, Identity] = {}
    strangers = []
    for seen_session in {seen_session.tmux_id: seen_session for seen_session in seen_sessions}.values():
        row = _bound(connection, server, incarnation, seen_session.tmux_id)
        if row is None or row.status == "reserved" or (row.status == "ended" and now - row.changed > ENDED_ECHO):
            strangers.append(seen_session)
        elif row.status == "live":
            if row.tmux_name != clean(seen_session.name):
                _bind(connection, row.session_id, incarnation, seen_session, now)
            answer[seen_session.tmux_id] = Identity(row.session_id, Claim.KNOWN)
        elif row.status == "stale":
            _bind(connection, row.session_id, incarnation, seen_session, now)
            answer[seen_session.tmux_id] = Identity(row.session_id, Claim.REVIVED)
    waiting = _waiting(connection, server, now) if strangers else {}
    for seen_session in strangers:
        kept = waiting.pop(clean(seen_session.name), None)
        if kept is not None:
            _bind(connection, kept.session_id, incarnation, seen_session, now)
            is_fresh = kept.status == "reserved" and kept.reserved_from is None
            answer[seen_session.tmux_id] = Identity(kept.session_id, Claim.NEW if is_fresh else Claim.REVIVED)
            continue
        promised = (given or {}).get(seen_session.tmux_id)
        if promised is None or exists(connection, promised):
            promised = (
                provisional_id(connection, server, incarnation, seen_session.tmux_id) if is_provisional else next(ids)
            )
        _insert(connection, promised, server, incarnation, seen_session, now)
        answer[seen_session.tmux_id] = Identity(promised, Claim.NEW)
    return answer


def adopt(
    connection: sqlite3.Connection,
    server: str,
    incarnation: str,
    seen_session: SeenSession,
    session_id: SessionId | None,
    now: float,
) -> Identity:
    """Bind a tmux session to the identity that is named, else to the one that waits for its name, else to a new one.

    A row that was given to it meanwhile, as happens to whatever a look finds, gives way to an identity that is named.
    """
    name = clean(seen_session.name)
    row = _bound(connection, server, incarnation, seen_session.tmux_id)
    if row is not None and row.status == "live" and session_id in {None, row.session_id}:
        raise Refused(f"{name} is watched already, as {row.session_id}.")
    if session_id is not None:
        _check_free(connection, server, incarnation, seen_session, session_id)
        if row is not None and row.session_id != session_id:
            # A row whose tmux session has another identity from now on is shown no more.
            connection.execute(
                "UPDATE sessions SET incarnation = '', tmux_id = '', changed = ?,"
                " status = CASE status WHEN 'live' THEN 'forgotten' ELSE status END WHERE session_id = ?",
                (now, row.session_id),
            )
        _bind(connection, session_id, incarnation, seen_session, now)
        return Identity(session_id, Claim.REVIVED)
    if row is not None and row.status == "forgotten":
        _bind(connection, row.session_id, incarnation, seen_session, now)
        return Identity(row.session_id, Claim.REVIVED)
    kept = [
        SessionId(found)
        for (found,) in connection.execute(
            "SELECT session_id FROM sessions WHERE server = ? AND status = 'stale' AND tmux_name = ? ORDER BY seq",
            (server, name),
        )
    ]
    if len(kept) > 1:
        raise Refused(f"{len(kept)} sessions wait for the name {name}: {', '.join(kept)}.", hint="Say which with --as.")
    if kept:
        _bind(connection, kept[0], incarnation, seen_session, now)
        return Identity(kept[0], Claim.REVIVED)
    fresh = next(fresh_ids(connection))
    _insert(connection, fresh, server, incarnation, seen_session, now)
    return Identity(fresh, Claim.NEW)


def reserve(
    connection: sqlite3.Connection, server: str, tmux_name: str, session_id: SessionId | None, now: float
) -> SessionId:
    """Keep an identity for a tmux session about to be made under this name: this one, or whichever is its due."""
    name = clean(tmux_name)
    _lapse(connection, now)
    holder = connection.execute(
        "SELECT session_id FROM sessions"
        " WHERE server = ? AND status = 'reserved' AND reserved_name = ? AND changed > ? AND session_id IS NOT ?",
        (server, name, now - RESERVATION_LASTS, session_id),
    ).fetchone()
    if holder:
        raise Refused(f"A session named {name} is being made already, as {holder[0]}.")
    if session_id is None and (stale := _waiting(connection, server, now).get(name)) is not None:
        session_id = stale.session_id
    row = connection.execute(
        "SELECT status, changed FROM sessions WHERE session_id = ?", (session_id or "",)
    ).fetchone()
    if row is None:
        fresh = session_id or next(fresh_ids(connection))
        connection.execute(
            "INSERT INTO sessions (session_id, server, tmux_name, reserved_name, status, body, changed)"
            " VALUES (?, ?, ?, ?, 'reserved', ?, ?)",
            (fresh, server, name, name, as_json({"last_activity_at": datetime.fromtimestamp(now, UTC)}), now),
        )
        return fresh
    status, changed = row
    if status == "live" or (status == "reserved" and changed > now - RESERVATION_LASTS):
        word = "live" if status == "live" else "being made already"
        raise Refused(f"{session_id} is {word}.")
    connection.execute(
        "UPDATE sessions SET status = 'reserved', server = ?, reserved_name = ?,"
        " reserved_from = CASE WHEN status = 'reserved' THEN reserved_from ELSE status END, changed = ?"
        " WHERE session_id = ?",
        (server, name, now, session_id),
    )
    return SessionId(str(session_id))


def release(connection: sqlite3.Connection, session_id: SessionId, now: float) -> None:
    """Give a reservation up; one that a tmux session has taken is left alone."""
    keep_counter(connection)
    connection.execute(
        "DELETE FROM sessions WHERE session_id = ? AND status = 'reserved' AND reserved_from IS NULL", (session_id,)
    )
    connection.execute(
        "UPDATE sessions SET status = reserved_from, reserved_from = NULL, reserved_name = NULL, changed = ?"
        " WHERE session_id = ? AND status = 'reserved'",
        (now, session_id),
    )


def _lapse(connection: sqlite3.Connection, now: float) -> None:
    """Let a kept identity be again what it was before a process that has died reserved it."""
    connection.execute(
        "UPDATE sessions SET status = reserved_from, reserved_from = NULL, reserved_name = NULL"
        " WHERE status = 'reserved' AND reserved_from IS NOT NULL AND changed <= ?",
        (now - RESERVATION_LASTS,),
    )


def forget(connection: sqlite3.Connection, session_id: SessionId, now: float) -> None:
    """Show a session no more; the tmux session it is bound to is not claimed again."""
    found = connection.execute(
        "UPDATE sessions SET status = 'forgotten', changed = ? WHERE session_id = ?", (now, session_id)
    )
    if not found.rowcount:
        raise NotFound(f"There is no session {session_id}.")


def _is_newest_run(connection: sqlite3.Connection, server: str, incarnation: str) -> bool:
    runs = [
        run
        for (run,) in connection.execute(
            "SELECT incarnation FROM incarnations WHERE server = ? ORDER BY seq DESC", (server,)
        )
    ]
    if incarnation not in runs:
        connection.execute("INSERT INTO incarnations (server, incarnation) VALUES (?, ?)", (server, incarnation))
        return True
    return bool(runs[0] == incarnation)


def _bound(connection: sqlite3.Connection, server: str, incarnation: str, tmux_id: TmuxSessionId) -> _Row | None:
    """The row that counts of those ever bound to a tmux session: the live one, else the stale one, else the latest."""
    found = connection.execute(
        _ROW + " WHERE server = ? AND incarnation = ? AND tmux_id = ?"
        " ORDER BY CASE status WHEN 'live' THEN 0 WHEN 'stale' THEN 1 ELSE 2 END, seq DESC LIMIT 1",
        (server, incarnation, tmux_id),
    ).fetchone()
    return _Row(*found) if found else None


def _waiting(connection: sqlite3.Connection, server: str, now: float) -> dict[str, _Row]:
    """The row that waits for each name: a reservation, else the first stale one."""
    found: dict[str, _Row] = {}
    for row in connection.execute(
        _ROW + " WHERE server = ? AND (status = 'stale' OR (status = 'reserved' AND changed > ?))"
        " ORDER BY status != 'reserved', seq",
        (server, now - RESERVATION_LASTS),
    ):
        waiting = _Row(*row)
        found.setdefault(waiting.tmux_name, waiting)
    return found


def _insert(
    connection: sqlite3.Connection,
    session_id: SessionId,
    server: str,
    incarnation: str,
    seen_session: SeenSession,
    now: float,
) -> None:
    body = {
        "created_at": datetime.fromtimestamp(seen_session.created, UTC),
        "last_activity_at": datetime.fromtimestamp(now, UTC),
    }
    connection.execute(
        "INSERT INTO sessions (session_id, server, tmux_name, incarnation, tmux_id, status, body, changed)"
        " VALUES (?, ?, ?, ?, ?, 'live', ?, ?)",
        (session_id, server, clean(seen_session.name), incarnation, seen_session.tmux_id, as_json(body), now),
    )


def _bind(
    connection: sqlite3.Connection, session_id: SessionId, incarnation: str, seen_session: SeenSession, now: float
) -> None:
    connection.execute(
        "UPDATE sessions SET status = 'live', incarnation = ?, tmux_id = ?, tmux_name = ?, reserved_from = NULL,"
        " reserved_name = NULL, changed = ? WHERE session_id = ?",
        (incarnation, seen_session.tmux_id, clean(seen_session.name), now, session_id),
    )


def _check_free(
    connection: sqlite3.Connection, server: str, incarnation: str, seen_session: SeenSession, session_id: SessionId
) -> None:
    """Whether an identity can be given to a tmux session: it is stale, or was detached. Raises what is in the way."""
    row = connection.execute(
        "SELECT status, server, incarnation, tmux_id FROM sessions WHERE session_id = ?", (session_id,)
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no session {session_id}.", hint="`quarterdeck ls --all` lists stale sessions.")
    status, kept_server, *bound = row
    if status not in {"stale", "forgotten"}:
        raise Refused(f"{session_id} is {status}: only a stale or detached session can be taken up again.")
    if kept_server != server:
        raise Refused(f"{session_id} belongs to another tmux server ({kept_server}).")
    if status == "forgotten" and bound[0] == incarnation and bound[1] != seen_session.tmux_id:
        raise Refused(f"{session_id} was detached from another session of this server.")
