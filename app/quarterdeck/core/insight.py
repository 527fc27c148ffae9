"""Everything known of one session at a moment, and what tells whether it is after something else."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.report import ReportState
from quarterdeck.core.session import ASKING, Confidence, SessionState
from quarterdeck.core.transcript import ActionKind
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.reading import Reading
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
    program: str = ""
    """What runs in front in a plain terminal, as one would call it: `pytest`; "" = only a shell, or not known."""
    is_full_screen: bool = False
    """Whether the program drew a screen of its own, so that its last line says nothing."""
    is_waiting: bool = False
    """Whether it waits for the operator: something is asked, or the agent's turn is over."""

    is_between: bool = False
    """Whether another state is seen already and not shown yet: then its words say nothing of the one that is shown."""
    is_new: bool = False
    """Whether nothing has been said yet in the conversation that the agent shows."""

    @property
    def has_context(self) -> bool:
        """Whether the agent told anything about itself."""
        return bool(self.agent) and (self.view is not None or self.report.at is not None)

    @property
    def task(self) -> str:
        """What the operator asked for last."""
        prompt = self.view.last_prompt if self.view and self.view.is_prompted else ""
        return prompt or self.report.last_prompt

    @property
    def tool(self) -> str:
        """The tool that runs now, with what it is about."""
        current = self.view.current_tool if self.view else ""
        return current or self.report.tool


def in_step(
    view: TranscriptView | None, report: ReportState, reading: Reading
) -> tuple[TranscriptView | None, ReportState]:
    """What an agent wrote and reported, without the words of any turn before the one that a reading tells of.

    A hook and a title know of a turn's beginning and end a moment before the transcript does.
    """
    written, told = view.reading if view else None, report.reading
    # What is shown is the report's, or the report is the later one: their clocks may differ by a little.
    is_told_later = told is not None and (written is None or told.at > written.at or reading is told)
    if view is None or written is None:
        return view, report
    if reading.state is SessionState.BUSY or reading.needs in ASKING:
        if written.state not in _OVER or written.confidence is Confidence.LOW:
            return view, report
        before = replace(view, is_prompted=False, turn_text="", turn_actions=0, current_tool="", last_question="")
        if is_told_later and told is not None and told.state not in _OVER:
            return before, report
        return before, replace(report, last_prompt="", last_text="", tool="")
    if is_told_later and told is not None and told.state in _OVER and report.last_text:
        is_same = report.last_prompt in {"", view.last_prompt}
        return (
            replace(view, reading=told, is_prompted=is_same, turn_text=report.last_text, current_tool=""),
            report,
        )
    return view, report


_OVER = frozenset({SessionState.IDLE, SessionState.ERROR})
LAST_TOOLS = 3
LAST_LINES = 6
LEAST_CHANGE = 100
"""Non-blank characters that must differ before a plain terminal is described anew."""
CONTEXT_LENGTH = 800
"""Characters of a terminal's text that give the context."""
ANCHOR_LENGTH = 200
FALLBACK_LENGTH = 300

_TALK = frozenset({ActionKind.SAID, ActionKind.THINKING})


def fingerprint(insight: Insight) -> str:
    """A number, as text, that stays the same while the session is after the same thing."""
    parts = [f"state={insight.session.state}"]
    if insight.has_context:
        actions = insight.view.actions if insight.view else ()
        names = [action.tool for action in reversed(actions) if action.kind not in _TALK and action.tool]
        parts += [_normal(insight.task), insight.tool.partition(":")[0].strip(), *names[:LAST_TOOLS][::-1]]
    else:
        lines = [line for line in insight.screen.splitlines() if line.strip()]
        parts += [_normal(line) for line in lines[-LAST_LINES:]]
    return str(int.from_bytes(blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=8).digest()))


def context_of(screen: str) -> str:
    """The end of a terminal's text that says where it stands, without blank lines."""
    return "\n".join(line.rstrip() for line in screen.splitlines() if line.strip())[-CONTEXT_LENGTH:]


def changed_characters(before: str, after: str) -> int:
    """Non-blank characters of `after` between what both texts begin with and what both end with."""
    start, least = 0, min(len(before), len(after))
    while start < least and before[start] == after[start]:
        start += 1
    end = 0
    while end < least - start and before[-1 - end] == after[-1 - end]:
        end += 1
    changed = max(before[start : len(before) - end], after[start : len(after) - end], key=_solid)
    return _solid(changed)


def new_output(before: str, after: str) -> str:
    """What `after` shows that `before` did not: what follows the old end, else the last of it."""
    anchor = before[-ANCHOR_LENGTH:]
    place = after.rfind(anchor) if anchor.strip() else -1
    fresh = after[place + len(anchor) :] if place >= 0 else after[-FALLBACK_LENGTH:]
    return fresh if fresh.strip() else after


def same_words(one: str | None, other: str | None) -> bool:
    """Whether two lines say the same but for blanks and capitals."""
    return _normal(one or "") == _normal(other or "")


def _normal(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().lower()


def _solid(text: str) -> int:
    return len(text) - sum(map(str.isspace, text))
