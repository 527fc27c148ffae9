"""A cell: text that is already cut to its column, and the role that gives it its colour; and lines of cells, folded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.text import cell_width, cut

if TYPE_CHECKING:
    from collections.abc import Iterator


class Cell(NamedTuple):
    """One cell of a row, or one stretch of a line."""

    text: str
    role: str = "text"
    """A role of the theme (`text`, `muted`, `asks`, …), several joined by a space, or a `#RRGGBB`."""


Line = tuple[Cell, ...]


LEAST = 16
"""Cells that a continued cell needs; with fewer the line is better cut."""


def folded(line: tuple[Cell, ...], width: int) -> list[tuple[Cell, ...]]:
    """A line as the lines it takes at this width; only its last cell is continued."""
    if not line:
        return [line]
    *lead, last = line
    indent = sum(cell_width(cell.text) for cell in lead)
    # A line of one cell hangs below its own first word.
    hang = indent or len(last.text) - len(last.text.lstrip(" "))
    if width - hang < LEAST or indent + cell_width(last.text) <= width:
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
