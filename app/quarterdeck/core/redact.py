"""Secrets taken out of what is written down."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Set

REDACTED = "[redacted]"
TEXT_LIMIT = 500
"""Characters kept of a summary, and of each text in an event's data."""
DEPTH_LIMIT = 20
_READ_LIMIT = 4 * TEXT_LIMIT
"""Characters looked at; what lies behind them is cut off anyway, with room for a secret that the cut would halve."""

_SECRET_NAME = re.compile(
    r"token|passw(or)?d|passphrase|secret|authorization|cookie|api[ _-]?key|private[ _-]?key",
    re.IGNORECASE,
)
_SHAPES = tuple(
    (re.compile(pattern, flags), replacement)
    for pattern, flags, replacement in (
        # Keys and certificates in PEM form, also when their end was cut off.
        (r"-----BEGIN [A-Z ]{1,40}-----.*?(?:-----END [A-Z ]{1,40}-----|\Z)", re.DOTALL, REDACTED),
        # user:password@ in addresses.
        (r"(\b[a-z][a-z0-9+.-]{0,20}://)[^\s/@]{1,300}@", re.IGNORECASE, rf"\1{REDACTED}@"),
        (r"(\b(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?)[^\r\n\"']{1,400}", re.IGNORECASE, rf"\1{REDACTED}"),
        (r"(\bbearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE, rf"\1{REDACTED}"),
        (r"\bgh[opusr]_[A-Za-z0-9]{16,}", 0, REDACTED),
        (r"\bgithub_pat_\w{20,}", 0, REDACTED),
        (r"\bglpat-[\w-]{16,}", 0, REDACTED),
        (r"\bsk-[A-Za-z0-9_-]{16,}", 0, REDACTED),
        (r"\bxox[a-z]-[\w-]{10,}", 0, REDACTED),
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", 0, REDACTED),
        (r"\bAIza[\w-]{30,}", 0, REDACTED),
        (r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*", 0, REDACTED),
        # NAME=value, name: value, and "name": "value", where the name says that it is a secret.
        (
            r"""(?<![\w-])([\w-]{0,40}?(?:password|passwd|passphrase|secret|api[_-]?key|(?<![a-z])token(?!s)|access[_-]?key|cookie)
            [\w-]{0,20}["']?\s{0,3}[=:]\s{0,3})(?:"[^"\r\n]{1,300}"|'[^'\r\n]{1,300}'|[^\s"',;&]{3,300})""",
            re.IGNORECASE | re.VERBOSE,
            rf"\1{REDACTED}",
        ),
    )
)


def redact(text: str) -> str:
    """The text with everything that looks like a secret replaced."""
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


_OPAQUE = re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9+]{32,}(?:={1,2}|\b)")


def redact_firmly(text: str) -> str:
    """As `redact`, and without long words of letters and digits either: for what leaves us or stands in a row."""
    return _OPAQUE.sub(REDACTED, redact(text))


def safe_summary(text: str) -> str:
    """A summary on one line, without secrets, and cut to what a list can show."""
    return _cut(redact(" ".join(text[:_READ_LIMIT].split())))


def safe_data(value: object) -> object:
    """Any value as JSON can hold it: secrets out, texts cut, and neither circles nor depth without end."""
    return _safe(value, ())


def _safe(value: object, inside: tuple[int, ...]) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _cut(redact(value[:_READ_LIMIT]))
    if isinstance(value, int):
        # Other readers of JSON hold every number as a float.
        return int(value) if abs(value) < 2**53 else hex(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if not isinstance(value, Mapping | list | tuple | Set):
        return _cut(redact(str(value)[:_READ_LIMIT]))
    if id(value) in inside:
        return "[circular]"
    if len(inside) >= DEPTH_LIMIT:
        return "[too deep]"
    inside = (*inside, id(value))
    if isinstance(value, Mapping):
        return {
            _cut(redact(str(key)[:_READ_LIMIT])): REDACTED if _is_secret(key, item) else _safe(item, inside)
            for key, item in value.items()
        }
    return [_safe(item, inside) for item in (sorted(value, key=str) if isinstance(value, Set) else value)]


def _is_secret(key: object, item: object) -> bool:
    # A number under such a name counts something (`token_count`).
    return bool(item) and not isinstance(item, int | float) and _SECRET_NAME.search(str(key)) is not None


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 3] + "..."
