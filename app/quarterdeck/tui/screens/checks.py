"""The checks of `doctor`: what is wrong, why, and what to do about it."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from quarterdeck.core.text import clean, fit
from quarterdeck.ports.doctor_check import CheckStatus
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.screens.dialog import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.ports.doctor_check import Finding
    from quarterdeck.tui.rows.cell import Line
    from quarterdeck.tui.screen_context import ScreenContext

_SHOWN = {
    CheckStatus.FAIL: ("✖", "x", "failed", "failed"),
    CheckStatus.WARN: ("!", "!", "warning", "asks"),
    CheckStatus.OK: ("✓", "+", "well", "works"),
}
"""Sign, the same in ASCII, word and role of each status; the worst first."""
WORD = 7
CHECK_NAME_MOST = 18
LEAST_SENTENCE_CELLS = 20
"""Cells a sentence needs at least."""


def finding_lines(findings: Sequence[Finding], width: int, *, ascii_only: bool) -> list[Line]:
    """A line or more for each finding, and the cure below what is not well."""
    name = min(CHECK_NAME_MOST, max((len(clean(found.name)) for found in findings), default=0))
    indent = Cell(" " * (2 + WORD + 1 + name + 2))
    room = max(LEAST_SENTENCE_CELLS, width - len(indent.text))
    arrow = "->" if ascii_only else "→"
    lines: list[Line] = []
    for found in sorted(findings, key=lambda one: [*_SHOWN].index(one.status)):
        sign, plain, word, role = _SHOWN[found.status]
        mark = Cell(f"{plain if ascii_only else sign} {fit(word, WORD)} ", role)
        first, *more = wrap(clean(found.cause), room) or [""]
        lines.append((mark, Cell(fit(clean(found.name), name) + "  ", "text bold"), Cell(first)))
        lines += [(indent, Cell(text)) for text in more]
        if found.cure and found.status is not CheckStatus.OK:
            cure = wrap(f"{arrow} {clean(found.cure)}", room, break_on_hyphens=False)
            lines += [(indent, Cell(text, "accent")) for text in cure]
    return lines


def verdict(findings: Sequence[Finding]) -> str:
    """How it went, in a few words."""
    failed, better = (sum(one.status is status for one in findings) for status in (CheckStatus.FAIL, CheckStatus.WARN))
    said = [f"{failed} failed"] if failed else []
    said += [f"{better} could be better"] if better else []
    return ", ".join(said) or "all is well"


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
        if self._findings:
            self.call_after_refresh(self._show)

    async def _look(self) -> None:
        self._findings = await self.context.backend.setup.findings()
        self.query_one("#heading", Static).update(f"Checks: {verdict(self._findings)}")
        self._show()

    def _show(self) -> None:
        self.lines.show(finding_lines(self._findings, self.lines.size.width - 1, ascii_only=self.context.ascii_only))
