"""How the thought engine is doing, and how long it holds back after a failure."""

from __future__ import annotations

from msgspec import Struct

from quarterdeck.core.events import Health
from quarterdeck.values import replace

FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
UNHEALTHY_AFTER = 3


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

    def limited(self, why: str) -> EngineHealth:
        """What it may cost is spent."""
        return replace(self, limit=why)

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
        return Health.UNHEALTHY if self.failures >= UNHEALTHY_AFTER or long_without else Health.DEGRADED

    def advice(self, now: float, tick: float) -> str:
        """What to consider after a long time without success; nothing is ever done about it by itself."""
        since = self.unhealthy_since
        if since is None or now - since < max(12 * tick, 120.0):
            return ""
        return "it has not worked for long: consider another backend"

    def detail(self, now: float, tick: float) -> str:
        """What is wrong, in a sentence; "" when nothing is."""
        return "; ".join(filter(None, (self.error or self.limit, self.advice(now, tick))))

    def delay(self, tick: float) -> float:
        """Seconds to hold back after the latest failure."""
        return max(tick, min(FIRST_DELAY * 2.0 ** min(max(self.failures - 1, 0), 30), LONGEST_DELAY))
