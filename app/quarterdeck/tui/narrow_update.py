"""Making and writing only what changed.

Textual makes every line of every widget that a changed line touches, those too that lie behind others. It writes each
changed line from the left edge of its widget on, and the colours of every cell anew: 400 bytes for one cell of a wide
row. tmux has to read all that, and a slow line has to carry it.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, cast

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rich.console import Console

RESET = "\x1b[0m"


class NarrowCompositor(Compositor):
    """Textual's, with narrower updates."""

    def render_partial_update(self) -> ChopsUpdate | None:
        """What changed, if anything did."""
        update = super().render_partial_update()
        return update and NarrowUpdate(update.chops, update.spans, update.chop_ends)

    def _render_chops(self, crop: Region, is_rendered_line: Callable[[int], bool]) -> Sequence[Mapping[int, Strip]]:
        """The pieces of the wanted lines, from the widgets in front to those behind: the first at a place has it."""
        cuts = self.cuts
        chops: list[dict[int, Strip | None]] = [dict.fromkeys(cut[:-1]) for cut in cuts]
        wanted = list(filter(is_rendered_line, crop.line_range))
        for widget, (region, clip) in self.visible_widgets.items():
            shown = region.intersection(clip)
            left, right = shown.column_span
            lines = [
                y
                for y in wanted
                if shown.y <= y < shown.bottom and any(chops[y][cut] is None for cut in cuts[y] if left <= cut < right)
            ]
            for run in _runs(lines):
                part = Region(left - region.x, run.start - region.y, shown.width, len(run))
                for y, strip in zip(run, widget.render_lines(part), strict=False):
                    places = [cut for cut in cuts[y] if left <= cut <= right]
                    for cut, piece in zip(places, strip.divide([cut - left for cut in places[1:]]), strict=False):
                        if chops[y][cut] is None:
                            chops[y][cut] = piece
        # As with Textual's own, there is nothing where nothing was wanted.
        return cast("Sequence[Mapping[int, Strip]]", chops)


def _runs(lines: Iterable[int]) -> Iterator[range]:
    """The lines, those that follow each other together."""
    for _, group in groupby(enumerate(lines), key=lambda counted: counted[1] - counted[0]):
        run = [line for _, line in group]
        yield range(run[0], run[-1] + 1)


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
