"""Runs the console on a canned backend, for tests."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.events import Key

from quarterdeck.tui.app import ConsoleApp
from quarterdeck.tui.widgets.line import CellLine, ScrollingLines
from quarterdeck.tui.widgets.preview import PaneTail
from support.canned import CannedBackend, StillClock
from support.idle import hasty

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.pilot import Pilot

    from quarterdeck.tui.screens.main import MainScreen


CHARACTERS = {"space": " ", "slash": "/", "comma": ",", "colon": ":", "full_stop": ".", "minus": "-", "underscore": "_"}
"""Keys that are called otherwise than what they write."""
CALLED = {character: name for name, character in CHARACTERS.items()}


def text_of(part: CellLine | ScrollingLines | PaneTail) -> str:
    """What a line, a page or the tail of a pane says."""
    if isinstance(part, PaneTail):
        return "\n".join(line.text.rstrip() for line in part._lines)
    lines = [part._cells] if isinstance(part, CellLine) else part._lines
    return "\n".join("".join(cell.text for cell in line).rstrip() for line in lines)


@dataclass
class Running:
    """A console that runs, and the means to work it."""

    app: ConsoleApp
    pilot: Pilot[int]
    backend: CannedBackend
    clock: StillClock

    @property
    def main(self) -> MainScreen:
        return self.app.main

    def row(self, session_id: str) -> str:
        """A row of the table as text."""
        table = self.main.table
        return "".join(cell.text for cell in table._cells(table._places[session_id])).rstrip()

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until they have had their effect."""
        await press(self.pilot, *keys)
        await self.settle()

    async def press_at_once(self, *keys: str) -> None:
        """Press keys as they come when typed ahead: each before the one before it has had its effect."""
        for key in keys:
            self.app.post_message(pressed(key))
        await self.settle()
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        await still(self.pilot)


class Typed(str):
    """Text that is typed in one go, and has its effect as a whole."""


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press keys, each when the one before it has had its effect."""
    for key in keys:
        if isinstance(key, Typed):
            for character in key:
                pilot.app.post_message(pressed(CALLED.get(character, character)))
            await pilot.pause()
        else:
            await pilot.press(key)


def pressed(key: str) -> Key:
    """A key as the terminal tells of it."""
    return Key(key, CHARACTERS.get(key, key if len(key) == 1 else None))


async def still(pilot: Pilot[int]) -> None:
    """Wait until everything that was asked for has come, and is on the screen."""
    app = pilot.app
    assert isinstance(app, ConsoleApp)
    await pilot.pause()
    while app.repaint.is_due or app.main._feed._timer is not None:
        await hasty.pass_by(0.01)
        await pilot.pause()
    calls = [worker for worker in app.workers if worker.name != "supervisor"]
    if calls:
        await app.workers.wait_for_complete(calls)
    await pilot.pause()


@asynccontextmanager
async def console(
    backend: CannedBackend | None = None, size: tuple[int, int] = (120, 36), *, shows_toasts: bool = False
) -> AsyncIterator[Running]:
    """The console on a canned fleet, with the clock held still."""
    backend = backend or CannedBackend()
    clock = StillClock()
    app = ConsoleApp(backend, clock)
    async with app.run_test(size=size, notifications=shows_toasts) as pilot:
        running = Running(app, pilot, backend, clock)
        await running.settle()
        yield running
