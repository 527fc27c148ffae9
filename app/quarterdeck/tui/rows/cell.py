"""Cells of a row or a line, lines folded where a page ends, and times, amounts and activity in few cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.text import cell_width, cut
from quarterdeck.core.times import minutes_since

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime


class Cell(NamedTuple):
    """One cell of a row, or one stretch of a line."""

    text: str
    role: str = "text"
    """A role of the theme (`text`, `muted`, `asks`, …), several joined by a space, or a `#RRGGBB`."""


Line = tuple[Cell, ...]
LEAST_CONTINUED_CELLS = 16
"""Cells that a continued cell needs; with fewer the line is better cut."""
_BARS, _ASCII_BARS = "▁▂▃▄▅▆▇", ".:-=+*#"


def folded(line: Line, width: int) -> list[Line]:
    """A line as the lines it takes at this width; only its last cell is continued."""
    if not line:
        return [line]
    *lead, last = line
    indent = sum(cell_width(cell.text) for cell in lead)
    # A line of one cell hangs below its own first word.
    hang = indent or len(last.text) - len(last.text.lstrip(" "))
    if width - hang < LEAST_CONTINUED_CELLS or indent + cell_width(last.text) <= width:
        return [line]
    first, *rest = _pieces(last.text, width - indent, width - hang)
    return [(*lead, Cell(first, last.role)), *((Cell(" " * hang), Cell(text, last.role)) for text in rest)]


def _pieces(text: str, first: int, rest: int) -> Iterator[str]:
    """The text in pieces of so many cells, broken at spaces where there are any."""
    room = first
    while cell_width(text) > room:
        piece = cut(f"{text}…", room + 1).removesuffix("…")
        at = piece.rfind(" ")
        if at > room // 2:
            piece = piece[:at]
        yield piece
        text = text[len(piece) :].lstrip(" ")
        room = rest
    yield text


def quiet(moment: datetime | None, now: datetime) -> str:
    """How long ago: `now`, then minutes, from ten on in fives, then hours, then days; "" when unknown."""
    minutes = minutes_since(moment, now)
    if minutes is None:
        return ""
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes if minutes < 10 else minutes - minutes % 5}m"
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


def plot(per_minute: Sequence[int], width: int, *, ascii_only: bool = False) -> str:
    """The last `width` minutes, newest on the right; a minute without output is blank.

    Bars stand against the loudest minute shown, on a root scale: one burst must not flatten what came before it.
    """
    latest = list(per_minute[-width:]) if width > 0 else []
    loudest = max(latest, default=0)
    if loudest <= 0:
        return " " * width
    bars = _ASCII_BARS if ascii_only else _BARS
    heights = [round((value / loudest) ** 0.5 * (len(bars) - 1)) if value > 0 else None for value in latest]
    return "".join(" " if height is None else bars[height] for height in heights).rjust(width)
