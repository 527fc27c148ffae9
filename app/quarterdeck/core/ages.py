"""How long ago something was: in as few letters as say it, or in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from quarterdeck.core.session import EPOCH

if TYPE_CHECKING:
    from datetime import datetime

STEPS = ((86_400, "d"), (3_600, "h"), (60, "m"))
LONGEST = timedelta(days=999)


def age(passed: timedelta) -> str:
    """`5s`, `12m`, `3h`, `9d`; a clock that went back counts as no time at all."""
    if passed > LONGEST:
        return ""
    seconds = max(0, int(passed.total_seconds()))
    for step, letter in STEPS:
        if seconds >= step:
            return f"{seconds // step}{letter}"
    return f"{seconds}s"


def exact(moment: datetime | None, now: datetime) -> str:
    """How long ago, to the second: for screens that are looked at and left."""
    if moment is None or moment <= EPOCH:
        return "never"
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < 60:
        return f"{seconds} s ago"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min ago"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min ago" if minutes else f"{hours} h ago"
    return f"{hours // 24} days ago"


def rough(moment: datetime | None, now: datetime) -> str:
    """The same to the minute: for what stays on the screen, in more than one place."""
    minutes = minutes_since(moment, now)
    return "just now" if minutes == 0 else exact(moment, now)


def minutes_since(moment: datetime | None, now: datetime) -> int | None:
    """Whole minutes since then; None when there is no such moment."""
    if moment is None or moment <= EPOCH:
        return None
    return max(0, int((now - moment) / timedelta(minutes=1)))
