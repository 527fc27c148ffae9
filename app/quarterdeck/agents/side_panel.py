"""A panel that an agent draws beside its own part of the screen, with a border between the two."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from quarterdeck.core.text import cell_width

if TYPE_CHECKING:
    from collections.abc import Iterator

PANEL_FROM = 40
"""The leftmost cell at which a panel begins."""
PANEL_LINES = 8
"""Lines that one has at least."""
_WIDE_RULE = re.compile(r"─{8}")


def without_side_panel(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines without what stands at the right of a border that runs down to the screen's end, or to a wider rule.

    A border that ends elsewhere is part of a table.
    """
    for end in range(len(lines), PANEL_LINES - 1, -1):
        if end == len(lines) or _WIDE_RULE.search(lines[end]):
            for column in [column for _, column in _borders(lines[end - 1]) if column >= PANEL_FROM]:
                cuts = _cuts(lines[:end], column)
                is_border = end == len(lines) or _WIDE_RULE.match(lines[end][column - 1 :])
                if is_border and len(cuts) >= PANEL_LINES:
                    top = end - len(cuts)
                    beside = zip(lines[top:end], cuts, strict=True)
                    return (*lines[:top], *(line[:cut].rstrip() for line, cut in beside), *lines[end:])
    return lines


def _cuts(lines: tuple[str, ...], column: int) -> list[int | None]:
    """Where the border at this cell cuts each of the last lines, as far up as it goes."""
    found = (_cut_at(line, column) for line in reversed(lines))
    return [*takewhile(lambda cut: cut is not None, found)][::-1]


def _cut_at(line: str, column: int) -> int | None:
    """Where in a line's text the border at this cell stands; None = none does."""
    return next((at for at, cell in _borders(line) if cell == column), None)


def _borders(line: str) -> Iterator[tuple[int, int]]:
    """Each border of a line: where it stands in the text, and at which cell."""
    return ((found.start(), cell_width(line[: found.start()])) for found in re.finditer("│", line))
