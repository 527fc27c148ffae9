"""What the title and the screen of a full-screen program say that we do not know: never more than is surely there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.agents.dialogs import dialog_of, find_menu, find_options
from quarterdeck.agents.screen import TITLE_FROZEN_AFTER, lines_of
from quarterdeck.core.reading import Reading
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.core.text import clean_lines
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.ports.agent import ScreenLook

MOST_BELOW = 6
"""Lines under the choices of a dialog that is open; what stands higher was answered long ago."""
END_LINES = 4
STRANGER_LINES = 6

_TITLE_ASKS = re.compile(
    r"\b(?:action required|needs? (?:your )?(?:input|attention|approval|permission)|waiting for (?:you|input|approval"
    r"|permission|user)|awaiting (?:input|approval)|approval (?:needed|required)|permission (?:needed|required))\b",
    re.IGNORECASE,
)
_TITLE_WORKS = re.compile(
    r"^\s*(?:[\u2801-\u28ff◐◓◑◒◴◷◶◵]|[|/\\-]\s)|\b(?:working|thinking|running|generating)\b(?:\.\.\.|…)", re.IGNORECASE
)
_TITLE_RESTS = re.compile(r"^[^\w/~.]*(?:ready|idle|done)\b(?![-\w/.])", re.IGNORECASE)
_KEYS = re.compile(
    r"\b(?:enter|return|esc|escape|tab|space|y/n|arrow(?: key)?s|ctrl[+-]\w)\b.{0,60}"
    r"\b(?:to|for|select|confirm|cancel|choose|submit|accept)\b"
    r"|\b(?:select|choose|confirm|navigate|cancel|submit)\b.{0,40}\b(?:enter|esc|arrows?)\b"
    r"|[↑↓]\s*[/·,]?\s*[↑↓]|\b(?:use|press) (?:the )?(?:arrow|↑)",
    re.IGNORECASE,
)
_FRAME = re.compile(r"^[\s│┃║]*[│┃║]|[│┃║][\s│┃║]*$")
_YES_NO = re.compile(r"[\[(]\s*y(?:es)?\s*/\s*n(?:o)?\b.{0,12}[\])]\s*[:?›>]?\s*$", re.IGNORECASE)


def read_stranger(look: ScreenLook) -> Reading | None:
    """What an unknown program's screen and title say; None when that is nothing. Pure."""
    return _dialog(look) or _title(look)


def _dialog(look: ScreenLook) -> Reading | None:
    lines = tuple(_FRAME.sub(lambda found: " " * len(found[0]), line) for line in lines_of(clean_lines(look.text)))
    options = find_options(lines) or find_menu(lines)
    found = dialog_of(lines, join=False) if options else None
    base = Reading(
        source=Source.SCREEN,
        state=SessionState.ATTENTION,
        cause="screen_question",
        confidence=Confidence.LOW,
        at=look.at,
        needs=Need.QUESTION,
    )
    if found is not None:
        below = [line for line in lines[options[-1].line + 1 :] if any(map(str.isalnum, line))]
        has_keys = any(_KEYS.search(line) for line in below) or bool(_KEYS.search(found.question))
        if len(below) <= MOST_BELOW and len(options) > 1 and (has_keys or not below):
            question = "\n".join(line.strip() for line in found.question.split("\n")[-STRANGER_LINES:]).strip()
            return replace(
                base,
                confidence=Confidence.MEDIUM if has_keys else Confidence.LOW,
                detail="numbered choices, one of them marked" + (", with keys below" if has_keys else ""),
                question=question,
                choices=found.choices,
                ticks=found.ticks,
                marked=found.marked,
            )
    asked = next((line for line in reversed(lines[-END_LINES:]) if _YES_NO.search(line)), None)
    if asked is None:
        return None
    return replace(base, detail=f"yes or no: {asked.strip()[:100]}", question=asked.strip())


def _title(look: ScreenLook) -> Reading | None:
    title = look.title.strip()
    states = (
        (_TITLE_ASKS, "title_asks", SessionState.ATTENTION, Need.QUESTION),
        (_TITLE_WORKS, "title_working", SessionState.BUSY, None),
        (_TITLE_RESTS, "title_idle", SessionState.IDLE, None),
    )
    for pattern, cause, state, needs in states:
        if not pattern.search(title):
            continue
        if needs is None and state is SessionState.BUSY and (look.still_for or 0.0) >= TITLE_FROZEN_AFTER:
            return None
        return Reading(
            source=Source.SIGNAL,
            state=state,
            cause=cause,
            confidence=Confidence.LOW if needs is not None else Confidence.MEDIUM,
            at=look.at,
            detail=f"title: {title[:100]}",
            needs=needs,
            question=title[:200] if needs is not None else "",
        )
    return None
