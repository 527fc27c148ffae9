"""Keys wait for one another, and never for ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from quarterdeck.tui import keys_in_turn
from quarterdeck.tui.keys_in_turn import KeysInTurn

if TYPE_CHECKING:
    import pytest
    from textual.events import Key


class Stuck(Screen[None]):
    async def on_key(self, event: Key) -> None:
        assert isinstance(self.app, Leaving)
        if event.key == "a":
            await self.app.has_ended.wait()
        elif event.key == "b":
            event.stop()
            self.app.hold_keys()


class Leaving(KeysInTurn):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "leave", "leave", priority=True)]

    def __init__(self) -> None:
        super().__init__()
        self.has_left, self.has_ended = asyncio.Event(), asyncio.Event()

    def get_default_screen(self) -> Stuck:
        return Stuck()

    def action_leave(self) -> None:
        self.has_left.set()


async def has_left_after(key: str) -> bool:
    app = Leaving()
    async with app.run_test() as pilot:
        app.simulate_key(key)
        app.simulate_key("q")
        await pilot.pause(0)
        waits = not app.has_left.is_set()
        keys_in_turn.KEY_PATIENCE = 0.0
        app.simulate_key("q")
        async with asyncio.timeout(60):
            await app.has_left.wait()
        app.has_ended.set()
        return waits


async def test_what_hangs_keeps_no_key_from_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in "ab":
        monkeypatch.setattr(keys_in_turn, "KEY_PATIENCE", 1000.0)
        assert await has_left_after(key), "it waited as long as it should"
