"""What reads one kind of agent: its screen, title, reports, registry and transcripts, and its hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.agents import screen
from quarterdeck.agents.colours import without_dim
from quarterdeck.agents.screen import PANE_STILL_AFTER, Parts, ScreenLayout, ScreenRule, compiled, lines_of
from quarterdeck.agents.stranger import read_stranger
from quarterdeck.core.reading import Reading
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.core.text import clean_lines
from quarterdeck.ports.agent import Box, BoxState
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.agents.agent_rules import AgentRules
    from quarterdeck.agents.hooks import HookSetup
    from quarterdeck.agents.screen import Match, TitleRule
    from quarterdeck.core.report import Report, ReportState
    from quarterdeck.ports.agent import AgentTraces, ScreenLook, Transcript
    from quarterdeck.ports.agent_process import AgentHome, Program
    from quarterdeck.ports.agent_service import AgentService


class AgentReaders(Struct, frozen=True, kw_only=True):
    """Rules and readers of one kind of agent. What is left out cannot be read of it.

    The rules, and the patterns of the layout, come from its file of rules where there is one.
    """

    layout: ScreenLayout = ScreenLayout()
    screen_rules: tuple[ScreenRule, ...] = ()
    title_rules: tuple[TitleRule, ...] = ()
    titles_work: bool = False
    """Whether its title moves while it works, so that its input line under another title shows that it rests."""
    colours: Callable[[str, Match], Match] | None = None
    """Takes the screen with its colours, if it was captured with them, and may know better than the rule."""
    marks: Callable[[str, Sequence[str]], int | None] | None = None
    """Tells from the screen's colours which of the choices of a permission is marked."""
    reports: Callable[[ReportState, Report], ReportState] | None = None
    registry: Callable[[Program, datetime, AgentHome | None, str], Reading | None] | None = None
    files: Callable[[Program, AgentHome | None], tuple[Path, ...]] | None = None
    """Those beside the transcript in which a live process says what it does."""
    transcripts: Callable[..., Transcript] | None = None
    conversations: Callable[[Program, AgentHome | None], str] | None = None
    conversations_by_title: Callable[[Program, AgentHome | None, str], str] | None = None
    """The same, of an agent whose terminal's title helps to tell."""
    conversations_by_screen: Callable[[Program, AgentHome | None, str, str], str] | None = None
    """The same, of an agent whose title and screen help to tell."""
    conversation_status: Callable[[AgentHome | None, str], Reading | None] | None = None
    """What its service says of a conversation that is known, in place of `registry`."""
    commands: Callable[[AgentHome | None, str], Collection[str]] | None = None
    """The operator's own slash commands, by home and working folder."""
    traces: Callable[[Program, str, Path | None, AgentHome | None], AgentTraces] | None = None
    """What it keeps beside its transcript, or in the place of one, by process, conversation, transcript and home."""
    hooks: HookSetup | None = None
    service: AgentService | None = None

    def by_rules(self, rules: AgentRules) -> AgentReaders:
        """The same, with the rules of a file in the place of its own."""
        layout = replace(self.layout, **rules.layout)
        return replace(self, layout=layout, screen_rules=rules.screen, title_rules=rules.title)

    def shows_unbegun(self, text: str) -> bool:
        """Whether the rendered screen shows a conversation in which nothing has been said yet."""
        if not (self.layout.unbegun and text):
            return False
        body = self.layout.split(lines_of(text)).body
        return compiled(self.layout.unbegun).search("\n".join(body)) is not None

    def read_screen(self, look: ScreenLook) -> Reading | None:
        """What the rendered screen says; None when it says nothing certain."""
        if not self.screen_rules:
            return read_stranger(look)
        parts = self.layout.split(lines_of(clean_lines(look.text)))
        match = screen.match_screen(parts, self.screen_rules, self.layout)
        if match is not None:
            match = self.colours(look.text, match) if self.colours else match
            reading = screen.reading_of(match, parts, at=look.at, still_for=look.still_for)
            if self.marks is None or reading is None or reading.needs is not Need.PERMISSION:
                return reading
            return replace(reading, marked=self.marks(look.text, reading.choices))
        is_still = look.still_for is not None and look.still_for >= PANE_STILL_AFTER
        if parts.box is None or not (is_still or (self.titles_work and look.title)):
            return None
        title = self.read_title(look.title, at=look.at, still_for=look.still_for)
        if title is not None and title.state is not SessionState.IDLE and title.confidence is not Confidence.LOW:
            return None
        return Reading(
            source=Source.SCREEN,
            state=SessionState.IDLE,
            cause="screen_still" if is_still else "screen_rests",
            confidence=Confidence.MEDIUM,
            at=look.at,
            detail=f"prompt box, and nothing moved for {look.still_for:.0f} s" if is_still else "prompt box",
        )

    def read_title(self, title: str, *, at: datetime, still_for: float | None = None) -> Reading | None:
        """What the pane's title says."""
        return screen.read_title(self.title_rules, title, at=at, still_for=still_for)

    def read_box(self, look: ScreenLook) -> Box:
        """What the agent's input line holds; without the screen's colours a hint may be taken for a draft."""
        layout = self.layout
        if layout.sign is None:
            return Box(state=BoxState.UNKNOWN)
        lines = lines_of(clean_lines(look.text))
        parts = layout.split(lines)
        queueing = bool(layout.queueing and compiled(layout.queueing).search("\n".join(lines)))
        if parts.box is None or parts.covered:
            return Box(state=BoxState.COVERED, queueing=queueing)
        bright = clean_lines(without_dim(look.text)).split("\n")
        text = layout.typed(_without_dim(parts, parts.box, lines, bright))
        return Box(state=BoxState.OPEN, text=text, queueing=queueing)


def _without_dim(parts: Parts, box: tuple[str, ...], lines: tuple[str, ...], bright: list[str]) -> Parts:
    """Prompt box and foot with nothing dim in them; rules and bars may be dim, so they are found before."""
    foot = len(lines) - len(parts.foot)
    top = next(
        (at for at in range(foot - len(box), -1, -1) if all(map(str.startswith, lines[at : at + len(box)], box))),
        foot - len(box),
    )
    kept = [bright[top + row][: len(line)].rstrip() for row, line in enumerate(box)]
    return replace(parts, box=tuple(kept), foot=tuple(line.rstrip() for line in bright[foot:]))
