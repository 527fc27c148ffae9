"""Who a tmux session or a pane is: the transactions that several processes may race for, and none may lose.

A row's status: `reserved` (a tmux session of this name is about to be made), `live` (bound to one tmux session of one
run of the server, or to a pane of its own), `stale` (waits to come back), `ended` (never comes back), `forgotten` (the
operator does not want to see it).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.place_match import WaitingRow, who_comes_back
from quarterdeck.core.session import SessionId
from quarterdeck.errors import NotFound, Refused
from quarterdeck.ports.store import Claim, Identity
from quarterdeck.store.kept_rows import BadRow, as_json, clean, read_object
from quarterdeck.store.session_ids import exists, fresh_ids, keep_counter, provisional_id
from quarterdeck.values import replace

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from quarterdeck.core.place_match import SeenPlace
    from quarterdeck.core.session import Session

ENDED_ECHO = 10.0
"""Seconds in which a session that ended may still be on a look that began before."""
RESERVATION_LASTS = 600.0
"""Seconds after which a reservation is nobody's any more: its process died."""

_ROW = "SELECT session_id, status, coalesce(reserved_name, tmux_name), bound_pane, changed FROM sessions"


class _Row(Struct, frozen=True):
    session_id: SessionId
    status: str
    tmux_name: str
    """The name it has, or waits for."""
    bound_pane: str
    changed: float


def claim(
    connection: sqlite3.Connection,
    server: str,
    incarnation: str,
    places: Iterable[SeenPlace],
    now: float,
    given: Mapping[str, SessionId] | None = None,
    *,
    is_provisional: bool = False,
) -> dict[str, Identity]:
    """Give each seen place its identity, by its key. `given` are ids promised for new ones while nothing was kept."""
    if not _is_newest_run(connection, server, incarnation):
        return {}
    connection.execute(
        "UPDATE sessions SET status = 'stale', changed = ? WHERE server = ? AND status = 'live' AND incarnation != ?",
        (now, server, incarnation),
    )
    _lapse(connection, now)
    ids = fresh_ids(connection)
    answer: dict[str, Identity] = {}
    strangers = []
    for place in {place.key: replace(place, name=clean(place.name)) for place in places}.values():
        row = _bound(connection, server, incarnation, place)
        if row is None or row.status == "reserved" or (row.status == "ended" and now - row.changed > ENDED_ECHO):
            strangers.append(place)
        elif row.status == "live":
            # Who knows of no agent there says nothing of a row that another process has bound to its pane.
            is_behind = bool(row.bound_pane) and place.bound_pane is None
            if not is_behind and (row.tmux_name, row.bound_pane) != (place.name, place.bound_pane or ""):
                _bind(connection, row.session_id, incarnation, place, now)
            answer[place.key] = Identity(row.session_id, Claim.KNOWN)
        elif row.status == "stale":
            _bind(connection, row.session_id, incarnation, place, now)
            answer[place.key] = Identity(row.session_id, Claim.REVIVED)
    back = who_comes_back(strangers, _waiting(connection, server, now)) if strangers else {}
    for place in strangers:
        kept = back.get(place.key)
        if kept is not None:
            _bind(connection, kept.session_id, incarnation, place, now)
            answer[place.key] = Identity(kept.session_id, Claim.NEW if kept.is_new else Claim.REVIVED)
            continue
        promised = (given or {}).get(place.key)
        if promised is None or exists(connection, promised):
            promised = provisional_id(connection, server, incarnation, place.key) if is_provisional else next(ids)
        _insert(connection, promised, server, incarnation, place, now)
        answer[place.key] = Identity(promised, Claim.NEW)
    return answer


def move(connection: sqlite3.Connection, row: Session) -> None:
    """Note the tmux session and the own pane that a live row has by now; what another process bound is left alone."""
    connection.execute(
        "UPDATE OR IGNORE sessions SET tmux_id = ?, tmux_name = ?, bound_pane = ?"
        " WHERE session_id = ? AND status = 'live' AND incarnation = ?",
        (row.tmux_id or "", clean(row.tmux_name), row.bound_pane or "", row.session_id, row.incarnation),
    )


