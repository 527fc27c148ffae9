"""All that is kept as one JSON value, and back: what comes in is merged, and what is newer here stays."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from quarterdeck.errors import StoreError
from quarterdeck.ports.store import Activity
from quarterdeck.store import activity_log
from quarterdeck.store.kept_rows import as_json, clean, read_session, read_thought
from quarterdeck.store.migrations import SCHEMA_VERSION
from quarterdeck.store.session_ids import keep_counter, raise_counter
from quarterdeck.store.work import read_work

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

Json = dict[str, Any]
EXPORT_MARK: Final = "quarterdeck_export"
FORMAT: Final = 1

_QUERIES: Final = {
    "sessions": "SELECT session_id, server, tmux_name, status, state, needs, changed, body FROM sessions"
    " WHERE status IN ('live', 'stale', 'ended', 'forgotten') ORDER BY seq",
    "thoughts": "SELECT key, changed, body FROM thoughts ORDER BY key",
    "thought_history": "SELECT key, thought, body FROM thought_history ORDER BY id",
    "work": "SELECT session_id, project, changed, body FROM work ORDER BY seq",
    "events": "SELECT at, kind, level, source, session_id, project, summary, data FROM events ORDER BY id",
}


class Merged(Struct):
    """What came of an import."""

    added: Counter[str] = field(default_factory=Counter)
    """Rows that are new here, by table."""
    updated: Counter[str] = field(default_factory=Counter)
    """Rows that were older here."""
    kept: Counter[str] = field(default_factory=Counter)
    """Rows that were here already, as new or newer."""
    refused: list[str] = field(default_factory=list)
    """A sentence for each row that was left out."""


def export(connection: sqlite3.Connection) -> Json:
    """Everything that is kept of sessions, thoughts, work and events."""
    tables: Json = {}
    for table, query in _QUERIES.items():
        answer = connection.execute(query)
        names = [column[0] for column in answer.description]
        tables[table] = [_opened(dict(zip(names, row, strict=True))) for row in answer]
    return {
        EXPORT_MARK: FORMAT,
        "tables": SCHEMA_VERSION,
        "counters": dict(connection.execute("SELECT name, next FROM counters ORDER BY name")),
        "meta": dict(connection.execute("SELECT key, value FROM meta ORDER BY key")),
        **tables,
    }


def check(exported: object) -> Json:
    """What was read as JSON, if it is an export that this program understands; raises StoreError."""
    if not isinstance(exported, dict) or EXPORT_MARK not in exported:
        raise StoreError("This is no export of Quarterdeck.", hint="`quarterdeck export` makes one.")
    tables = exported.get("tables")
    if exported[EXPORT_MARK] != FORMAT or not isinstance(tables, int) or tables > SCHEMA_VERSION:
        raise StoreError("This was exported by a newer Quarterdeck.", hint="Update Quarterdeck on this machine.")
    return exported


def merge(connection: sqlite3.Connection, exported: Mapping[str, Any]) -> Merged:
    """Take in what is new or newer, in the one transaction that the caller has begun."""
    merged = Merged()
    others: set[str] = set()
    for table, take in _TAKERS.items():
        rows = exported.get(table)
        for row in rows if isinstance(rows, list) else ():
            try:
                if not isinstance(row, dict):
                    raise TypeError("it is no object")  # noqa: TRY301 - one way out for all
                outcome = take(connection, row, others)
            except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
                merged.refused.append(clean(f"{table}: {_name(row)} cannot be understood: {error!s:.200}"))
                continue
            if outcome is None:
                merged.refused.append(clean(f"{table}: {_name(row)} is the id of another session here."))
            else:
                getattr(merged, outcome)[table] += 1
    meta, counters = exported.get("meta"), exported.get("counters")
    for name, value in meta.items() if isinstance(meta, dict) else ():
        if isinstance(value, str):
            pair = clean(str(name)), clean(value)
            done = connection.execute("INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)", pair).rowcount
            (merged.added if done else merged.kept)["meta"] += 1
    for name, number in counters.items() if isinstance(counters, dict) else ():
        if isinstance(number, int) and 0 <= number < 1 << 31:
            raise_counter(connection, number, clean(str(name)))
    keep_counter(connection)
    return merged


def _session(connection: sqlite3.Connection, row: Json, others: set[str]) -> str | None:
    session_id, server, name = _text(row, "session_id"), _text(row, "server"), _text(row, "tmux_name")
    changed, body = _number(row, "changed"), as_json(row["body"])
    read_session(body, {"session_id": session_id, "tmux_server": server, "tmux_name": name})
    status = row["status"]
    if status not in {"live", "stale", "ended", "forgotten"}:
        raise ValueError(f"its status is {status!r}")
    state, needs = _text(row, "state"), row.get("needs")
    held = connection.execute(
        "SELECT server, tmux_name, status, changed FROM sessions WHERE session_id = ?", (session_id,)
    ).fetchone()
    if held is None:
        connection.execute(
            "INSERT INTO sessions (session_id, server, tmux_name, status, state, needs, body, changed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            # Nobody has seen it live here.
            (session_id, server, name, "stale" if status == "live" else status, state, needs, body, changed),
        )
        return "added"
    if held[:2] != (server, name):
        others.add(session_id)
        return None
    if held[2] == "live" or held[3] >= changed:
        return "kept"
    connection.execute(
        "UPDATE sessions SET state = ?, needs = ?, body = ?, changed = ? WHERE session_id = ?",
        (state, needs, body, changed, session_id),
    )
    return "updated"


def _thought(connection: sqlite3.Connection, row: Json, others: set[str]) -> str | None:
    key, changed, body = _text(row, "key"), _number(row, "changed"), as_json(row["body"])
    read_thought(body)
    return None if key in others else _newer(connection, "thoughts", {"key": key, "body": body, "changed": changed})


def _old_thought(connection: sqlite3.Connection, row: Json, others: set[str]) -> str | None:
    key, body = _text(row, "key"), as_json(row["body"])
    read_thought(body)
    if key in others:
        return None
    done = connection.execute(
        "INSERT OR IGNORE INTO thought_history (key, thought, body) VALUES (?, ?, ?)",
        (key, _text(row, "thought"), body),
    )
    return "added" if done.rowcount else "kept"


def _work(connection: sqlite3.Connection, row: Json, others: set[str]) -> str | None:
    session_id, changed, body = _text(row, "session_id"), _number(row, "changed"), as_json(row["body"])
    read_work(session_id, body)
    if session_id in others:
        return None
    project = _text(row, "project")
    return _newer(connection, "work", {"session_id": session_id, "body": body, "changed": changed, "project": project})


def _newer(connection: sqlite3.Connection, table: str, row: Json) -> str:
    """Keep a row, which its first column names, unless the one that is here is as new."""
    key, *others = row
    held = connection.execute(f"SELECT changed FROM {table} WHERE {key} = ?", (row[key],)).fetchone()  # noqa: S608 — our own names
    if held is not None and held[0] >= row["changed"]:
        return "kept"
    values, updates = ", ".join(f":{name}" for name in row), ", ".join(f"{name} = excluded.{name}" for name in others)
    insert = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"  # noqa: S608 — our own names
    connection.execute(f"{insert} ON CONFLICT ({key}) DO UPDATE SET {updates}", row)
    return "added" if held is None else "updated"


def _event(connection: sqlite3.Connection, row: Json, others: set[str]) -> str | None:
    session_id, project, data = row.get("session_id"), row.get("project"), row.get("data")
    if session_id in others:
        return None
    activity = Activity(
        kind=_text(row, "kind"),
        at=datetime.fromtimestamp(_number(row, "at"), UTC),
        level=activity_log.LEVELS[int(_number(row, "level"))],
        source=_text(row, "source"),
        session_id=session_id and clean(str(session_id)),
        project=project and clean(str(project)),
        summary=_text(row, "summary"),
        data=data if isinstance(data, dict) else {},
    )
    there = connection.execute(
        "SELECT 1 FROM events WHERE at = ? AND kind = ? AND session_id IS ? AND summary = ?",
        (activity.at.timestamp(), activity.kind, activity.session_id, activity.summary),
    ).fetchone()
    if there is not None:
        return "kept"
    activity_log.record(connection, activity)
    return "added"


_TAKERS: Final[Mapping[str, Callable[[sqlite3.Connection, Json, set[str]], str | None]]] = {
    "sessions": _session,
    "thoughts": _thought,
    "thought_history": _old_thought,
    "work": _work,
    "events": _event,
}
"""In this order, so that ids that mean another session here are known before what speaks of them."""


def _opened(row: Json) -> Json:
    """A row with the JSON in it as values."""
    for name in ("body", "data"):
        if name in row:
            try:
                row[name] = json.loads(row[name] or "{}")
            except ValueError:
                row[name] = {}
    return row


def _text(row: Json, name: str) -> str:
    if not isinstance(row[name], str):
        raise TypeError(f"{name} is no text")
    return clean(row[name])


def _number(row: Json, name: str) -> float:
    number = row[name]
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise TypeError(f"{name} is no number")
    return float(number)


def _name(row: object) -> str:
    found = row.get("session_id") or row.get("key") or row.get("kind") if isinstance(row, dict) else None
    return str(found or "a row")[:80]
