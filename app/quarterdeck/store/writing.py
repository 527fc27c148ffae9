"""Values as the text that is kept: JSON, RFC 3339 times, and nothing that UTF-8 cannot hold."""

from __future__ import annotations

import json

from msgspec import to_builtins
from msgspec.json import encode


def clean(text: str) -> str:
    """The text without lone surrogates, which no database takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def as_json(value: object) -> str:
    """A frozen value, with everything in it, as JSON."""
    try:
        return encode(value).decode()
    except UnicodeEncodeError:
        return clean(json.dumps(to_builtins(value), ensure_ascii=False, separators=(",", ":")))
