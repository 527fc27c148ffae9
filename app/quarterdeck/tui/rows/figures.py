"""Times, amounts and activity in as few cells as say enough, in steps that a resting screen need not repaint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.times import minutes_since

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_FIVE_MINUTES = 5


def quiet(moment: datetime | None, now: datetime) -> str:
    """How long ago: `now`, then minutes, from ten on in fives, then hours, then days; "" when unknown."""
    minutes = minutes_since(moment, now)
    if minutes is None:
        return ""
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes if minutes < 10 else minutes - minutes % _FIVE_MINUTES}m"
    if minutes < 60 * 48:
        return f"{minutes // 60}h"
    return f"{min(minutes // (60 * 24), 999)}d"


def amount(number: int) -> str:
    """A count in four cells: `950`, `12k`, `1.2M`."""
    if number < 1000:
        return str(number)
    if number < 999_500:
        return f"{number / 1000:.0f}k"
    return f"{number / 1_000_000:.1f}M"


def share(part: int, whole: int) -> str:
    """A part as a percentage; "" when nothing is known."""
    if part <= 0 or whole <= 0:
        return ""
    return f"{min(999, round(100 * part / whole))}%"


_BARS = "▁▂▃▄▅▆▇"
_ASCII_BARS = ".:-=+*#"
_STEPS = len(_BARS)


def plot(per_minute: Sequence[int], width: int, *, ascii_only: bool = False) -> str:
    """The last `width` minutes, newest on the right; a minute without output is blank.

    Bars stand against the loudest minute shown, on a root scale: one burst must not flatten what came before it.
    """
    latest = list(per_minute[-width:]) if width > 0 else []
    loudest = max(latest, default=0)
    if loudest <= 0:
        return " " * width
    bars = _ASCII_BARS if ascii_only else _BARS
    drawn = "".join(
        " " if value <= 0 else bars[min(_STEPS - 1, round((value / loudest) ** 0.5 * (_STEPS - 1)))] for value in latest
    )
    return drawn.rjust(width)
