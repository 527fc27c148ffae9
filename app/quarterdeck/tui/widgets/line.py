"""A line of cells, and a page of them that scrolls, repainted only when they differ; and lines put into ASCII."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from quarterdeck.core.text import cell_width
from quarterdeck.tui.rows.cell import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.color import Color

    from quarterdeck.tui.rows.cell import Cell, Line
    from quarterdeck.tui.theme import Theme


def strip_of(cells: Iterable[Cell], theme: Theme, ground: str, width: int) -> Strip:
    """Cells side by side, on a ground, exactly `width` wide."""
    strip = Strip([Segment(cell.text, theme.style(cell.role, ground)) for cell in cells if cell.text])
    return strip.adjust_cell_length(width, theme.style("text", ground))


class CellLine(Widget):
    """A line that is given its cells."""

    DEFAULT_CSS = "CellLine { height: 1; }"

    def __init__(self, theme: Theme, *, css_id: str | None = None) -> None:
        super().__init__(id=css_id)
        self._theme = theme
        self._cells: tuple[Cell, ...] = ()

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
        return strip_of(self._cells, self._theme, "background", self.size.width)


class ScrollingLines(ScrollView, can_focus=True):
    """Lines to read. Moves with the keys of the table."""

    DEFAULT_CSS = """ScrollingLines {
        height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; background: $surface;
    }"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "down"),
        Binding("k,up", "scroll_up", "up"),
        Binding("g,home", "scroll_home", "first"),
        Binding("G,end", "scroll_end", "last"),
        Binding("space,pagedown,ctrl+d", "page_down", "page down"),
        Binding("pageup,ctrl+u", "page_up", "page up"),
    ]

    def __init__(self, theme: Theme) -> None:
        super().__init__(id="lines")
        self._theme = theme
        self._lines: Sequence[Line] = ()
        self._folded: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines, staying at the same height."""
        self._lines = lines
        self.on_resize()

    def on_resize(self) -> None:
        """The page is as wide as there is room."""
        # The scrollbar may come with the lines, and takes one cell.
        width = max(1, self.scrollable_content_region.width - (0 if self.show_vertical_scrollbar else 1))
        self._folded = [part for line in self._lines for part in folded(line, width)]
        self.virtual_size = Size(self.size.width, len(self._folded))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line."""
        index = y + self.scroll_offset.y
        line = self._folded[index] if index < len(self._folded) else ()
        return strip_of(line, self._theme, "surface", self.size.width)


_LIKENESSES = str.maketrans(
    "─━═│┃║╭╮╰╯┌┐└┘├┤┬┴┼▌▐█▎▔▁▊…✓●○❯⎿·→←↑↓“”‘’–—░▂▃▄▅▆▇",
    "---|||+++++++++++++||#|--#.+*o>`.><^v\"\"''--.---###",
)


class AsciiOnly(LineFilter):
    """Lines and bars become their likenesses, any other character a question mark for each cell it takes."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Put a line into ASCII, cell by cell."""
        del background
        return [Segment(_plain(segment.text), segment.style, segment.control) for segment in segments]


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    if text.isascii():
        return text
    alike = text.translate(_LIKENESSES)
    return alike if alike.isascii() else "".join(char if char.isascii() else "?" * cell_width(char) for char in alike)
