"""Values as the text that is kept, and sessions and thoughts as they are read back from it.

It is JSON with RFC 3339 times and nothing that UTF-8 cannot hold. What fits is taken, what is missing takes its
default, and what cannot be read is set aside.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, convert, to_builtins
from msgspec.json import Decoder, encode
from msgspec.structs import asdict, replace

from quarterdeck.core.session import Session
from quarterdeck.core.thought import ThoughtSnapshot

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

V = TypeVar("V", bound=Struct)
K = TypeVar("K")
Known = dict[str, tuple[int, K]]
"""What was read before, by key, and the hash of the row it was read from: most rows are as they were."""

COLUMNS = ("session_id", "tmux_server", "tmux_name", "incarnation", "tmux_id")
"""What of a session the columns of its row tell, in that order."""
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
