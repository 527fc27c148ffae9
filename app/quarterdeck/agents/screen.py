"""The engine for screen and title rules: a rendered screen taken apart into regions, and rules tried on them.

Nothing is searched for "anywhere". Each agent says how its screen is built (where the prompt box is, what a dialog
looks like), and every rule names the region it applies to, so that prose which quotes a dialog never matches.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from quarterdeck.agents.limits import retry_time
from quarterdeck.core.reading import Reading
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    Pattern = str | re.Pattern[str]
    """As text it is compiled when it is first tried."""

NEAR_LINES = 6
"""Head lines above the prompt box among which a working mark may stand."""
MARK_FROZEN_AFTER = 3.0
"""Seconds: an agent that works redraws its mark at least this often."""
PANE_STILL_AFTER = 2.0
"""Seconds: a pane this quiet, with nothing else to tell by, is at rest."""
SHOWN_WORK_SECONDS = 10.0
TITLE_FROZEN_AFTER = 5.0
"""Seconds: an agent that works shows something new at least this often, if only in its title."""
TITLE_WORKING_LASTS = 30.0


class Meaning(StrEnum):
    """What a rule's match says about the agent."""

    PERMISSION = "permission"
    QUESTION = "question"
    ASKS = "asks"
    """It waits for the operator; whether for leave or for an answer is not told."""
    WORKING = "working"
    FINISHED = "finished"
    ERROR = "error"
    INTERRUPTED = "interrupted"
    IDLE = "idle"
    UNCLEAR = "unclear"
    """The screen shows something that covers the agent (a menu, its help); it says nothing either way."""


class Region(StrEnum):
    """Where on the screen a rule looks."""

    DIALOG = "dialog"
    """The question, choices and hint of an open dialog; empty when there is none."""
    NEAR = "near"
    """The last few lines above the prompt box that start in the first column, the operator's own left out."""
    HEAD = "head"
    """The last line above the prompt box that starts in the first column."""
    PREVIOUS = "previous"
    """The one before it."""
    UNDER_HEAD = "under_head"
    """What stands between that line and the prompt box."""
    LAST = "last"
    """The last line above the prompt box that is not blank."""
    FOOT = "foot"
    """What stands under the prompt box."""
    END = "end"
    """The last three lines of the screen that are not blank."""
    BODY = "body"
    """Everything above the prompt box."""


class DialogText(NamedTuple):
    """An open dialog, as captured."""

    question: str
    choices: tuple[str, ...]
    hint: str = ""
    ticks: tuple[bool | None, ...] = ()
    marked: int | None = None
    scrolls: bool = False

    def __str__(self) -> str:
        return "\n".join((self.question, *self.choices, self.hint))


class Parts(Struct, frozen=True, kw_only=True):
    """A screen taken apart."""

    body: tuple[str, ...]
    box: tuple[str, ...] | None = None
    """Lines of the prompt box; None = there is none on this screen."""
    foot: tuple[str, ...] = ()
    dialog: DialogText | None = None
    covered: bool = False
    """Whether what is typed does not go to the prompt box though it shows."""


class ScreenRule(Struct, frozen=True):
    """One rule: a pattern that means something when it matches in its region."""

    id: str
    means: Meaning
    region: Region
    pattern: Pattern
    unless: Pattern | None = None
    """Does not match when this is found in the same region."""
    priority: int = 0
    """Higher ones are tried first; among equals, what waits for the operator before what works."""
    confidence: Confidence = Confidence.HIGH
    needs_box: bool = False
    """Only on a screen that shows the prompt box."""


class TitleRule(Struct, frozen=True):
    """One rule on a pane's title."""

    id: str
    means: Meaning
    pattern: Pattern
    exact: bool = True
    """False: the title only suggests it, and every other evidence goes first."""


class Match(NamedTuple):
    """The rule that matched, and the text it matched."""

    rule: ScreenRule
    text: str


@cache
def compiled(pattern: Pattern) -> re.Pattern[str]:
    """The pattern as one that can be tried."""
    return re.compile(pattern)


def _all_body(lines: tuple[str, ...]) -> Parts:
    return Parts(body=lines)


def _box_lines(parts: Parts) -> Iterable[str]:
    return parts.box or ()


class ScreenLayout(Struct, frozen=True):
    """How an agent's screen is built."""

    split: Callable[[tuple[str, ...]], Parts] = _all_body
    head: Pattern = r"^\S"
    prompt: Pattern = r"^[❯›>]"
    """A head line that is the operator's own text."""
    sign: Pattern | None = None
    """Stands before what has been typed into the prompt box; None = what was typed cannot be told."""
    draft: Callable[[Parts], Iterable[str]] = _box_lines
    """The lines of what has been typed."""
    hint: Pattern | None = None
    """What an empty prompt box shows, where it is not drawn dim."""
    queueing: Pattern | None = None
    """Says that messages wait for the turn to be over."""
    unbegun: Pattern | None = None
    """Matches a body that shows a conversation in which nothing has been said yet."""

    def typed(self, parts: Parts) -> str:
        """What has been typed into the prompt box, without the sign before it."""
        text = "\n".join(compiled(self.sign or "").sub("", line, count=1).strip() for line in self.draft(parts)).strip()
        return "" if self.hint and compiled(self.hint).match(text) else text


