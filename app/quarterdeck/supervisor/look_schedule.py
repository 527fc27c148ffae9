"""When to look again although nothing is seen. A request that brings nothing new is granted less and less often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.events import Health
from quarterdeck.supervisor.worker import back_off

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "reader"
SOONEST = 0.05
"""Seconds from a look to the next, however soon it is wanted."""
LONGEST = 5.0
"""Seconds for which a request that brings nothing is put off at most; one for later than that costs nothing."""
TELLS_AFTER = 8
"""Looks in a row that brought nothing: by then the request is put off for `LONGEST`, and somebody should know."""


class _LookRequest(Struct, frozen=True):
    at: float
    """When it is heeded. Epoch seconds, as all times here."""
    what: str
    fruitless: int
    """How many looks in a row that it asked for found nothing new."""


class LookSchedule:
    """Everybody's requests for a look, each by who made it."""

    def __init__(self, report: Callable[[str, Health, str], None]) -> None:
        self._report = report
        self._requests: dict[str, _LookRequest] = {}

    def request(self, who: str, due: float | None, now: float, *, what: str = "", is_news: bool = False) -> None:
        """Note when somebody wants a look (None: never), and whether this one told them anything new."""
        held = self._requests.pop(who, None)
        if due is None:
            return
        fruitless = 0
        if held is not None and not is_news and due - now < LONGEST:
            fruitless = held.fruitless + (now >= held.at)
        soonest = now + back_off(fruitless, first=SOONEST, longest=LONGEST)
        self._requests[who] = _LookRequest(max(due, soonest), what or who, fruitless)

    def clear(self) -> None:
        """Forget every request."""
        self._requests.clear()

    def due_in(self, now: float) -> float | None:
        """Seconds until the next look that is wanted, or None; reports a request that keeps finding nothing."""
        worst = max(self._requests.values(), key=lambda request: request.fruitless, default=None)
        if worst is not None and worst.fruitless >= TELLS_AFTER:
            self._report(NAME, Health.DEGRADED, f"{worst.fruitless} looks at {worst.what} found nothing new")
        else:
            self._report(NAME, Health.HEALTHY, "")
        at = min((request.at for request in self._requests.values()), default=None)
        return None if at is None else max(SOONEST, at - now)
