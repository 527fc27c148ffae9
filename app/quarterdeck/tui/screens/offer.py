"""Shows what turning something on would change, and asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from quarterdeck.core.text import clean
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.detail import DIFF_ROLES
from quarterdeck.tui.screens.dialog import Dialog
from quarterdeck.tui.widgets.scrolling_lines import ScrollingLines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from quarterdeck.operations.setup_offers import Offer
    from quarterdeck.tui.screen_context import ScreenContext

MOST_LINES = 16
LEAST = 20
"""Cells of a line."""


class OfferScreen(Dialog[bool]):
    """`y` does it; anything else is No."""

    AUTO_FOCUS = "#lines"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "accept", "do it"),
        Binding("d", "whole", "every line"),
        Binding("n,enter,q", "leave", "no"),
    ]

    def __init__(self, context: ScreenContext, offer: Offer) -> None:
        super().__init__(context)
        self.heading = offer.question
        self._offer = offer
        self._shown = offer.change
        whole = (("d", "every line"),) if offer.whole else ()
        self.keys = (("y", "do it"), *whole, ("j k", "scroll"), ("Enter Esc", "no"))
        self.lines = ScrollingLines(context.colours, css_id="lines")

    def body(self) -> Iterable[Widget]:
        """Why, then the change."""
        yield Static(self.style(clean(self._offer.why), "muted"), id="why")
        self.lines.styles.height = 1
        yield self.lines

    def on_mount(self) -> None:
        """Show the change once it is known how wide it may be."""
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """Lines are broken where the box ends."""
        super().on_resize()
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        """Show every letter of it."""
        room = max(LEAST, self.lines.size.width - 1)
        shown = [
            (Cell(part, DIFF_ROLES.get(line[:1], "text")),)
            for line in map(clean, self._shown)
            for part in [line[start : start + room] for start in range(0, len(line), room)] or [""]
        ]
        self.lines.styles.height = min(len(shown), MOST_LINES)
        self.lines.show(shown)

    def action_whole(self) -> None:
        """Between the change in short and every line of it."""
        if self._offer.whole:
            self._shown = self._offer.whole if self._shown == self._offer.change else self._offer.change
            self._show()

    def action_accept(self) -> None:
        """Do it."""
        self.dismiss(True)
