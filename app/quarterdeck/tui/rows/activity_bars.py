"""The activity of the last minutes as one bar per minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

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
