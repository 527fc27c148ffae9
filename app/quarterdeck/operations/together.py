"""The same done to several sessions at once: one that fails does not stop the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from quarterdeck.errors import QuarterdeckError, raise_together

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable
    from typing import Any

T = TypeVar("T")


async def all_at_once(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What each answered. What failed is raised as one error once all are over."""
    # One that the operator has stopped while it waited for its turn is cancelled, and no failure.
    done = await asyncio.gather(*works, return_exceptions=True)
    for each in done:
        if isinstance(each, Exception) and not isinstance(each, QuarterdeckError):
            raise each
    raise_together([each for each in done if isinstance(each, QuarterdeckError)])
    return [each for each in done if not isinstance(each, BaseException)]
