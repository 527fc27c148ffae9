"""How often what tells an agent's state was a hook, a title, a screen, …: counts of the last day, hour by hour."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from quarterdeck.core.session import Confidence

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.session import Session

HOURS_KEPT = 24
MOST_NAMES = 200
"""Agents and sources of one hour; what is kept may be anybody's."""
UNSURE = "unsure"
"""Stands in the place of a source where the state was shown as unsure."""

Counts = dict[str, Counter[str]]
"""Agent's name → source → how many states."""


class SourceCounts:
    """Takes in each state that a row came into, and forgets it after a day."""

    def __init__(self) -> None:
        self._hours: dict[int, Counter[tuple[str, str]]] = {}

    def add(self, session: Session, at: datetime) -> None:
        """A row has come into another state."""
        if session.tool:
            unsure = session.state_evidence.confidence is Confidence.LOW
            source = UNSURE if unsure else session.state_evidence.source.value
            self._hours.setdefault(_hour(at), Counter())[session.tool, source] += 1

    def take(self, kept: object) -> None:
        """Add what `written` gave earlier; what is not of its form is left out."""
        for hour, rows in kept.items() if isinstance(kept, dict) else ():
            if not str(hour).isdecimal() or not isinstance(rows, list):
                continue
            counts = self._hours.setdefault(int(hour), Counter())
            for row in rows[:MOST_NAMES]:
                match row:
                    case [str(agent), str(source), int(count)] if 0 < count < 10**9:
                        counts[agent[:80], source[:20]] += count

    def written(self, now: datetime) -> Mapping[str, list[tuple[str, str, int]]]:
        """The last day, as JSON can hold it."""
        self._forget(now)
        return {
            str(hour): [(agent, source, count) for (agent, source), count in counts.most_common(MOST_NAMES)]
            for hour, counts in sorted(self._hours.items())
        }

    def day(self, now: datetime) -> Counts:
        """What each agent's states of the last day came from."""
        self._forget(now)
        found: Counts = {}
        for counts in self._hours.values():
            for (agent, source), count in counts.items():
                found.setdefault(agent, Counter())[source] += count
        return found

    def _forget(self, now: datetime) -> None:
        oldest = _hour(now - timedelta(hours=HOURS_KEPT))
        self._hours = {hour: counts for hour, counts in self._hours.items() if oldest <= hour <= _hour(now)}


def _hour(at: datetime) -> int:
    return int(at.timestamp() // 3600)
