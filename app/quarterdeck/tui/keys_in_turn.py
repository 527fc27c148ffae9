"""A key belongs to whatever has the focus when its turn comes, however fast it was typed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from textual.app import App
from textual.events import Key

if TYPE_CHECKING:
    from textual.events import Event
    from textual.widget import Widget


def is_astray(widget: Widget, event: Key) -> bool:
    """Whether a key comes after one that has moved the focus away; the widget then leaves it to the app."""
    if widget.app.focused is widget:
        return False
    event.prevent_default()
    return True


class KeysInTurn(App[int]):
    """An app that loses no key.

    Textual sends the keys that come in one go to what has the focus by then, before the first of them has its effect.
    """

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._sent_to: WeakKeyDictionary[Key, Widget] = WeakKeyDictionary()
        self._held: list[Key] | None = None

    def hold_keys(self) -> None:
        """Keep what is typed from now on until `let_keys_go`: what it is for is still being made."""
        self._held = self._held or []

    def let_keys_go(self) -> None:
        """What the keys are for has the focus now."""
        self.call_next(self._take_held)

    async def _take_held(self) -> None:
        held, self._held = self._held or [], None
        for event in held:
            await self.on_event(event)

    async def on_event(self, event: Event) -> None:
        """Note where a key is sent."""
        if isinstance(event, Key) and not event.is_forwarded:
            if self._held is not None:
                self._held.append(event)
                return
            self._sent_to[event] = self.focused or self.screen
        await super().on_event(event)

    def on_key(self, event: Key) -> None:
        """Send a key again that nothing has taken, when the one before it has moved the focus."""
        now = self.focused or self.screen
        if self._held is not None:
            event.prevent_default()
            self._held.append(Key(event.key, event.character))
        elif self._sent_to.pop(event, now) is not now:
            event.prevent_default()
            self.post_message(Key(event.key, event.character))
