"""The line of column titles, and the line above a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.text import clean, fit
from quarterdeck.tui.rows.cell import Cell

if TYPE_CHECKING:
    from quarterdeck.tui.rows import column as col
    from quarterdeck.tui.rows.order import Heading


def title_cells(layout: col.ColumnLayout) -> tuple[Cell, ...]:
    """The titles, each above its column."""
    cells: list[Cell] = []
    for column in layout.columns:
        title = fit(column.kind.title, column.width, right=column.kind.is_right)
        cells.append(Cell(title + " " * column.gap, "muted"))
    return tuple(cells)


def heading_cells(heading: Heading, layout: col.ColumnLayout) -> tuple[Cell, ...]:
    """A group's title with how many rows it has."""
    count = f" {heading.count}"
    title = clean(heading.title, max(1, layout.width - len(count) - 1))
    return Cell(" " + title, "text bold"), Cell(count, "muted")
