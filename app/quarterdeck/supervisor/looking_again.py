"""When to look again although nothing is seen. A wish that brings nothing new is heeded less and less often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.events import Health
from quarterdeck.supervisor.worker import back_off
from quarterdeck.values import value

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "reader"
SOONEST = 0.05
"""Seconds from a look to the next, however soon it is wanted."""
LONGEST = 5.0
"""Seconds for which a wish that brings nothing is put off at most; one for later than that costs nothing."""
TELLS_AFTER = 8
"""Looks in a row that brought nothing: by then the wish is put off for `LONGEST`, and somebody should know."""


@value
class _Wish:
    at: float
    """When it is heeded. Epoch seconds, as all times here."""
    what: str
    in_vain: int
    """How many looks in a row that it asked for found nothing new."""


class LookingAgain:
    """Everybody's wishes for a look, each by who has it."""

    def __init__(self, report: Callable[[str, Health, str], None]) -> None:
        self._report = report
        self._wishes: dict[str, _Wish] = {}

    def wish(self, who: str, due: float | None, now: float, *, what: str = "", is_news: bool = False) -> None:
        """Note when somebody wants a look (None: never), and whether this one told them anything new."""
        held = self._wishes.pop(who, None)
        if due is None:
            return
        in_vain = 0
        if held is not None and not is_news and due - now < LONGEST:
            in_vain = held.in_vain + (now >= held.at)
        soonest = now + back_off(in_vain, first=SOONEST, longest=LONGEST)
        self._wishes[who] = _Wish(max(due, soonest), what or who, in_vain)

    def clear(self) -> None:
        """Forget every wish."""
        self._wishes.clear()

    def due_in(self, now: float) -> float | None:
        """Seconds until the next look that is wanted, or None; shows the wish that keeps asking in vain."""
        worst = max(self._wishes.values(), key=lambda wish: wish.in_vain, default=None)
        if worst is not None and worst.in_vain >= TELLS_AFTER:
            self._report(NAME, Health.DEGRADED, f"{worst.in_vain} looks at {worst.what} found nothing new")
        else:
            self._report(NAME, Health.HEALTHY, "")
        at = min((wish.at for wish in self._wishes.values()), default=None)
        return None if at is None else max(SOONEST, at - now)
