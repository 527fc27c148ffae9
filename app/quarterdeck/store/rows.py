"""Sessions and thoughts as they are read back. What is exactly as we write it is taken as it is; the rest is judged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from quarterdeck.core.session import Session
from quarterdeck.core.thought import ThoughtSnapshot
from quarterdeck.store.plain_rows import NotPlain, read_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

V = TypeVar("V", Session, ThoughtSnapshot)
K = TypeVar("K")
Known = dict[str, tuple[int, K]]
"""What was read before, by key, and the hash of the row it was read from: most rows are as they were."""


class BadRow(ValueError):
    """What was kept cannot be understood."""


def read_session(body: str, columns: Mapping[str, object]) -> Session:
    """A session from its JSON; the columns of its row have the last word. Raises BadRow."""
    return _read(Session, body, columns)


def read_thought(body: str) -> ThoughtSnapshot:
    """A thought snapshot from its JSON. Raises BadRow."""
    return _read(ThoughtSnapshot, body, {})


def _read(kind: type[V], body: str, columns: Mapping[str, object]) -> V:
    try:
        found = json.loads(body)
        if not isinstance(found, dict):
            raise BadRow("it is no object")
        try:
            return read_plain(kind, found | dict(columns))
        except NotPlain:
            # pydantic takes 110 ms to import: nobody pays whose rows were written by us and not touched since.
            from quarterdeck.store.row_models import validated

            return validated(kind, found | dict(columns))
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadRow(str(error)) from error
