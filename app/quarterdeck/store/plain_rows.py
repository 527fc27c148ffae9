"""Kept values read back the quick way: those that are exactly as we write them.

pydantic takes 110 ms to import, so it judges only what is not.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from quarterdeck.core import session as values
from quarterdeck.core.session import ActionCue, Ask, Evidence
from quarterdeck.core.work import Work
from quarterdeck.values import filled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

V = TypeVar("V")


class NotPlain(ValueError):
    """A value is not as we write it."""


def read_plain(kind: type[V], found: Mapping[str, object]) -> V:
    """A frozen value from the object that was kept of it; what is missing takes its default. Raises NotPlain."""
    names, every = _readers(cast("Any", kind))
    try:
        if tuple(found) == names:
            # As we wrote it, whole and in order, and there may be thousands: no field is looked up by its name.
            held = list(found.values())
            for place, read in _to_read(cast("Any", kind), tuple(map(type, held))):
                held[place] = read(held[place])
            return filled(kind, held)
        taken = {}
        for name, field in zip(names, every, strict=True):
            if name in found:
                value = found[name]
                taken[name] = value if field.takes(type(value)) else field.read(value)
        return kind(**taken)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise NotPlain(str(error)) from error


class _Field(NamedTuple):
    """One field of a kind of values."""

    exact: type | None
    """What needs no reading."""
    is_optional: bool
    read: Callable[[Any], Any]

    def takes(self, kind: type) -> bool:
        """Whether what is of this type is taken as it is."""
        return kind is self.exact or (kind is NoneType and self.is_optional)


@lru_cache(maxsize=256)
def _to_read(kind: Any, types: tuple[type, ...]) -> list[tuple[int, Callable[[Any], Any]]]:
    """The fields that are not taken as they are; rows whose fields have the same types have this in common."""
    _, every = _readers(kind)
    return [
        (place, field.read)
        for place, (field, told) in enumerate(zip(every, types, strict=True))
        if not field.takes(told)
    ]


@cache
def _readers(kind: Any) -> tuple[tuple[str, ...], list[_Field]]:
    """The names of the fields, and how each is read."""
    told = [(field.name, cast("str", field.type)) for field in fields(kind)]
    plain = [(name, text.removesuffix(" | None"), text.endswith(" | None")) for name, text in told]
    every = [_Field(_AS_IT_IS.get(text), may_be, _reader(text)) for _, text, may_be in plain]
    return tuple(name for name, _ in told), every


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
