"""Reading values out of JSON that others wrote: whatever is missing or of another type is empty, never an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeGuard

TEXT_LENGTH = 4_000

Json = Mapping[str, object]
EMPTY: Json = {}


def is_object(value: object) -> TypeGuard[Json]:
    """Whether this is a JSON object."""
    return isinstance(value, Mapping)


def parse_object(text: str | bytes) -> Json | None:
    """A JSON object; None when the text is none."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if is_object(value) else None


def text_at(value: Json, *keys: str) -> str:
    """The text under a path of keys, or ""."""
    found = _at(value, keys)
    return found if isinstance(found, str) else ""


def number_at(value: Json, *keys: str) -> int:
    """The whole number under a path of keys, or 0."""
    found = _at(value, keys)
    return int(found) if isinstance(found, (int, float)) and not isinstance(found, bool) and abs(found) < 1e18 else 0


def object_at(value: Json, *keys: str) -> Json:
    """The object under a path of keys, or an empty one."""
    found = _at(value, keys)
    return found if is_object(found) else EMPTY


def objects_at(value: Json, *keys: str) -> list[Json]:
    """The objects in the list under a path of keys."""
    found = _at(value, keys)
    return [each for each in found if is_object(each)] if isinstance(found, list) else []


def time_at(value: Json, *keys: str) -> datetime | None:
    """The time under a path of keys: RFC 3339, or milliseconds since 1970."""
    found = _at(value, keys)
    try:
        if isinstance(found, str):
            time = datetime.fromisoformat(found.replace("Z", "+00:00"))
            return time if time.tzinfo else time.replace(tzinfo=UTC)
        if isinstance(found, (int, float)) and not isinstance(found, bool):
            return datetime.fromtimestamp(found / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _at(value: Json, keys: tuple[str, ...]) -> object:
    found: object = value
    for key in keys:
        if not is_object(found):
            return None
        found = found.get(key)
    return found
