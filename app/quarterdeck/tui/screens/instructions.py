"""Tells something the operator must do, with the exact command."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from quarterdeck.core.text import clean
from quarterdeck.tui.screens.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from quarterdeck.tui.screen_context import ScreenContext


class TellScreen(Dialog[None]):
    """What, why, and the command to type."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,q", "leave", "back")]
    keys = (("Enter Esc", "back"),)

    def __init__(self, context: ScreenContext, heading: str, why: str, command: str) -> None:
        super().__init__(context)
        self.heading = heading
        self._why = why
        self._command = command

    def body(self) -> Iterable[Widget]:
        """The reason, then the command on a line of its own so that it can be copied."""
        yield Static(self.style(clean(self._why)))
        yield Static(self.style("\n  " + clean(self._command), "accent bold"))
