"""The circuit breaker of one server: after a time-out, only what must be asked is asked."""

from __future__ import annotations

import logging
from enum import Enum
from typing import TYPE_CHECKING, Final

from quarterdeck.errors import TmuxUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

COOLDOWN: Final = 30.0
"""Seconds of rest per time-out in a row."""
MAX_FACTOR: Final = 4
"""More time-outs than this in a row lengthen the rest no further."""
SLOW_SHARE: Final = 0.5
"""A command that used this share of its bound is worth a line in the log."""


class Urgency(Enum):
    """Whether a command may be left out while the server does not answer."""

    ESSENTIAL = "essential"
    """Runs always: listings, keys, buffers, ending a session."""
    PROBE = "probe"
    """Only adds detail: captures, foreground commands and paths."""


class Breaker:
    """Open after a time-out, closed by any answer; while open, probes fail at once."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._open_until = 0.0
        self.timeouts = 0
        """Time-outs in a row."""
        self.skipped = 0
        """Probes refused since the breaker opened."""

    @property
    def remaining(self) -> float:
        """Seconds until probes are tried again; 0 when they are welcome."""
        return max(0.0, self._open_until - self._monotonic())

    def admit(self, urgency: Urgency, what: str) -> None:
        """Let a command pass, or raise TmuxUnreachable for a probe while the breaker is open."""
        remaining = self.remaining
        if urgency is Urgency.ESSENTIAL or not remaining:
            return
        self.skipped += 1
        logger.info("tmux probe skipped: %s", what, extra={"tmux_cmd": what, "skipped": self.skipped})
        raise TmuxUnreachable(
            f"tmux did not answer lately; details are asked for again in {remaining:.0f} s.",
            hint="Sessions and keys still work; the pause ends with the first answer.",
        )

    def timed_out(self, what: str) -> None:
        """Count a time-out and open the breaker, for longer the more of them came in a row."""
        self.timeouts += 1
        cooldown = COOLDOWN * min(self.timeouts, MAX_FACTOR)
        self._open_until = self._monotonic() + cooldown
        logger.warning("tmux timed out: %s; probes rest %.0f s", what, cooldown, extra={"tmux_cmd": what})

    def answered(self, what: str, elapsed: float, bound: float) -> None:
        """Close the breaker: an answer came, a refusal being one too."""
        if self.timeouts:
            logger.info("tmux answers again; %d probes were skipped", self.skipped, extra={"skipped": self.skipped})
        self.timeouts = self.skipped = 0
        self._open_until = 0.0
        if elapsed >= bound * SLOW_SHARE:
            logger.warning("slow tmux command: %s", what, extra={"tmux_cmd": what, "elapsed_ms": round(elapsed * 1000)})
