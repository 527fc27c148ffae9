"""How long ago something was, in as few letters as say it."""

from __future__ import annotations

from datetime import timedelta

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
