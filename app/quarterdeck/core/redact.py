"""Secrets taken out of what is written down, and of what leaves the process."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Set
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from quarterdeck.core.secret_spans import secret_spans
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.secret_shapes import Span
    from quarterdeck.core.session import Ask, Session
    from quarterdeck.core.subagent import Subagent
    from quarterdeck.core.work import Work

REDACTED = "[redacted]"
TEXT_LIMIT = 500
"""Characters kept of a summary, and of each text in an event's data."""
DEPTH_LIMIT = 20
_READ_LIMIT = 4 * TEXT_LIMIT
"""Characters looked at; what lies behind them is cut off anyway, with room for a secret that the cut would halve."""

_SECRET_NAME = re.compile(
    r"token|passw(or)?d|passphrase|secret|authorization|cookie|credential|api[ _-]?key|private[ _-]?key",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_STAYS = re.compile(rf"{_COLOUR.pattern}|\n")


def redact(text: str) -> str:
    """The text with everything that looks like a secret replaced; colours and line breaks stay."""
    plain = _COLOUR.sub("", text) if "\x1b" in text else text
    spans = secret_spans(plain)
    if not spans:
        return text
    if plain is not text:
        spans = _among_colours(text, spans)
    kept: list[str] = []
    end = 0
    for start, stop in spans:
        kept += text[end:start], REDACTED, *_STAYS.findall(text, start, stop)
        end = stop
    return "".join((*kept, text[end:]))


_HASH = re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9+]{32,}(?:={1,2}|\b)")


def redact_firmly(text: str) -> str:
    """As `redact`, and without hashes either: in a row or for a model they say nothing, and keys may look like them."""
    return _HASH.sub(REDACTED, redact(text))


def _among_colours(text: str, spans: list[Span]) -> list[Span]:
    """Where in a coloured text the places of its plain one are."""
    # Pairs of a place in the plain text and how much further it is in the coloured one.
    starts, shifts, shift = [0], [0], 0
    for found in _COLOUR.finditer(text):
        starts.append(found.start() - shift)
        shift += len(found[0])
        shifts.append(shift)
    return [
        (start + shifts[bisect_right(starts, start) - 1], end + shifts[bisect_left(starts, end) - 1])
        for start, end in spans
    ]


def safe_summary(text: str) -> str:
    """A summary on one line, without secrets, and cut to what a list can show."""
    return _cut(redact(" ".join(text[:_READ_LIMIT].split())))


def safe_data(value: object, inside: tuple[int, ...] = ()) -> object:
    """Any value as JSON can hold it: secrets out, texts cut, and neither circles nor depth without end.

    `inside` tells the values around it, by their identity.
    """
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
            _cut(redact(str(key)[:_READ_LIMIT])): REDACTED if _is_secret(key, item) else safe_data(item, inside)
            for key, item in value.items()
        }
    return [safe_data(item, inside) for item in (sorted(value, key=str) if isinstance(value, Set) else value)]


def _is_secret(key: object, item: object) -> bool:
    # A number under such a name counts something (`token_count`).
    return bool(item) and not isinstance(item, int | float) and _SECRET_NAME.search(str(key)) is not None


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 3] + "..."


@lru_cache(maxsize=2048)
def masked(text: str) -> str:
    """The same as `redact`, remembered: rows are made again and again of the same words."""
    return redact(text)


def masked_ask(ask: Ask) -> Ask:
    """A question as it is shown and kept."""
    return replace(ask, text=masked(ask.text), choices=tuple(map(masked, ask.choices)))


def masked_session(session: Session) -> Session:
    """A session as it is listed and kept."""
    return replace(
        session,
        asks=masked_ask(session.asks) if session.asks is not None else None,
        state_evidence=replace(session.state_evidence, detail=masked(session.state_evidence.detail)),
        thought=masked_values(session.thought),
        title=masked(session.title),
        subagents=tuple(map(_masked_subagent, session.subagents)),
        work=masked_work(session.work) if session.work is not None else None,
    )


def _masked_subagent(subagent: Subagent) -> Subagent:
    return replace(subagent, name=masked(subagent.name), thought=masked_values(subagent.thought))


def masked_work(work: Work) -> Work:
    """A work record as a session shows it."""
    return replace(
        work,
        display_name=masked_values(work.display_name),
        prs=masked_values(work.prs),
        lifecycle=masked_values(work.lifecycle),
    )


def masked_values(value: Any) -> Any:
    """The same value with every text in it masked."""
    match value:
        case str():
            return masked(value)
        case dict():
            return {key: masked_values(each) for key, each in value.items()}
        case list() | tuple():
            return type(value)(masked_values(each) for each in value)
        case _:
            return value
