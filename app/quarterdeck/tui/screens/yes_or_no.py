"""Dialogs that show what would happen and do it when the operator agrees, and one that only tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from quarterdeck.core.text import clean
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.detail import DIFF_ROLES
from quarterdeck.tui.rows.session_row import name_of
from quarterdeck.tui.screens.dialog import Dialog
from quarterdeck.tui.widgets.line import ScrollingLines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from quarterdeck.core.session import Session
    from quarterdeck.operations.long_operations import LongOperation
    from quarterdeck.operations.setup_offers import Offer
    from quarterdeck.tui.screen_context import ScreenContext

MOST_CHANGED = 16
"""Lines that are shown at once of a change."""
LEAST_CHANGE_WIDTH = 20
"""Cells of a line of a change."""


class YesOrNo(Dialog[bool]):
    """`y` does it; anything else is No."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "agree", "yes"), Binding("n,enter,q", "leave", "no")]

    def action_agree(self) -> None:
        """Do it."""
        self.dismiss(True)


class OfferScreen(YesOrNo):
    """What turning something on would change."""

    AUTO_FOCUS = "#lines"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "whole", "every line")]

    def __init__(self, context: ScreenContext, offer: Offer) -> None:
        super().__init__(context)
        self.heading = offer.question
        self._offer = offer
        self._shown = offer.change
        whole = (("d", "every line"),) if offer.whole else ()
        self.keys = (("y", "do it"), *whole, ("j k", "scroll"), ("Enter Esc", "no"))
        self.lines = ScrollingLines(context.colours)

    def body(self) -> Iterable[Widget]:
        """Why, then the change."""
        yield Static(self.style(clean(self._offer.why), "muted"), id="why")
        self.lines.styles.height = 1
        yield self.lines

    def on_resize(self) -> None:
        """Lines are broken where the box ends."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        """Show every letter of it."""
        room = max(LEAST_CHANGE_WIDTH, self.lines.size.width - 1)
        shown = [
            (Cell(part, DIFF_ROLES.get(line[:1], "text")),)
            for line in map(clean, self._shown)
            for part in [line[start : start + room] for start in range(0, len(line), room)] or [""]
        ]
        self.lines.styles.height = min(len(shown), MOST_CHANGED)
        self.lines.show(shown)

    def action_whole(self) -> None:
        """Between the change in short and every line of it."""
        if self._offer.whole:
            self._shown = self._offer.whole if self._shown == self._offer.change else self._offer.change
            self._show()


class StopScreen(YesOrNo):
    """Whether to stop what is under way on a row."""

    def __init__(self, context: ScreenContext, session: Session, under_way: LongOperation) -> None:
        super().__init__(context)
        self._can_stop = under_way.can_stop
        self.heading = f"Stop {under_way.what} {name_of(session)}?"
        self.keys = (("y", "stop it"), ("Enter Esc", "no")) if self._can_stop else (("Esc", "back"),)

    def body(self) -> Iterable[Widget]:
        """What stopping does."""
        too_late = "It has gone too far to be stopped, and will be done in a moment."
        yield Static(self.style("What was done so far is taken back." if self._can_stop else too_late))

    def action_agree(self) -> None:
        """Stop it."""
        if self._can_stop:
            self.dismiss(True)


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
