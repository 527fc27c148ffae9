"""When to read again what an agent wrote, so that nothing is late and nothing is read in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.core.report import ReportState
    from quarterdeck.ports.agent_process import AgentHome, Program

WRITTEN_GAP = 0.2
"""Seconds between two readings of one agent whose files are written all the time."""
MOVED_GAP = 0.8
"""The same, of one whose pane moves, where nobody tells of its files."""
TOLD_GAP = 2.0
"""The same, where the kernel tells of them: what else there is to read changes seldom."""
TRAILING = (1.0, 3.0)
"""An agent may write down what it did a moment after its screen showed it, so it is read so many seconds later too."""
NEVER_READ = float("-inf")


class ReadingPlan(Struct):
    """What is known of one agent's files. Times are seconds that never go back."""

    program: Program
    home: AgentHome | None = None
    """Where that process keeps its files, which does not change."""
    read_at: float = NEVER_READ
    moved_at: float = NEVER_READ
    """When its pane wrote something last."""
    has_moved: bool = False
    """Whether it did since this was read."""
    is_written: bool = False
    """Whether something happened to its files since."""
    reported: ReportState | None = None
    """What had been reported by then."""
    has_reported: bool = False
    """Whether more was reported since."""
    is_told: bool = False
    """Whether the kernel tells of its files."""
    files: tuple[Path, ...] = ()
    prompt: str = ""
    """The operator's newest, in which skills were looked for."""

    def note(self, report: ReportState, now: float, *, moved: bool) -> None:
        """Take in that its pane moved, and what has been reported by now."""
        if moved:
            self.moved_at, self.has_moved = now, True
        if report is not self.reported:
            self.reported, self.has_reported = report, True

    def begin(self, now: float) -> None:
        """It is read now: what happens from here on is a reason to do so again."""
        self.read_at = now
        self.has_moved = self.is_written = self.has_reported = False

    def due_at(self) -> float | None:
        """When it should be read again; None when there is no reason for it."""
        if self.read_at == NEVER_READ or self.has_reported:
            return NEVER_READ
        trailing = (self.moved_at + after for after in TRAILING[self.is_told :])
        times = [time for time in trailing if time > self.read_at][:1]
        if self.is_written:
            times.append(self.read_at + WRITTEN_GAP)
        if self.has_moved:
            times.append(self.read_at + (TOLD_GAP if self.is_told else MOVED_GAP))
        return min(times, default=None)
