"""Keys one after another: a key typed ahead goes where the key before it leads."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import App
from textual.message import Message

if TYPE_CHECKING:
    from textual.screen import Screen

PATIENCE = 1.0
"""Seconds after which the next key goes on although the one before was not seen to its end."""


class OrderlyApp(App[int]):
    """An app in which `/beta` typed in one go is a filter, and not a command and four lost letters.

    Textual hands every key to what has the focus when it arrives. What an earlier key opens has the focus only after
    that key went through the queues of all who may handle it, and by then the next keys are under way elsewhere.
    """

    @dataclass
    class Settled(Message):
        """Follows a key through the same queues; where this comes out, the key has had its effect."""

        turn: int
        screen: Screen[object]

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._typed: deque[events.Event] = deque()
        self._turn = 0
        self._impatience: asyncio.TimerHandle | None = None
        """Set while a key is under way."""

    async def on_event(self, event: events.Event) -> None:
        """Keep what is typed in line; everything else goes its way."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._typed.append(event)
            if self._impatience is None:
                await self._hand_on()
        else:
            await super().on_event(event)

    async def _hand_on(self) -> None:
        while self._typed:
            event = self._typed.popleft()
            self._turn += 1
            target = self.focused or self.screen
            settled = self.Settled(self._turn, self.screen)
            await super().on_event(event)
            if target.post_message(settled):
                # What the key closes may take the message with it.
                late = self.Settled(self._turn, self.screen)
                self._impatience = asyncio.get_running_loop().call_later(PATIENCE, self.post_message, late)
                return

    @on(Settled)
    async def _next_turn(self, message: Settled) -> None:
        if message.turn != self._turn or self._impatience is None:
            return
        if message.screen is not self.screen and self.screen.post_message(self.Settled(message.turn, self.screen)):
            # A screen was opened: it has to be there, with its focus set, before it can be typed into.
            return
        self._impatience.cancel()
        self._impatience = None
        await self._hand_on()
