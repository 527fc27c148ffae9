"""All that we use of Textual which it keeps to itself. No other module does.

Any version of Textual may rename these. `tests/tui/test_tui_textual_internals.py` names each, and who in Textual calls
those that we override: renamed, they would be switched off and nobody told. Measured with Textual 8.2.8, 160 by 45.

`App._driver`: to write what no widget paints, and to give the terminal back when the loop hangs. Without it a
notification by the terminal is lost, and who ends a console that hangs finds the terminal in our modes.

`App._fatal_error`, `App._exception`: to end in one sentence. Without them a traceback shows every local variable, and
those hold what agents and operators wrote.

`Screen._bindings`: the keys as they are resolved. Without it two keys cannot be swapped: Textual's own key maps take
that for a clash.

`Screen._compositor_refresh`, `Screen._on_timer_update`: each update is painted once, where Textual paints after a
layout and then what has changed. Without them a start writes 116 kB in place of 58.

`Screen._compositor`, `textual._compositor`: the way to the next two.

`Compositor._render_chops`: lines of widgets that stand behind others are not made. A changed line takes 0.1 ms in place
of 0.4, and a key 6 ms of processor in place of 7.

`Compositor.render_partial_update`, `ChopsUpdate.render_segments`: nothing is written but the cells that changed, and no
colour twice. A cell costs 34 bytes in place of 192, which tmux has to read and a slow line to carry.

`LinuxDriver._file`: where it paints. Without it `quarterdeck 2>file` paints into the file.

`AppService._task`, of textual-serve: ends when a page's program does. Without it a page whose console was killed stays
as it was.
"""

from __future__ import annotations

import sys
import time
from itertools import groupby
from typing import TYPE_CHECKING, cast

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS
from textual._compositor import ChopsUpdate, Compositor
from textual.app import App
from textual.binding import BindingsMap
from textual.geometry import Region
from textual.screen import UPDATE_PERIOD, Screen
from textual.strip import Strip

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rich.console import Console
    from textual.binding import Binding
    from textual.driver import Driver
    from textual.drivers.linux_driver import LinuxDriver
    from textual_serve.app_service import AppService

RESET = "\x1b[0m"


class OpenApp(App[int]):
    """An app that knows its driver, and may say how it ends when something in it failed."""

    @property
    def driver(self) -> Driver | None:
        """What writes to the terminal; None before there is one."""
        return self._driver

    def crashed(self, error: BaseException | None) -> None:
        """End after an error that nothing has caught."""
        raise NotImplementedError

    def _fatal_error(self) -> None:
        self.crashed(self._exception)


class PaintsOnce(Screen[None]):
    """A screen that is painted once for each of its updates, and at once after a rest."""

    _is_updating = False
    _is_owed = False
    _updated_at = 0.0

    def __init__(self) -> None:
        super().__init__()
        self._compositor = NarrowCompositor()

    def bind_keys(self, bindings: Iterable[Binding]) -> None:
        """Have these keys and no others."""
        self._bindings = BindingsMap(bindings)

    def on_idle(self) -> None:
        """Paint at once after a rest; the timer of the updates may first sleep for two of its turns."""
        if time.monotonic() - self._updated_at >= UPDATE_PERIOD:
            self._on_timer_update()

    def _on_timer_update(self) -> None:
        self._updated_at = time.monotonic()
        self._is_updating = True
        super()._on_timer_update()
        self._is_updating = False
        if self._is_owed:
            self._is_owed = False
            super()._compositor_refresh()

    def _compositor_refresh(self) -> None:
        if self._is_updating:
            self._is_owed = True
        else:
            # The screen has another size, and is painted whole when everything in it has its own.
            self.refresh()


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
        colours = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
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
                    colour = Strip.render_ansi(style, colours) if style is not None else ""
                    if colour != colour_now:
                        said.append(f"\x1b[0;{colour}m" if colour else RESET)
                        colour_now = colour
                    said.append(text)
        said.append(RESET)
        return "".join(said)


def paint_on_terminal(driver: LinuxDriver) -> None:
    """Have a driver paint on standard output where what is said on the other one goes elsewhere, or nowhere."""
    if driver._file is None or not driver._file.isatty():
        driver._file = sys.__stdout__


def running_program(service: AppService) -> asyncio.Task[None]:
    """What ends when the program of a page does."""
    task: asyncio.Task[None] | None = service._task
    assert task is not None, "it has not been started"
    return task
