"""The engine for title rules: what a pane's title says of the agent in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.agents.screen import SAYS, Meaning
from quarterdeck.core.reading import Reading
from quarterdeck.core.session import Confidence, Source

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence
    from datetime import datetime

FROZEN_AFTER = 5.0
"""Seconds: an agent that works shows something new at least this often."""
WORKING_LASTS = 30.0

SPINNER = r"[\u2800-\u28ff◐◓◑◒◴◷◶◵]"


class TitleRule(Struct, frozen=True, kw_only=True):
    """One rule on a pane's title."""

    id: str
    means: Meaning
    pattern: re.Pattern[str]
    exact: bool = True
    """False: the title only suggests it, and every other evidence goes first."""


def read_title(
    rules: Sequence[TitleRule], title: str, *, at: datetime, still_for: float | None = None
) -> Reading | None:
    """What the title says; None when no rule knows it."""
    title = title.strip()
    for rule in rules:
        found = rule.pattern.search(title)
        if not found:
            continue
        state, needs = SAYS[rule.means]
        working = rule.means is Meaning.WORKING
        frozen = working and still_for is not None and still_for >= FROZEN_AFTER
        certain = rule.exact and not frozen
        return Reading(
            source=Source.SIGNAL,
            state=state,
            cause=f"title_{rule.means.value}",
            confidence=Confidence.HIGH if certain else Confidence.LOW,
            at=at,
            detail=f"{rule.id} in title: {title[:100]}",
            needs=needs,
            lasts=WORKING_LASTS if working and certain else None if certain else 0.0,
        )
    return None
