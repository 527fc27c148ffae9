"""Time, so that tests can hold it still."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where everybody gets the time from."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


def wall_clock() -> datetime:
    """The machine's wall clock, aware, UTC: nothing else of ours reads it."""
    return datetime.now(UTC)


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""
        return wall_clock()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
