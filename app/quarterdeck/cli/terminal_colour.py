"""Colours on a terminal, where they are wanted."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO


class Colour(StrEnum):
    """What a colour is for: the sixteen of the terminal itself, so that they suit it."""

    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    BLUE = "34"
    CYAN = "36"
    BOLD = "1"
    DIM = "2"


def is_coloured(stream: TextIO) -> bool:
    """Whether what is written there may have colours: a terminal, and nobody said no (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") not in {"", "dumb"}


def coloured(text: str, colour: Colour | None, stream: TextIO) -> str:
    """The text in a colour, or as it is where there are none."""
    return f"\x1b[{colour}m{text}\x1b[0m" if colour and text and is_coloured(stream) else text
