"""When a model may be asked: how often, at what cost, and how long after a failure."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.events import Health
from quarterdeck.core.foreign_json import parse_object
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

CHARACTERS_PER_TOKEN = 4


def estimated_tokens(text: str) -> int:
    """Tokens of a text, where nobody counts them for us."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


class Skip(StrEnum):
    """Why a session was passed over: what the skipped ones were."""

    SLEEPING = "asleep"
    CONTEXT_UNCHANGED = "with nothing new"
    OBJECTIVE_UNCHANGED = "after the same thing as before"
    PROMPT_UNCHANGED = "with the same prompt as before"
    REPLAY_UNCHANGED = "with the same screen as before"
    EMPTY_CONTEXT = "with nothing to tell"
    DELTA_BELOW_THRESHOLD = "with too little that is new"
    CADENCE_GATE = "thought of a moment ago"
    DUPLICATE = "with a line that says the same"
    MODEL_ERROR = "where the model failed"
    MODEL_EMPTY = "where the model said nothing"
    BUDGET = "since the budget is spent"
    BACK_OFF = "while a model that failed is left alone"
    IN_FLIGHT = "being asked about already"
    OVERTAKEN = "that moved on meanwhile"
    OTHER_ENGINE = "that another engine speaks for"
    STALE_DELIVERY = "with an answer that came too late"


class Cadence(Struct, frozen=True):
    """Shortest seconds between two questions about a session: in any case, and the longer its objective is stable."""

    tick: float
    hot: float
    warm: float
    cold: float

    def gap(self, stable_for: float, *, objective_changed: bool) -> float:
        """Seconds that must have passed since the last question."""
        if objective_changed:
            return self.tick
        if stable_for < self.warm:
            return max(self.tick, self.hot)
        return max(self.tick, self.warm if stable_for < self.cold else self.cold)


FIRST_DELAY = 0.5
LONGEST_CALL_DELAY_SECONDS = 60.0
UNHEALTHY_AFTER_CALLS = 3


class EngineHealth(Struct, frozen=True):
    """Failures since the last success. Times are seconds that never go back."""

    has_worked: bool = False
    failures: int = 0
    failing_since: float = 0.0
    unhealthy_since: float | None = None
    error: str = ""
    limit: str = ""
    """Why nothing is asked although nothing failed."""

    def worked(self) -> EngineHealth:
        """One success clears everything."""
        return EngineHealth(has_worked=True)

    def failed(self, error: str, now: float, tick: float) -> EngineHealth:
        """Another failure in a row."""
        since = self.failing_since if self.failures else now
        after = replace(self, failures=self.failures + 1, failing_since=since, error=error, limit="")
        if after.unhealthy_since is None and after.state(now, tick) is Health.UNHEALTHY:
            after = replace(after, unhealthy_since=now)
        return after

    def state(self, now: float, tick: float) -> Health:
        """In one word."""
        if not self.failures:
            return Health.DEGRADED if self.limit else (Health.HEALTHY if self.has_worked else Health.STARTING)
        long_without = now - self.failing_since >= max(3 * tick, 30.0)
        return Health.UNHEALTHY if self.failures >= UNHEALTHY_AFTER_CALLS or long_without else Health.DEGRADED

    def detail(self, now: float, tick: float) -> str:
        """What is wrong, in a sentence, and what to consider after a long time without success; "" = nothing."""
        since, words = self.unhealthy_since, [self.error or self.limit]
        if since is not None and now - since >= max(12 * tick, 120.0):
            words.append("it has not worked for long: consider another backend")
        return "; ".join(filter(None, words))

    def delay(self, tick: float) -> float:
        """Seconds to hold back after the latest failure."""
        return max(tick, min(FIRST_DELAY * 2.0 ** min(max(self.failures - 1, 0), 30), LONGEST_CALL_DELAY_SECONDS))


SLOT = 300
"""Seconds that are counted together."""
HOUR_SECONDS = 3_600
DAY_SECONDS = 86_400


class Caps(Struct, frozen=True, kw_only=True):
    """Most calls and tokens; 0 is no limit."""

    calls_per_hour: int = 0
    calls_per_day: int = 0
    tokens_per_hour: int = 0
    tokens_per_day: int = 0


class Spending(Struct, frozen=True):
    """Calls and tokens by slot of time, of the last day."""

    slots: Mapping[int, tuple[int, int]] = field(default_factory=dict)

    def with_call(self, at: float, *, calls: int = 1, tokens: int = 0) -> Spending:
        """One more call, or the tokens it turned out to cost; what is older than a day is dropped."""
        slot = int(at // SLOT)
        kept = {each: spent for each, spent in self.slots.items() if slot - DAY_SECONDS // SLOT < each <= slot}
        before = kept.get(slot, (0, 0))
        return Spending({**kept, slot: (before[0] + calls, before[1] + tokens)})

    def within(self, seconds: int, at: float) -> tuple[int, int]:
        """Calls and tokens of the last so many seconds."""
        slot = int(at // SLOT)
        spent = [counts for each, counts in self.slots.items() if slot - seconds // SLOT < each <= slot]
        return sum(calls for calls, _ in spent), sum(tokens for _, tokens in spent)

    def limit_reached(self, caps: Caps, at: float) -> str:
        """The cap that is reached, in words; "" when there is room for another call."""
        for span, unit, spent, cap in self._against(caps, at):
            if cap and spent >= cap:
                return f"{spent} of {cap} {unit} in the last {span} are spent"
        return ""

    def in_words(self, caps: Caps, at: float) -> str:
        """What was spent, for the operator."""
        parts = [f"{spent}{f' of {cap}' if cap else ''} {unit}" for _, unit, spent, cap in self._against(caps, at)]
        return f"last hour: {parts[0]}, {parts[1]}; last day: {parts[2]}, {parts[3]}"

    def _against(self, caps: Caps, at: float) -> list[tuple[str, str, int, int]]:
        """Span, unit, what was spent of it, and its cap."""
        calls, tokens = self.within(HOUR_SECONDS, at)
        day_calls, day_tokens = self.within(DAY_SECONDS, at)
        return [
            ("hour", "calls", calls, caps.calls_per_hour),
            ("hour", "tokens", tokens, caps.tokens_per_hour),
            ("day", "calls", day_calls, caps.calls_per_day),
            ("day", "tokens", day_tokens, caps.tokens_per_day),
        ]

    def to_text(self) -> str:
        """As it is kept."""
        return json.dumps(dict(self.slots))


def spending_from(text: str | None) -> Spending:
    """What was kept; something unreadable counts as nothing spent."""
    slots: dict[int, tuple[int, int]] = {}
    for slot, counts in (parse_object(text or "") or {}).items():
        match counts:
            case [int(calls), int(tokens)] if slot.isdecimal() and min(calls, tokens) >= 0:
                slots[int(slot)] = calls, tokens
    return Spending(slots)
