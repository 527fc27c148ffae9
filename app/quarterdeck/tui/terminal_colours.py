"""The sixteen colours of a terminal, for what a pane shows when the theme is not the terminal's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.terminal_theme import TerminalTheme

from quarterdeck.tui.contrast import rgb

if TYPE_CHECKING:
    from quarterdeck.tui.theme import Theme

# Black, red, green, yellow, blue, magenta, cyan, white; then the bright ones.
_DARK = [
    "#1b1f29",
    "#f0616d",
    "#6cc98b",
    "#e0b860",
    "#6aa5f8",
    "#c792ea",
    "#56c2d6",
    "#c9d1dc",
    "#7b8496",
    "#ff7f89",
    "#8be0a8",
    "#f2cf7e",
    "#8fbdff",
    "#dbaefc",
    "#7ad9ea",
    "#f2f5fa",
]
_LIGHT = [
    "#1f2430",
    "#b3243b",
    "#17703f",
    "#855d00",
    "#1c50b0",
    "#8a2a9c",
    "#0b6b80",
    "#6b7280",
    "#555d6e",
    "#c2334b",
    "#1d7f4a",
    "#946900",
    "#2a62cc",
    "#9c3ab0",
    "#117a91",
    "#3d4450",
]

_Triplet = tuple[int, int, int]


def _triplet(colour: str) -> _Triplet:
    red, green, blue = (round(part * 255) for part in rgb(colour))
    return red, green, blue


def terminal_colours(theme: Theme) -> TerminalTheme:
    """The colours by number, on the theme's own ground."""
    sixteen = [_triplet(colour) for colour in (_DARK if theme.dark else _LIGHT)]
    own = (0, 0, 0), (255, 255, 255)
    if not theme.terminal:
        own = _triplet(theme.colours["background"]), _triplet(theme.colours["text"])
    return TerminalTheme(*own, sixteen[:8], sixteen[8:])
