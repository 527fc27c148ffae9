"""One line of cells, repainted only when they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.geometry import Size

    from quarterdeck.tui.rows.cell import Cell
    from quarterdeck.tui.theme import Theme


def strip_of(cells: Iterable[Cell], theme: Theme, ground: str, width: int) -> Strip:
    """Cells side by side, on a ground, exactly `width` wide."""
    strip = Strip([Segment(cell.text, theme.style(cell.role, ground)) for cell in cells if cell.text])
    return strip.adjust_cell_length(width, theme.style("text", ground))


class CellLine(Widget):
    """A line that is given its cells."""

    DEFAULT_CSS = "CellLine { height: 1; }"

    def __init__(self, theme: Theme, *, ground: str = "background", css_id: str | None = None) -> None:
        super().__init__(id=css_id)
        self._theme = theme
        self._ground = ground
        self._cells: tuple[Cell, ...] = ()

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(cell.text for cell in self._cells)

    def show(self, cells: Sequence[Cell]) -> None:
        """Say something else."""
        if (shown := tuple(cells)) != self._cells:
            self._cells = shown
            self.refresh()

    def use(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Always one line."""
        return 1

    def render_line(self, y: int) -> Strip:
        """The one line."""
        return strip_of(self._cells, self._theme, self._ground, self.size.width)
