"""When a usage limit ends, from the words an agent tells it in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

LONG_WAIT = timedelta(minutes=1)
"""An agent that tries again later than this stands still until then; what comes sooner is a hitch in its work."""
LONGEST_WAIT = timedelta(days=366)
"""No service asks for more."""
SOON_OVER = timedelta(days=30)
"""A day of the calendar that is no longer ago has passed, and is not the next year's."""
_SPAN = r"((?:\d+(?:\.\d+)?\s*(?:days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?:\s*,?\s*(?:and\s+)?)?)+)"
_EPOCH = re.compile(r"\|(\d{10})\b")
_IN = re.compile(rf"\b(?:resets?|try again|retry|available)\s+(?:in|after)\s+{_SPAN}", re.IGNORECASE)
_RETRIES = re.compile(rf"\bretrying(?:\s*\(\d+/\d+\))?\s+in\s+{_SPAN}", re.IGNORECASE)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([dhms])", re.IGNORECASE)
_CLOCK = re.compile(
    r"\b(?:resets?|try again|available)(?:\s+(?:at|on))?\s+"
    r"(?:(?P<month>[A-Z][a-z]{2})[a-z]*\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?"
    r"(?:\s+\d{4})?,?\s+(?:at\s+)?)?(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s*(?P<half>[ap]m)?\b"
    r"(?:\s*\((?P<zone>[A-Za-z_]+(?:/[A-Za-z_+-]+)*)\)|\s*(?P<world>UTC|GMT)\b)?",
    re.IGNORECASE,
)
_DAILY = re.compile(r"\bexhausted your daily quota\b", re.IGNORECASE)
"""Gemini's is new at midnight in California."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def reset_time(text: str, now: datetime) -> datetime | None:
    """The time a limit ends, as told ("resets 3pm (Europe/Berlin)", "try again in 5 min"); None when it is not."""
    epoch = _EPOCH.search(text)
    if epoch:
        return datetime.fromtimestamp(int(epoch[1]), UTC)
    if span := _IN.search(text):
        return now + _duration(span[1])
    if _DAILY.search(text):
        return reset_time("resets 0:00 (America/Los_Angeles)", now)
    clock = _CLOCK.search(text)
    return _next(clock, now) if clock else None


def retry_time(text: str, now: datetime) -> datetime | None:
    """When an agent tries again by itself, by what it shows of that, if it stands still until then."""
    span = _RETRIES.search(text)
    return stands_still_until(now + _duration(span[1]), now) if span else None


def stands_still_until(at: datetime, now: datetime) -> datetime | None:
    """The time at which an agent tries again, if that is a long wait and none that no service asks for."""
    return at if LONG_WAIT <= at - now <= LONGEST_WAIT else None


def _duration(text: str) -> timedelta:
    seconds = sum(float(count) * _SECONDS[unit.lower()] for count, unit in _PART.findall(text))
    # A day more than the longest is as good as any longer time, and can be added to a date.
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds() + _SECONDS["d"]))


def _next(clock: re.Match[str], now: datetime) -> datetime | None:
    if not clock["half"] and not clock["minute"]:
        return None  # a bare number is no time of day
    # Here, since few words name a zone and every start would pay.
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        named = clock["zone"] or clock["world"]
        zone = ZoneInfo(named) if named else None
    except (ZoneInfoNotFoundError, ValueError):
        zone = None
    # Without a zone it is the machine's own, and its summer time may begin or end until then.
    local = now.astimezone(zone) if zone else now.astimezone().replace(tzinfo=None)
    hour = int(clock["hour"])
    if clock["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if clock["half"].lower() == "pm" else 0)
    try:
        found = local.replace(hour=hour, minute=int(clock["minute"] or 0), second=0, microsecond=0)
        if clock["month"]:
            month = _MONTHS.index(clock["month"].lower()) + 1
            found = found.replace(month=month, day=int(clock["day"]))
            return (found if found >= local - SOON_OVER else found.replace(year=found.year + 1)).astimezone(UTC)
    except ValueError:
        return None
    return (found if found > local else found + timedelta(days=1)).astimezone(UTC)
