"""Shows what turning something on would change, and asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from quarterdeck.core.text import clean
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.detail import DIFF_ROLES
from quarterdeck.tui.screens.dialog import Dialog
from quarterdeck.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from quarterdeck.tui.app import ConsoleApp
    from quarterdeck.tui.setup import Offer

MOST_LINES = 16


class OfferScreen(Dialog[bool]):
    """`y` does it; anything else is No."""

    AUTO_FOCUS = "#lines"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "accept", "do it"),
        Binding("n,enter,q", "leave", "no"),
    ]
    keys = (("y", "do it"), ("Enter Esc", "no"), ("j k", "scroll"))

    def __init__(self, console: ConsoleApp, offer: Offer) -> None:
        super().__init__(console)
        self.heading = offer.question
        self._offer = offer
        self.lines = Lines(console.colours, css_id="lines")

    def body(self) -> Iterable[Widget]:
        """Why, then the change."""
        yield Static(self.style(clean(self._offer.why), "muted"), id="why")
        self.lines.styles.height = min(len(self._offer.change), MOST_LINES)
        yield self.lines

    def on_mount(self) -> None:
        """Show the change."""
        self.lines.show([(Cell(clean(line), DIFF_ROLES.get(line[:1], "text")),) for line in self._offer.change])

    def action_accept(self) -> None:
        """Do it."""
        self.dismiss(True)
