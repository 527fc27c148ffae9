"""Times: as values hold them, as they are written down, and how long ago they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from msgspec import Meta

AwareTime = Annotated[datetime, Meta(tz=True)]
"""One that says in which zone it is: any other cannot be compared with now, and is refused when it is read."""
EPOCH = datetime.fromtimestamp(0, UTC)
STEPS = ((86_400, "d"), (3_600, "h"), (60, "m"))
LONGEST_TIME = timedelta(days=999)


def age(passed: timedelta) -> str:
    """`5s`, `12m`, `3h`, `9d`; a clock that went back counts as no time at all."""
    if passed > LONGEST_TIME:
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


def limit_words(until: datetime | None, now: datetime) -> str:
    """`till 15:00, in 42 min`: when something ends by itself, on the operator's own clock."""
    if until is None:
        return ""
    here, minutes = until.astimezone(), -int((now - until) // timedelta(minutes=1))
    day = "" if here.date() == now.astimezone().date() else f"{here:%d %b} "
    return f"till {day}{here:%H:%M}, in {spell(minutes)}"


def spell(minutes: int) -> str:
    """`42 min`, `3 h 5 min`, `2 d 4 h`."""
    minutes = max(0, minutes)
    hours, minutes_left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{days} d {hours_left} h" if hours_left else f"{days} d"
    if hours:
        return f"{hours} h {minutes_left} min" if minutes_left else f"{hours} h"
    return f"{minutes} min"


def minutes_since(moment: datetime | None, now: datetime) -> int | None:
    """Whole minutes since then; None when there is no such moment."""
    if moment is None or moment <= EPOCH:
        return None
    return max(0, int((now - moment) / timedelta(minutes=1)))


def rfc3339(time: datetime) -> str:
    """A time in UTC with `Z`, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(value: object) -> datetime | None:
    """A kept time, or None when it is not a time."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        return None


def show_time(at: datetime | None) -> str | None:
    """A time as it is kept: RFC 3339, UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
