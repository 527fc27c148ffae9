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
        for name, exact, is_optional, read in _readers(cast("Any", kind)):
            if name in found:
                value = found[name]
                # Most are nothing, or texts and numbers that are taken as they are, and there are thousands of them.
                as_it_is = type(value) is exact or (value is None and is_optional)
                taken[name] = value if as_it_is else read(value)
        return kind(**taken)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise NotPlain(str(error)) from error


@cache
def _readers(kind: Any) -> list[tuple[str, type | None, bool, Callable[[Any], Any]]]:
    """For each field the type that needs no reading, whether it may be nothing, and how others are read."""
    told = [(field.name, cast("str", field.type)) for field in fields(kind)]
    plain = [(name, text.removesuffix(" | None"), text.endswith(" | None")) for name, text in told]
    return [(name, _AS_IT_IS.get(text), is_optional, _reader(text)) for name, text, is_optional in plain]


def _reader(annotation: str) -> Callable[[Any], Any]:
    if annotation.startswith("tuple["):
        return _tuple_of(_reader(annotation.removeprefix("tuple[").removesuffix("]").removesuffix(", ...")))
    if annotation in _READERS:
        return _READERS[annotation]
    # One of the enums. What is not one of theirs raises KeyError.
    return {member.value: member for member in getattr(values, annotation)}.__getitem__


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
    return at if at.tzinfo is UTC else at.astimezone(UTC)


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
