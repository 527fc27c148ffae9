"""Everything known of one session at a moment, for whoever says in words what it does and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.report import ReportState

if TYPE_CHECKING:
    from quarterdeck.core.session import Session
    from quarterdeck.core.transcript import TranscriptView


class Insight(Struct, frozen=True, kw_only=True):
    """One session with what its agent wrote, reported and shows."""

    session: Session
    agent: str = ""
    """The agent whose program runs in the pane; "" = a plain terminal."""
    view: TranscriptView | None = None
    report: ReportState = field(default_factory=ReportState)
    screen: str = ""
    """The visible screen without colours, not otherwise cleaned."""
    is_full_screen: bool = False
    """Whether the program drew a screen of its own, so that its last line says nothing."""
    is_waiting: bool = False
    """Whether it waits for the operator: something is asked, or the agent's turn is over."""

    @property
    def has_context(self) -> bool:
        """Whether the agent told anything about itself."""
        return bool(self.agent) and (self.view is not None or self.report.at is not None)

    @property
    def task(self) -> str:
        """What the operator asked for last."""
        prompt = self.view.last_prompt if self.view else ""
        return prompt or self.report.last_prompt

    @property
    def tool(self) -> str:
        """The tool that runs now, with what it is about."""
        current = self.view.current_tool if self.view else ""
        return current or self.report.tool