def adopt(
    connection: sqlite3.Connection,
    server: str,
    incarnation: str,
    place: SeenPlace,
    session_id: SessionId | None,
    now: float,
    *,
    is_restored: bool = False,
) -> Identity:
    """Bind a place to the identity that is named, else to the one that waits for its name, else to a new one.

    A row that was given to it meanwhile, as happens to whatever a look finds, gives way to an identity that is named.
    One that has ended may be named where it `is_restored` in a pane that was made for it.
    """
    name = clean(place.name)
    row = _bound(connection, server, incarnation, place)
    if row is not None and place.bound_pane is not None and row.bound_pane != place.bound_pane:
        row = None  # that of its tmux session, which shows another pane
    if row is not None and row.status == "live" and session_id in {None, row.session_id}:
        raise Refused(f"{name} is watched already, as {row.session_id}.")
    if session_id is not None:
        _check_free(connection, server, incarnation, place, session_id, is_restored=is_restored)
        if row is not None and row.session_id != session_id:
            # A row whose tmux session has another identity from now on is shown no more.
            connection.execute(
                "UPDATE sessions SET incarnation = '', tmux_id = '', bound_pane = '', changed = ?,"
                " status = CASE status WHEN 'live' THEN 'forgotten' ELSE status END WHERE session_id = ?",
                (now, row.session_id),
            )
        _bind(connection, session_id, incarnation, place, now)
        return Identity(session_id, Claim.REVIVED)
    if row is not None and row.status == "forgotten":
        _bind(connection, row.session_id, incarnation, place, now)
        return Identity(row.session_id, Claim.REVIVED)
    kept = [
        SessionId(found)
        for (found,) in connection.execute(
            "SELECT session_id FROM sessions WHERE server = ? AND status = 'stale' AND tmux_name = ? ORDER BY seq",
            (server, name if place.is_first else None),
        )
    ]
    if len(kept) > 1:
        raise Refused(f"{len(kept)} sessions wait for the name {name}: {', '.join(kept)}.", hint="Say which with --as.")
    if kept:
        _bind(connection, kept[0], incarnation, place, now)
        return Identity(kept[0], Claim.REVIVED)
    fresh = next(fresh_ids(connection))
    _insert(connection, fresh, server, incarnation, place, now)
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
    if session_id is None:
        # The first of several, for it has the identity of the tmux session.
        stale = [row for row in _waiting(connection, server, now) if not row.is_reserved and row.name == name]
        session_id = stale[0].session_id if stale else None
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


