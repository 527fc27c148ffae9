"""A cell: text that is already cut to its column, and the role that gives it its colour."""

from __future__ import annotations

from typing import NamedTuple


class Cell(NamedTuple):
    """One cell of a row, or one stretch of a line."""

    text: str
    role: str = "text"
    """A role of the theme (`text`, `muted`, `asks`, …), several joined by a space, or a `#RRGGBB`."""


Line = tuple[Cell, ...]
