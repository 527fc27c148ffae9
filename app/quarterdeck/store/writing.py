"""Values as the text that is kept: JSON, RFC 3339 times, and nothing that UTF-8 cannot hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime


def clean(text: str) -> str:
    """The text without lone surrogates, which no database takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def rfc3339(at: datetime) -> str:
    """A time in UTC, as `2026-11-21T10:15:00.5Z` is written."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def as_json(value: object) -> str:
    """A frozen value, with everything in it, as JSON."""
    return clean(json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":")))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return rfc3339(value)
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        return sorted(value)
    return str(value)
