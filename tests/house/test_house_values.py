"""Values: frozen structs, and the way to have one with other fields."""

from __future__ import annotations

import pytest
from msgspec import Struct

from quarterdeck.values import replace


class Crate(Struct, frozen=True, kw_only=True):
    name: str
    length: int = 0


def test_a_value_does_not_change_and_another_is_made_from_it() -> None:
    held = Crate(name="a")

    longer = replace(held, length=3)

    assert (held, longer) == (Crate(name="a", length=0), Crate(name="a", length=3))
    assert len({held, longer, Crate(name="a")}) == 2
    with pytest.raises(AttributeError, match="immutable"):
        held.length = 4  # type: ignore[misc] # which is what is tried


def test_a_field_that_a_value_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="width"):
        replace(Crate(name="a"), width=1)  # type: ignore[call-arg] # mypy knows it, too
