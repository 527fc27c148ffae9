"""What thoughts have cost in the last hour and day, against what they may."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOT = 300
"""Seconds that are counted together."""
HOUR = 3_600
DAY = 86_400


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
        kept = {each: spent for each, spent in self.slots.items() if slot - DAY // SLOT < each <= slot}
        before = kept.get(slot, (0, 0))
        return Spending({**kept, slot: (before[0] + calls, before[1] + tokens)})

    def within(self, seconds: int, at: float) -> tuple[int, int]:
        """Calls and tokens of the last so many seconds."""
        slot = int(at // SLOT)
        spent = [counts for each, counts in self.slots.items() if slot - seconds // SLOT < each <= slot]
        return sum(calls for calls, _ in spent), sum(tokens for _, tokens in spent)

    def limit_reached(self, caps: Caps, at: float) -> str:
        """The cap that is reached, in words; "" when there is room for another call."""
        for name, seconds, calls_cap, tokens_cap in (
            ("hour", HOUR, caps.calls_per_hour, caps.tokens_per_hour),
            ("day", DAY, caps.calls_per_day, caps.tokens_per_day),
        ):
            calls, tokens = self.within(seconds, at)
            if calls_cap and calls >= calls_cap:
                return f"{calls} of {calls_cap} calls in the last {name} are spent"
            if tokens_cap and tokens >= tokens_cap:
                return f"{tokens} of {tokens_cap} tokens in the last {name} are spent"
        return ""

    def in_words(self, caps: Caps, at: float) -> str:
        """What was spent, for the operator."""
        parts = []
        for name, seconds, calls_cap, tokens_cap in (
            ("hour", HOUR, caps.calls_per_hour, caps.tokens_per_hour),
            ("day", DAY, caps.calls_per_day, caps.tokens_per_day),
        ):
            calls, tokens = self.within(seconds, at)
            parts.append(f"last {name}: {calls}{_of(calls_cap)} calls, {tokens}{_of(tokens_cap)} tokens")
        return "; ".join(parts)

    def to_text(self) -> str:
        """As it is kept."""
        return json.dumps({str(slot): list(counts) for slot, counts in self.slots.items()})


def spending_from(text: str | None) -> Spending:
    """What was kept; something unreadable counts as nothing spent."""
    try:
        told: object = json.loads(text) if text else {}
    except ValueError:
        return Spending()
    if not isinstance(told, dict):
        return Spending()
    slots: dict[int, tuple[int, int]] = {}
    for slot, counts in told.items():
        if (
            str(slot).isdecimal()
            and isinstance(counts, list)
            and len(counts) == 2
            and all(isinstance(count, int) and count >= 0 for count in counts)
        ):
            slots[int(slot)] = (counts[0], counts[1])
    return Spending(slots)


def _of(cap: int) -> str:
    return f" of {cap}" if cap else ""