_SAYS: dict[Meaning, tuple[int, SessionState, Need | None]] = {
    Meaning.PERMISSION: (1, SessionState.ATTENTION, Need.PERMISSION),
    Meaning.QUESTION: (1, SessionState.ATTENTION, Need.QUESTION),
    Meaning.ASKS: (1, SessionState.ATTENTION, Need.PERMISSION),
    Meaning.WORKING: (2, SessionState.BUSY, None),
    Meaning.ERROR: (3, SessionState.ERROR, Need.ERROR),
    Meaning.INTERRUPTED: (3, SessionState.IDLE, None),
    Meaning.FINISHED: (4, SessionState.IDLE, Need.FINISHED),
    Meaning.IDLE: (5, SessionState.IDLE, None),
}
"""In which turn its rules are tried, and what the agent then does and needs; `UNCLEAR` goes first and says nothing."""


def in_order(rules: Iterable[ScreenRule]) -> tuple[ScreenRule, ...]:
    """The rules as they are tried: by priority, then waiting before working before the rest."""
    return tuple(sorted(rules, key=lambda rule: (-rule.priority, _SAYS[rule.means][0] if rule.means in _SAYS else 0)))


def lines_of(text: str) -> tuple[str, ...]:
    """A screen's lines without trailing blanks, and without blank lines at its end."""
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


def match_screen(parts: Parts, rules: Sequence[ScreenRule], layout: ScreenLayout) -> Match | None:
    """The first rule that matches; `rules` as `in_order` gives them."""
    regions: dict[Region, str] = {}
    for rule in rules:
        if rule.needs_box and parts.box is None:
            continue
        if rule.region not in regions:
            regions[rule.region] = _region(parts, rule.region, layout)
        text = regions[rule.region]
        found = compiled(rule.pattern).search(text)
        if found and (rule.unless is None or not compiled(rule.unless).search(text)):
            return Match(rule, found[0].strip())
    return None


def reading_of(match: Match, parts: Parts, *, at: datetime, still_for: float | None) -> Reading | None:
    """What a match means; a working mark that does not move is not believed."""
    rule, text = match
    if rule.means is Meaning.UNCLEAR:
        return None
    _, state, needs = _SAYS[rule.means]
    reading = Reading(
        source=Source.SCREEN,
        state=state,
        cause=f"screen_{rule.means.value}",
        confidence=rule.confidence,
        at=at,
        detail=f"{rule.id} in {rule.region.value}: {text[:200]}",
        needs=needs,
    )
    if rule.means is Meaning.WORKING:
        frozen = still_for is not None and still_for >= MARK_FROZEN_AFTER
        confidence = Confidence.LOW if frozen else reading.confidence
        return replace(reading, lasts=SHOWN_WORK_SECONDS, confidence=confidence, until=retry_time(text, at))
    if parts.dialog and state is SessionState.ATTENTION:
        question, choices, _, ticks, marked, scrolls = parts.dialog
        return replace(reading, question=question, choices=choices, ticks=ticks, marked=marked, scrolls=scrolls)
    return reading


def _region(parts: Parts, region: Region, layout: ScreenLayout) -> str:
    match region:
        case Region.DIALOG:
            return str(parts.dialog or "")
        case Region.FOOT:
            return "\n".join(parts.foot)
        case Region.END:
            return "\n".join([line for line in (*parts.body, *parts.foot) if line.strip()][-3:])
        case Region.BODY:
            return "\n".join(parts.body)
        case Region.LAST:
            return next((line for line in reversed(parts.body) if line.strip()), "")
    body = parts.body
    heads = [index for index, line in enumerate(body) if compiled(layout.head).match(line)]
    if not heads:
        return ""
    match region:
        case Region.HEAD:
            return body[heads[-1]]
        case Region.PREVIOUS:
            return body[heads[-2]] if len(heads) > 1 else ""
        case Region.UNDER_HEAD:
            return "\n".join(body[heads[-1] + 1 :])
        case _:
            # Prompts that wait for their turn are drawn under the working mark, so they are passed over.
            near = heads[-NEAR_LINES:]
            while len(near) > 1 and compiled(layout.prompt).match(body[near[-1]]):
                near.pop()
            return body[near[-1]]


def read_title(
    rules: Sequence[TitleRule], title: str, *, at: datetime, still_for: float | None = None
) -> Reading | None:
    """What the title says; None when no rule knows it."""
    title = title.strip()
    rule = next((each for each in rules if compiled(each.pattern).search(title)), None)
    if rule is None:
        return None
    _, state, needs = _SAYS[rule.means]
    working = rule.means is Meaning.WORKING
    frozen = working and still_for is not None and still_for >= TITLE_FROZEN_AFTER
    certain = rule.exact and not frozen
    return Reading(
        source=Source.SIGNAL,
        state=state,
        cause=f"title_{rule.means.value}",
        confidence=Confidence.HIGH if certain else Confidence.LOW,
        at=at,
        detail=f"{rule.id} in title: {title[:100]}",
        needs=needs,
        lasts=TITLE_WORKING_LASTS if working and certain else None if certain else 0.0,
    )
