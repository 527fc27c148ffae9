"""A report: what an agent's hook wrote, and what the reports of one session add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.reading import Reading
    from quarterdeck.core.subagent import Subagent


REPORT_HEADER = "quarterdeck-report 1"
"""Starts every report in the spool: what it is, and the version of its form."""
PAYLOAD_BYTES = 32_768
"""A hook cuts what is longer."""


class Report(Struct, frozen=True, kw_only=True):
    """One hook's message, as it lay in the spool. Everything in it is foreign."""

    agent: str
    """Key of the agent whose hook wrote it."""
    event: str
    pane_id: str = ""
    socket: str = ""
    """tmux socket the agent ran under; "" when it ran outside tmux."""
    at: datetime
    payload: Mapping[str, object] = field(default_factory=dict)


class ReportState(Struct, frozen=True, kw_only=True):
    """What the reports of one session add up to."""

    reading: Reading | None = None
    session_id: str = ""
    """The agent's own id of the conversation."""
    transcript_path: str = ""
    cwd: str = ""
    model: str = ""
    last_prompt: str = ""
    last_text: str = ""
    """The agent's last words."""
    tool: str = ""
    """The tool that runs now, with its gist."""
    background_tasks: int = 0
    subagents: tuple[Subagent, ...] = ()
    """Those that have started and not stopped, as far as hooks tell."""
    asked_by: str = ""
    """The sub-agent behind an open permission; "" = the main agent."""
    turns: int = 0
    """Prompts seen so far."""
    error_at: datetime | None = None
    """When an error was told; the idle event that follows it must not hide it."""
    has_ended: bool = False
    """Whether the last that was told is that the conversation is over."""
    at: datetime | None = None
    """Time of the newest report folded in; older ones that arrive late change nothing."""
