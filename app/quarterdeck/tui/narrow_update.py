"""Writing to the terminal only what changed.

Textual writes each changed line from the left edge of its widget on, and the colours of every cell anew: 400 bytes for
one cell of a wide row. tmux has to read all that, and a slow line has to carry it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, Compositor
from textual.strip import Strip

if TYPE_CHECKING:
    from rich.console import Console

RESET = "\x1b[0m"


class NarrowCompositor(Compositor):
    """Textual's, with narrower updates."""

    def render_partial_update(self) -> ChopsUpdate | None:
        """What changed, if anything did."""
        update = super().render_partial_update()
        return update and NarrowUpdate(update.chops, update.spans, update.chop_ends)


class NarrowUpdate(ChopsUpdate):
    """An update of nothing but its spans, in which a colour is said once."""

    def render_segments(self, console: Console) -> str:
        """The update as the terminal reads it."""
        colours = console._color_system or ColorSystem.TRUECOLOR
        said: list[str] = [RESET]
        colour_now = ""
        for y, left, right in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= right or end <= left:
                    continue
                # A letter of two cells is not cut in half: such lines are written from their beginning.
                start = max(x, left) if len(strip.text) == strip.cell_length else x
                said.append(f"\x1b[{y + 1};{start + 1}H")
                for text, style, _ in strip.crop(start - x, min(end, right) - x):
                    colour = (style._ansi or Strip.render_ansi(style, colours)) if style is not None else ""
                    if colour != colour_now:
                        said.append(f"\x1b[0;{colour}m" if colour else RESET)
                        colour_now = colour
                    said.append(text)
        said.append(RESET)
        return "".join(said)
