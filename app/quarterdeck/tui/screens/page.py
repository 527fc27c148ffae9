"""A dialog that is a page to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.tui.screens.dialog import Dialog
from quarterdeck.tui.widgets.scrolling_lines import ScrollingLines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from quarterdeck.tui.screen_context import ScreenContext


class Page(Dialog[None]):
    """As large as the screen allows."""

    DEFAULT_CLASSES = "-page"
    AUTO_FOCUS = "#lines"

    def __init__(self, context: ScreenContext) -> None:
        super().__init__(context)
        self.lines = ScrollingLines(context.colours, css_id="lines")

    def body(self) -> Iterable[Widget]:
        """The lines."""
        yield self.lines
