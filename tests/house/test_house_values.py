"""Values are what frozen dataclasses with slots are."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import Any

import pytest

from quarterdeck.values import value


@value
class Ours:
    one: int
    many: list[int] = field(default_factory=list)
    word: str = "w"


@dataclass(frozen=True, slots=True)
class Theirs:
    one: int
    many: list[int] = field(default_factory=list)
    word: str = "w"


@value(kw_only=True)
class OursNamed:
    word: str = "w"
    one: int

    def __post_init__(self) -> None:
        if self.one < 0:
            raise ValueError("less than nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class TheirsNamed:
    word: str = "w"
    one: int

    def __post_init__(self) -> None:
        if self.one < 0:
            raise ValueError("less than nothing")


@value
class OursEmpty:
    pass


@dataclass(frozen=True, slots=True)
class TheirsEmpty:
    pass


def pickled(held: object) -> object:
    return pickle.loads(pickle.dumps(held))  # noqa: S301 - of our own making


PAIRS = [
    pytest.param(Ours(1), Theirs(1), id="by position"),
    pytest.param(Ours(1, [2], word="x"), Theirs(1, [2], word="x"), id="given"),
    pytest.param(OursNamed(one=3), TheirsNamed(one=3), id="by name"),
    pytest.param(OursEmpty(), TheirsEmpty(), id="without fields"),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_a_value_is_what_the_dataclass_is(ours: Any, theirs: Any) -> None:
    def told(each: Any) -> object:
        kind = type(each)
        return (
            asdict(each),
            repr(each).replace("Theirs", "Ours"),
            [(one.name, one.kw_only) for one in fields(each)],
            kind.__match_args__,
            kind.__slots__,
            hasattr(each, "__dict__"),
            [same(each) == each for same in (copy.copy, copy.deepcopy, replace, pickled)],
            each != object(),
        )

    assert told(ours) == told(theirs)


def test_values_are_equal_and_hashed_by_their_fields_and_their_class() -> None:
    assert OursNamed(one=1) == OursNamed(word="w", one=1) != OursNamed(one=2)
    assert len({OursNamed(one=1), OursNamed(one=1), OursNamed(one=2), OursEmpty(), OursEmpty()}) == 3
    other: object = Theirs(1)
    assert Ours(1) != other
    assert Ours(1).many is not Ours(1).many
    with pytest.raises(TypeError, match="unhashable"):
        hash(Ours(1))


@pytest.mark.parametrize("name", ["one", "other"])
def test_a_value_does_not_change(name: str) -> None:
    held = OursNamed(one=1)

    with pytest.raises(FrozenInstanceError, match=f"assign to field '{name}'"):
        setattr(held, name, 2)
    with pytest.raises(FrozenInstanceError, match=f"delete field '{name}'"):
        delattr(held, name)
    assert held == OursNamed(one=1)


def test_what_is_missing_or_wrong_is_refused_when_it_is_made() -> None:
    made: Any = OursNamed

    with pytest.raises(TypeError, match="one"):
        made()
    with pytest.raises(TypeError, match="positional"):
        made("w", 1)
    with pytest.raises(TypeError, match="other"):
        made(one=1, other=2)
    with pytest.raises(ValueError, match="less than nothing"):
        made(one=-1)
