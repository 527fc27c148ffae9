"""What reads one kind of agent: its screen, title, reports, registry and transcripts, and its hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.agents import title_rules
from quarterdeck.agents.drafts import read_box
from quarterdeck.agents.screen import (
    STILL_AFTER,
    Parts,
    ScreenLayout,
    ScreenRule,
    lines_of,
    match_screen,
    reading_of,
    still_at_prompt,
)
from quarterdeck.core.session import Confidence, Need, SessionState
from quarterdeck.core.text import clean_lines
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.agents.hooks import HookSetup
    from quarterdeck.agents.screen import Match
    from quarterdeck.agents.title_rules import TitleRule
    from quarterdeck.core.reading import Reading
    from quarterdeck.core.report import Report, ReportState
    from quarterdeck.ports.agent import Box, Program, ScreenLook, Transcript

    ReportReader = Callable[[ReportState, Report], ReportState]
    RegistryReader = Callable[[Program, datetime, Path | None], Reading | None]
    TranscriptMaker = Callable[..., Transcript]
    ColourReader = Callable[[str, Match], Match]
    MarkReader = Callable[[str, Sequence[str]], int | None]


def _no_parts(lines: tuple[str, ...]) -> Parts:
    return Parts(body=lines)


PLAIN_LAYOUT = ScreenLayout(split=_no_parts)


class AgentReaders(Struct, frozen=True, kw_only=True):
    """Rules and readers of one kind of agent. What is left out cannot be read of it."""

    layout: ScreenLayout = PLAIN_LAYOUT
    screen_rules: tuple[ScreenRule, ...] = ()
    title_rules: tuple[TitleRule, ...] = ()
    colours: ColourReader | None = None
    """Takes the screen with its colours, if it was captured with them, and may know better than the rule."""
    marks: MarkReader | None = None
    """Tells from the screen's colours which of the choices of a permission is marked."""
    reports: ReportReader | None = None
    registry: RegistryReader | None = None
    transcripts: TranscriptMaker | None = None
    conversations: Callable[[Program, Path | None], str] | None = None
    hooks: HookSetup | None = None

    def read_screen(self, look: ScreenLook) -> Reading | None:
        """What the rendered screen says; None when it says nothing certain."""
        parts = self.layout.split(lines_of(clean_lines(look.text)))
        match = match_screen(parts, self.screen_rules, self.layout)
        if match is not None:
            match = self.colours(look.text, match) if self.colours else match
            reading = reading_of(match, parts, at=look.at, still_for=look.still_for)
            if self.marks is None or reading is None or reading.needs is not Need.PERMISSION:
                return reading
            return replace(reading, marked=self.marks(look.text, reading.choices))
        if parts.box is None or look.still_for is None or look.still_for < STILL_AFTER:
            return None
        title = self.read_title(look.title, at=look.at, still_for=look.still_for)
        if title is not None and title.state is not SessionState.IDLE and title.confidence is not Confidence.LOW:
            return None
        return still_at_prompt(at=look.at, still_for=look.still_for)

    def read_box(self, look: ScreenLook) -> Box:
        """What the agent's input line holds."""
        return read_box(self.layout, look.text)

    def read_title(self, title: str, *, at: datetime, still_for: float | None = None) -> Reading | None:
        """What the pane's title says."""
        return title_rules.read_title(self.title_rules, title, at=at, still_for=still_for)
