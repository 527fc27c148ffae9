"""The last door to a terminal that knows only ASCII: whatever is about to be painted is put into it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.filter import LineFilter

from quarterdeck.core.text import cell_width

if TYPE_CHECKING:
    from textual.color import Color

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
