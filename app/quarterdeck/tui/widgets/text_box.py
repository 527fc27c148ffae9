"""A few lines to write: Enter is done, Ctrl+J begins a new line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.widgets import TextArea

from quarterdeck.tui.keys_in_turn import is_astray

if TYPE_CHECKING:
    from textual import events


class TextBox(TextArea):
    """Text for an agent. A pasted text keeps its lines."""

    @dataclass
    class Submitted(Message):
        """The operator is done."""

        text: str

    def __init__(self, *, placeholder: str = "") -> None:
        super().__init__(
            id="writing", placeholder=placeholder, soft_wrap=True, tab_behavior="focus", compact=True,
            highlight_cursor_line=False, theme="css",
        )  # fmt: skip
        self.cursor_blink = False

    def on_key(self, event: events.Key) -> None:
        """Enter is done, and what begins a new line begins one."""
        if is_astray(self, event):
            return
        if event.key in {"enter", "ctrl+j", "alt+enter", "shift+enter"}:
            event.stop()
            event.prevent_default()
            if event.key == "enter":
                self.post_message(self.Submitted(self.text))
            else:
                self.insert("\n")