def forget(connection: sqlite3.Connection, session_id: SessionId, now: float, *, is_merged: bool = False) -> None:
    """Show a row no more; its pane, or the tmux session in which it was the only row, is not claimed again.

    One that `is_merged` into the other rows of its tmux session says nothing of those.
    """
    is_alone = (
        "NOT EXISTS (SELECT 1 FROM sessions AS other WHERE other.status = 'live' AND other.server = sessions.server"
        " AND other.incarnation = sessions.incarnation AND other.tmux_id = sessions.tmux_id"
        " AND other.session_id != sessions.session_id)"
    )
    found = connection.execute(
        "UPDATE sessions SET status = 'forgotten', changed = :now,"  # noqa: S608 — our own words
        " tmux_id = CASE WHEN :is_merged THEN '' ELSE tmux_id END,"
        f" bound_pane = CASE WHEN :is_merged OR {is_alone} THEN '' ELSE bound_pane END WHERE session_id = :session_id",
        {"now": now, "session_id": session_id, "is_merged": is_merged},
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


def _bound(connection: sqlite3.Connection, server: str, incarnation: str, place: SeenPlace) -> _Row | None:
    """The row that counts of those ever bound to a place: the live one, else the stale one, else the latest.

    A pane is its own row's, else that of the tmux session; a tmux session is anybody's who lives in it.
    """
    found = connection.execute(
        _ROW + " WHERE server = :server AND incarnation = :incarnation AND (bound_pane = :own"
        " OR (tmux_id = :tmux_id AND (bound_pane = '' OR (:own = '-' AND status = 'live'))))"
        " ORDER BY CASE status WHEN 'live' THEN 0 WHEN 'stale' THEN 1 ELSE 2 END, bound_pane = :own DESC, seq DESC",
        {"server": server, "incarnation": incarnation, "own": place.bound_pane or "-", "tmux_id": place.tmux_id},
    ).fetchone()
    return _Row(*found) if found else None


def _waiting(connection: sqlite3.Connection, server: str, now: float) -> list[WaitingRow]:
    """The rows that wait for their tmux session: reservations, then stale ones."""
    return [
        _waiting_row(*row)
        for row in connection.execute(
            "SELECT session_id, status, coalesce(reserved_name, tmux_name), reserved_from, body FROM sessions"
            " WHERE server = ? AND (status = 'stale' OR (status = 'reserved' AND changed > ?))"
            " ORDER BY status != 'reserved', seq",
            (server, now - RESERVATION_LASTS),
        )
    ]


def _waiting_row(session_id: str, status: str, name: str, reserved_from: str | None, body: str) -> WaitingRow:
    try:
        told = read_object(body)
    except BadRow:
        told = {}
    return WaitingRow(
        session_id=SessionId(session_id),
        name=name,
        is_reserved=status == "reserved",
        is_new=status == "reserved" and reserved_from is None,
        was_alone=told.get("rows_in_session", 1) == 1,
        window_name=str(told.get("window_name") or ""),
        place=f"{told.get('window_index', 0)}.{told.get('pane_index', 0)}",
        cwd=str(told.get("cwd") or ""),
        conversation=str(told.get("conversation") or told.get("agent_session_id") or ""),
    )


def _insert(
    connection: sqlite3.Connection,
    session_id: SessionId,
    server: str,
    incarnation: str,
    place: SeenPlace,
    now: float,
) -> None:
    body = {
        "created_at": datetime.fromtimestamp(place.created, UTC),
        "last_activity_at": datetime.fromtimestamp(now, UTC),
    }
    connection.execute(
        "INSERT INTO sessions (session_id, server, tmux_name, incarnation, tmux_id, bound_pane, status, body, changed)"
        " VALUES (?, ?, ?, ?, ?, ?, 'live', ?, ?)",
        (session_id, server, clean(place.name), incarnation, place.tmux_id, place.bound_pane or "", as_json(body), now),
    )


def _bind(
    connection: sqlite3.Connection, session_id: SessionId, incarnation: str, place: SeenPlace, now: float
) -> None:
    connection.execute(
        "UPDATE sessions SET status = 'live', incarnation = ?, tmux_id = ?, bound_pane = ?, tmux_name = ?,"
        " reserved_from = NULL, reserved_name = NULL, changed = ? WHERE session_id = ?",
        (incarnation, place.tmux_id, place.bound_pane or "", clean(place.name), now, session_id),
    )


def _check_free(
    connection: sqlite3.Connection,
    server: str,
    incarnation: str,
    place: SeenPlace,
    session_id: SessionId,
    *,
    is_restored: bool,
) -> None:
    """Whether an identity can be given to a place: it is stale, or was detached. Raises what is in the way."""
    row = connection.execute(
        "SELECT status, server, incarnation, tmux_id FROM sessions WHERE session_id = ?", (session_id,)
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no session {session_id}.", hint="`quarterdeck ls --all` lists stale sessions.")
    status, kept_server, *bound = row
    if status not in {"stale", "forgotten"} and not (status == "ended" and is_restored):
        raise Refused(f"{session_id} is {status}: only a stale or detached session can be taken up again.")
    if kept_server != server:
        raise Refused(f"{session_id} belongs to another tmux server ({kept_server}).")
    if status == "forgotten" and bound[0] == incarnation and bound[1] != place.tmux_id:
        raise Refused(f"{session_id} was detached from another session of this server.")
