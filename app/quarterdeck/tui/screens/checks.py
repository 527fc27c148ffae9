"""The checks of `doctor`: what is wrong, why, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.finding import finding_lines, verdict
from quarterdeck.tui.screens.page import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.ports.doctor_check import Finding
    from quarterdeck.tui.screen_context import ScreenContext


class ChecksScreen(Page):
    """Looks when it opens and when asked again; what is wrong stands first."""

    heading = "Checks"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("exclamation_mark,q", "leave", "back"),
        Binding("r", "look", "again"),
    ]
    keys = (("j k", "scroll"), ("r", "again"), ("Esc", "back"))

    def __init__(self, context: ScreenContext) -> None:
        super().__init__(context)
        self._findings: Sequence[Finding] = ()

    def on_mount(self) -> None:
        """Look."""
        self.lines.show([(Cell("Looking …", "muted"),)])
        self.action_look()

    def action_look(self) -> None:
        """Look again."""
        self.context.attempt(self._look())

    def on_resize(self) -> None:
        """Sentences are broken where the page ends."""
        super().on_resize()
        if self._findings:
            self.call_after_refresh(self._show)

    async def _look(self) -> None:
        self._findings = await self.context.backend.setup.findings()
        self.query_one("#heading", Static).update(f"Checks: {verdict(self._findings)}")
        self._show()

    def _show(self) -> None:
        self.lines.show(finding_lines(self._findings, self.lines.size.width - 1, ascii_only=self.context.ascii_only))
