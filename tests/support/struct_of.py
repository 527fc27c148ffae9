"""Values for properties to hold of."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def struct_of(
    kind: Callable[..., T], /, *first: st.SearchStrategy[object], **fields: st.SearchStrategy[object]
) -> st.SearchStrategy[T]:
    """Structs with these fields. `st.builds` reads the types of all, and some are named for the type checker alone."""
    return st.tuples(st.tuples(*first), st.fixed_dictionaries(fields)).map(lambda held: kind(*held[0], **held[1]))
