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
    names, every = _readers(cast("Any", kind))
    try:
        if tuple(found) == names:
            # As we wrote it, whole and in order, and there may be thousands: no field is looked up by its name.
            made = object.__new__(kind)
            for (put, exact, is_optional, read), value in zip(every, found.values(), strict=True):
                put(made, value if type(value) is exact or (value is None and is_optional) else read(value))
            return made
        taken = {}
        for name, (_, exact, is_optional, read) in zip(names, every, strict=True):
            if name in found:
                value = found[name]
                as_it_is = type(value) is exact or (value is None and is_optional)
                taken[name] = value if as_it_is else read(value)
        return kind(**taken)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise NotPlain(str(error)) from error


_Reader = tuple["Callable[[Any, Any], None]", type | None, bool, "Callable[[Any], Any]"]
"""How a field is put in its place, the type that needs no reading, whether it may be nothing, how others are read."""


@cache
def _readers(kind: Any) -> tuple[tuple[str, ...], list[_Reader]]:
    """The names of the fields, and how each is read."""
    told = [(field.name, cast("str", field.type)) for field in fields(kind)]
    plain = [(name, text.removesuffix(" | None"), text.endswith(" | None")) for name, text in told]
    every = [(getattr(kind, name).__set__, _AS_IT_IS.get(text), may_be, _reader(text)) for name, text, may_be in plain]
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
