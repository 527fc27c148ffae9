"""Stops what is under way on a row, after asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from quarterdeck.tui.rows.session_row import name_of
from quarterdeck.tui.screens.dialog import Dialog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from quarterdeck.core.session import Session
    from quarterdeck.operations.long_operations import LongOperation
    from quarterdeck.tui.screen_context import ScreenContext


class StopScreen(Dialog[bool]):
    """`y` stops it. Anything else is No."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "stop", "stop"), Binding("n,enter,q", "leave", "no")]

    def __init__(self, context: ScreenContext, session: Session, under_way: LongOperation) -> None:
        super().__init__(context)
        self._can_stop = under_way.can_stop
        self._what = under_way.what
        self.heading = f"Stop {self._what} {name_of(session)}?"
        self.keys = (("y", "stop it"), ("Enter Esc", "no")) if self._can_stop else (("Esc", "back"),)

    def body(self) -> Iterable[Widget]:
        """What stopping does."""
        if self._can_stop:
            yield Static(self.style("What was done so far is taken back."))
        else:
            yield Static(self.style("It has gone too far to be stopped, and will be done in a moment."))

    def action_stop(self) -> None:
        """Stop it."""
        if self._can_stop:
            self.dismiss(True)
