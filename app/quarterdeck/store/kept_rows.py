"""Values as the text that is kept, and sessions and thoughts as they are read back from it.

It is JSON with RFC 3339 times and nothing that UTF-8 cannot hold. What fits is taken, what is missing takes its
default, and what cannot be read is set aside. The first frame reads them in a few milliseconds, and judges little.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from msgspec import Struct, convert, to_builtins
from msgspec.json import Decoder, encode
from msgspec.structs import asdict, replace

from quarterdeck.core.session import Session, SessionState, Source
from quarterdeck.core.session_ends import as_stale
from quarterdeck.core.thought import ThoughtSnapshot
from quarterdeck.store.glances import open_read_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)

V = TypeVar("V", bound=Struct)
K = TypeVar("K")
Known = dict[str, tuple[int, K]]
"""What was read before, by key, and the hash of the row it was read from: most rows are as they were."""

ROW_COLUMNS = ("session_id", "tmux_server", "tmux_name", "incarnation", "tmux_id", "bound_pane")
"""What of a session the columns of its row tell, in that order."""
OLD_CONVERSATION = "agent_session_id"
"""What `conversation` was called in what was kept until November 2026."""
_OBJECT = Decoder(dict[str, Any])


class BadRow(ValueError):
    """What was kept cannot be understood."""


def clean(text: str) -> str:
    """The text without lone surrogates, which no database takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def as_json(value: object) -> str:
    """A frozen value, with everything in it, as JSON."""
    try:
        return encode(value).decode()
    except UnicodeEncodeError:
        return clean(json.dumps(to_builtins(value), ensure_ascii=False, separators=(",", ":")))


def read_session(body: str, columns: Mapping[str, object]) -> Session:
    """A session from its JSON; the columns of its row have the last word. Raises BadRow."""
    return session_of(read_object(body) | dict(columns))


def read_thought(body: str) -> ThoughtSnapshot:
    """A thought snapshot from its JSON. Raises BadRow."""
    return _read(ThoughtSnapshot, read_object(body))


def set_aside(connection: sqlite3.Connection, table: str, bad: Iterable[tuple[str, str]], now: float) -> None:
    """Move what could not be understood, by key and reason, out of the way; the identity of a session stays."""
    key, rest = "key", "DELETE FROM thoughts WHERE key = ?"
    if table == "sessions":
        key, rest = "session_id", "UPDATE sessions SET body = '{}' WHERE session_id = ?"
    kept = f"SELECT ?, '{table}', {key}, ?, body FROM {table} WHERE {key} = ?"  # noqa: S608 — our own names
    for name, reason in bad:
        connection.execute(
            f"INSERT INTO set_aside (at, came_from, key, reason, body) {kept}", (now, clean(reason), name)
        )
        connection.execute(rest, (name,))


def read_object(body: str) -> dict[str, Any]:
    """What was kept of a value, not judged yet. Raises BadRow."""
    try:
        return _OBJECT.decode(body)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadRow(str(error)) from error


def session_of(found: dict[str, Any]) -> Session:
    """The session that an object stands for. Raises BadRow."""
    if OLD_CONVERSATION in found:
        found.setdefault("conversation", found.pop(OLD_CONVERSATION))
    return _read(Session, found)


def _read(kind: type[V], found: dict[str, Any]) -> V:
    try:
        return _in_utc(convert(found, kind, strict=False))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadRow(str(error)) from error


def _in_utc(value: V) -> V:
    """Times of other zones, which only others write, as ours; raises OverflowError for one that UTC does not have."""
    changed: dict[str, Any] = {}
    for name, held in asdict(value).items():
        if isinstance(held, datetime):
            if held.tzinfo is not UTC:
                changed[name] = held.astimezone(UTC)
        elif isinstance(held, Struct):
            inner = _in_utc(held)
            if inner is not held:
                changed[name] = inner
    return replace(value, **changed) if changed else value


class FirstRead(NamedTuple):
    """The sessions that could be read, and the small values that are kept by name."""

    sessions: tuple[Session, ...] = ()
    """The live and the stale ones of a server."""
    meta: Mapping[str, str] = {}


def first_read(path: Path, server: str) -> FirstRead:
    """Read what can be read; whatever is wrong with the rest is said by whoever opens the database in earnest."""
    if not path.exists():
        return FirstRead()
    try:
        with contextlib.closing(open_read_only(path)) as connection:
            meta = dict(connection.execute("SELECT key, value FROM meta"))
            return FirstRead(tuple(_shown(connection, server)), meta)
    except (OSError, sqlite3.Error, UnicodeDecodeError):
        logger.debug("nothing is known for the first frame", exc_info=True)
        return FirstRead()


def _shown(connection: sqlite3.Connection, server: str) -> Iterator[Session]:
    rows = connection.execute(
        "SELECT session_id, server, tmux_name, incarnation, nullif(tmux_id, ''), nullif(bound_pane, ''),"
        " coalesce(reserved_from, status), body"
        " FROM sessions WHERE coalesce(reserved_from, status) IN ('live', 'stale') AND server = ? ORDER BY seq",
        (server,),
    )
    for *told, status, body in rows:
        try:
            found = read_object(body) | dict(zip(ROW_COLUMNS, told, strict=True))
            found["state_evidence"]["source"] = Source.RESTORED.value
            session = session_of(found)
            if status == "stale":
                session = as_stale(session)
        except (BadRow, TypeError, AttributeError, KeyError):
            # Shown as one that nothing is known of.
            continue
        if status == "stale" or (not session.is_stale and session.state is not SessionState.EXITED):
            yield session
