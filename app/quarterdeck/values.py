"""`@value`: what `@dataclass(frozen=True, slots=True)` makes, for the many classes that every start makes anew.

The dataclass compiles six methods for each class, which took a fifth of the time of `ls`. Here `__init__` is compiled
when the first value is made, what compares when two are first compared, and the others are the same for all.
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar, cast, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_put = object.__setattr__


@overload
def value(cls: type[T], /) -> type[T]: ...
@overload
def value(*, kw_only: bool) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T] | None = None, /, *, kw_only: bool = False) -> type[T] | Callable[[type[T]], type[T]]:
    """Make a class of values that are equal when their fields are, and never change.

    Of the options of `field` it takes `default` and `default_factory`. `replace`, `fields`, `asdict`, patterns, copies
    and pickles work as with a dataclass.
    """

    def made(cls: type[T]) -> type[T]:
        # The dataclass reads the fields and makes the slots; nothing of that is compiled.
        done = cast("Any", dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls))
        done.__init__ = _begin
        done.__eq__, done.__hash__ = _equal, _hash
        done.__setattr__, done.__delattr__ = _refuse_to_set, _refuse_to_delete
        done.__getstate__, done.__setstate__ = _state, _set_state
        if "__repr__" not in vars(done):
            done.__repr__ = _in_words
        return cast("type[T]", done)

    return made if cls is None else made(cls)


def _begin(self: Any, *given: object, **named: object) -> None:
    _compile_init(type(self))
    self.__init__(*given, **named)


def _compile_init(cls: Any) -> None:
    """Put the real `__init__` in the place of the one that asked for it."""
    known: dict[str, Any] = {"_MISSING": MISSING}
    parameters, named, body = ["self"], ["*"], []
    for each in fields(cls):
        given = parameter = each.name
        if each.default is not MISSING:
            known[f"_default_{given}"] = each.default
            parameter += f"=_default_{given}"
        elif each.default_factory is not MISSING:
            known[f"_make_{given}"] = each.default_factory
            parameter += "=_MISSING"
            given = f"_make_{given}() if {given} is _MISSING else {given}"
        (named if each.kw_only else parameters).append(parameter)
        # The slot itself takes half the time of `object.__setattr__`, which has to look for it.
        known[f"_put_{each.name}"] = getattr(cls, each.name).__set__
        body.append(f" _put_{each.name}(self, {given})")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    head = ", ".join(parameters + (named if len(named) > 1 else []))
    # Of the names of fields alone, as the dataclass does it.
    exec("\n".join((f"def __init__({head}):", *body, " pass")), known)  # noqa: S102
    cls.__init__ = known["__init__"]


def _equal(self: object, other: object) -> bool:
    _compile_comparing(type(self))
    return self == other


def _hash(self: object) -> int:
    _compile_comparing(type(self))
    return hash(self)


def _compile_comparing(cls: Any) -> None:
    """Put the real methods in the place of those that asked for them."""
    mine, theirs = ("".join(f"{it}.{each.name}, " for each in fields(cls)) for it in ("self", "other"))
    lines = (
        "def __eq__(self, other):",
        f" return ({mine}) == ({theirs}) if other.__class__ is self.__class__ else NotImplemented",
        "def __hash__(self):",
        f" return hash(({mine}))",
    )
    made: dict[str, Any] = {}
    exec("\n".join(lines), made)  # noqa: S102 - as for `__init__`
    cls.__eq__, cls.__hash__ = made["__eq__"], made["__hash__"]


def _in_words(self: Any) -> str:
    return f"{type(self).__qualname__}({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in fields(self))})"


def _refuse_to_set(self: Any, name: str, _: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:
    return [getattr(self, each.name) for each in fields(self)]


def _set_state(self: Any, state: list[object]) -> None:
    for each, held in zip(fields(self), state, strict=True):
        _put(self, each.name, held)
