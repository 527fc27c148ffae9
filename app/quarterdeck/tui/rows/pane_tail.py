"""A pane's last lines as styled text that can be read on our ground."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from quarterdeck.core.text import clean_sgr
from quarterdeck.tui.contrast import READABLE, contrast, readable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.terminal_theme import TerminalTheme

    from quarterdeck.tui.theme import Theme


def tail_lines(raw: str, console: Console, theme: Theme, ansi: TerminalTheme) -> list[list[Segment]]:
    """The lines as segments, without blank ones at the end. Of the raw text nothing but its colours survives."""
    text = Text.from_ansi(clean_sgr(raw).rstrip(), no_wrap=True, end="")
    base = theme.style("text")
    lines: list[list[Segment]] = []
    for line in text.split("\n", allow_blank=True):
        segments = [
            Segment(segment.text, _on(base, _legible(segment.style, theme, ansi)) if segment.style else base)
            for segment in line.render(console)
        ]
        lines.append(segments)
    return lines


def _on(base: Style, style: Style) -> Style:
    """The style on our ground. A program's `default` means ours, not black on white as a palette would have it."""
    ink = base.color if style.color is None or style.color.is_default else style.color
    ground = base.bgcolor if style.bgcolor is None or style.bgcolor.is_default else style.bgcolor
    return style + Style.from_color(ink, ground)


def _legible(style: Style, theme: Theme, ansi: TerminalTheme) -> Style:
    """The style, its ink moved towards black or white where our ground would swallow it."""
    if theme.terminal or style.color is None or style.color.is_default:
        return style
    ground = theme.colours["background"]
    if style.bgcolor is not None and not style.bgcolor.is_default:
        ground = style.bgcolor.get_truecolor(ansi, foreground=False).hex
    return style + _ink(style.color.get_truecolor(ansi).hex, ground, bool(style.dim))


@lru_cache(maxsize=2048)
def _ink(ink: str, ground: str, is_dim: bool) -> Style:
    """An ink that stands at least 3:1 (what is dim may stay so: its program meant it)."""
    least = 2.0 if is_dim else 3.0
    return Style(color=ink if contrast(ink, ground) >= min(least, READABLE) else readable(ink, ground))
