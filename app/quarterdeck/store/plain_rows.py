"""Kept values read back the quick way: those that are exactly as we write them.

pydantic takes 110 ms to import, so it judges only what is not.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from quarterdeck.core import session as values
from quarterdeck.core.session import ActionCue, Ask, Evidence
from quarterdeck.core.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

V = TypeVar("V")


class NotPlain(ValueError):
    """A value is not as we write it."""


def read_plain(kind: type[V], found: Mapping[str, object]) -> V:
    """A frozen value from the object that was kept of it; what is missing takes its default. Raises NotPlain."""
    try:
        taken = {}
        for name, exact, read in _readers(cast("Any", kind)):
            if name in found:
                value = found[name]
                # Most are texts and numbers that are taken as they are, and there are thousands of them.
                taken[name] = value if type(value) is exact else read(value)
        return kind(**taken)
    except (ValueError, TypeError, OverflowError) as error:
        raise NotPlain(str(error)) from error


@cache
def _readers(kind: Any) -> list[tuple[str, type | None, Callable[[Any], Any]]]:
    """For each field the type that needs no reading, and how others are read."""
    told = [(field.name, cast("str", field.type)) for field in fields(kind)]
    return [(name, _AS_IT_IS.get(text.removesuffix(" | None")), _reader(text)) for name, text in told]


def _reader(annotation: str) -> Callable[[Any], Any]:
    plain = annotation.removesuffix(" | None")
    if plain.startswith("tuple["):
        read = _tuple_of(_reader(plain.removeprefix("tuple[").removesuffix("]").removesuffix(", ...")))
    elif plain in _READERS:
        read = _READERS[plain]
    else:
        read = getattr(values, plain)  # One of the enums: called with what is not one of theirs it raises ValueError.
    return read if plain == annotation else lambda value: None if value is None else read(value)


def _tuple_of(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read_all(value: Any) -> Any:
        if type(value) is not list:
            raise NotPlain("no list")
        return tuple(read(each) for each in value)

    return read_all


def _exactly(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        # Not isinstance: a bool is an int there.
        if type(value) is not kind:
            raise NotPlain(f"no {kind.__name__}")
        return value

    return read


def _nested(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise NotPlain("no object")
        return read_plain(kind, value)

    return read


def _moment(value: Any) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise NotPlain("a time of nowhere")
    return at.astimezone(UTC)


def _number(value: Any) -> float:
    if type(value) not in {int, float}:
        raise NotPlain("no number")
    return float(value)


_AS_IT_IS = {
    "str": str,
    "SessionId": str,
    "PaneId": str,
    "TmuxSessionId": str,
    "int": int,
    "bool": bool,
    "float": float,
}
_text = _exactly(str)
_READERS: dict[str, Callable[[Any], Any]] = {
    "str": _text,
    "SessionId": _text,
    "PaneId": _text,
    "TmuxSessionId": _text,
    "int": _exactly(int),
    "float": _number,
    "bool": _exactly(bool),
    "datetime": _moment,
    "dict[str, Any]": _exactly(dict),
    "Evidence": _nested(Evidence),
    "Ask": _nested(Ask),
    "ActionCue": _nested(ActionCue),
    "Work": _nested(Work),
}
"""By the annotation of the field."""
