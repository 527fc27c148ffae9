"""A key belongs to whatever has the focus when its turn comes, however fast it was typed."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from textual.app import App
from textual.events import Key

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Callable, Iterator

    from textual.dom import DOMNode
    from textual.events import Event
    from textual.widget import Widget


KEY_PATIENCE = 2.0
"""Seconds after which a key waits no longer for the one before it: whatever hangs, one can still leave."""


def is_astray(widget: Widget, event: Key) -> bool:
    """Whether a key comes after one that has moved the focus away; the widget then leaves it to the app."""
    if widget.app.focused is widget:
        return False
    event.prevent_default()
    return True


class KeysInTurn(App[int]):
    """An app that loses no key and swaps none: each is sent when the one before it has had its effect.

    Textual sends the keys that come in one go to what has the focus by then, before the first of them has its effect.
    """

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._coming: deque[Key] = deque()
        self._sent: tuple[Key, Widget] | None = None
        """The key whose turn it is, and what it was sent to."""
        self._is_holding = False
        self._since = 0.0

    def hold_keys(self) -> None:
        """Keep what is typed from now on until `let_keys_go`: what it is for is still being made."""
        self._is_holding, self._since = True, time.monotonic()

    def let_keys_go(self) -> None:
        """What the keys are for has the focus now."""
        self._is_holding = False
        self.call_later(self._send_next)

    async def on_event(self, event: Event) -> None:
        """Let each key wait for its turn."""
        if isinstance(event, Key) and not event.is_forwarded:
            self._coming.append(event)
            if time.monotonic() - self._since > KEY_PATIENCE:
                self._sent, self._is_holding = None, False
            await self._send_next()
        else:
            await super().on_event(event)

    async def _send_next(self) -> None:
        if self._coming and self._sent is None and not self._is_holding:
            event, to = self._coming.popleft(), self.focused or self.screen
            self._sent, self._since = (event, to), time.monotonic()
            await super().on_event(event)
            self._follow(event, iter([node for node in to.ancestors_with_self if node is not self]))

    def _follow(self, event: Key, path: Iterator[DOMNode]) -> None:
        """Go behind a key from one to the next that it may pass, each of which takes what it is sent in turn."""
        for node in path:
            step = _Step(lambda: self._follow(event, path))
            if node.call_later(step):
                # Only now: what the key has closed has no task any more.
                step.task = node.task
                step.task.add_done_callback(step)
                return
        self.call_later(self._turn_is_over, event)

    async def _turn_is_over(self, event: Key) -> None:
        if self._sent is not None and self._sent[0] is event:
            self._sent = None
            await self._send_next()

    def on_key(self, event: Key) -> None:
        """Send a key again that nothing has taken, when the one before it has moved the focus or holds the keys."""
        if self._sent is None or self._sent[0] is not event:
            return
        if self._is_holding or self._sent[1] is not (self.focused or self.screen):
            event.prevent_default()
            self._coming.appendleft(Key(event.key, event.character))


class _Step:
    """Taken once: in its turn, or when what the key has closed takes nothing any more."""

    def __init__(self, go_on: Callable[[], None]) -> None:
        self._go_on = go_on
        self.task: Task[None] | None = None
        """Whose turn it is."""
        self._is_taken = False

    def __call__(self, *_: object) -> None:
        if not self._is_taken:
            self._is_taken = True
            if self.task is not None:
                self.task.remove_done_callback(self)
            self._go_on()
