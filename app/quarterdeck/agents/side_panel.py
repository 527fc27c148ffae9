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
    """The lines without what stands at the right of a border that runs down from the first of them.

    The panel ends with the screen, or at a rule that is wider; a border that ends elsewhere is part of a table.
    """
    for column in _border_columns(lines):
        cuts = list(takewhile(lambda cut: cut is not None, (_cut_at(line, column) for line in lines)))
        rest = lines[len(cuts) :]
        if len(cuts) >= PANEL_LINES and (not rest or _WIDE_RULE.match(rest[0][column - 1 :])):
            return (*(line[:cut].rstrip() for line, cut in zip(lines, cuts, strict=False)), *rest)
    return lines


def _border_columns(lines: tuple[str, ...]) -> list[int]:
    """The cells of the first line at which a panel may begin."""
    return [column for _, column in _borders(lines[0]) if column >= PANEL_FROM] if len(lines) >= PANEL_LINES else []


def _cut_at(line: str, column: int) -> int | None:
    """Where in a line's text the border at this cell stands; None = none does."""
    return next((at for at, cell in _borders(line) if cell == column), None)


def _borders(line: str) -> Iterator[tuple[int, int]]:
    """Each border of a line: where it stands in the text, and at which cell."""
    return ((found.start(), cell_width(line[: found.start()])) for found in re.finditer("│", line))
