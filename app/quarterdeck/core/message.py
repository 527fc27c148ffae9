"""A message for a session: made safe to type, found again on a screen, and told apart from others without its words."""

from __future__ import annotations

import re
from hashlib import blake2b
from itertools import pairwise

from quarterdeck.core.text import squashed

MOST_RECIPIENTS = 32
ENTER_PAUSE_SECONDS = 0.15
"""Seconds between a text and Enter at the least: agents take an Enter that comes with a paste as part of it."""
PAUSE_PER_KILOBYTE = 0.12
LONGEST_PAUSE = 3.0
TAIL = 24
SHORTEST_TAIL = 4
"""Letters of the end of a text by which it is found on a screen; fewer stand there by chance."""
COMPARED = 2_000
"""Letters by which a long text is known again; agents shorten what they write down."""

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)"
    r"|[\x9b][0-?]*[ -/]*[@-~]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PASTED = re.compile(r"\[(?:Pasted (?:text|Content|~?\d)|Paste #\d)", re.IGNORECASE)
_WORD = re.compile(r"\w")


def cleaned(text: str) -> str:
    """What may be typed: no terminal sequences, no control characters, lines ended by a line feed alone."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = _CONTROL.sub("", _SEQUENCE.sub("", lines)).strip("\n")
    # Lone surrogates cannot be typed into anything.
    return plain.encode("utf-8", "replace").decode()


def pause_for(text: str) -> float:
    """Seconds to leave between a text and the key that submits it."""
    return min(LONGEST_PAUSE, ENTER_PAUSE_SECONDS + PAUSE_PER_KILOBYTE * len(text.encode()) / 1024)


def is_draft_of(shown: str, text: str) -> bool:
    """Whether what stands in an input line is this text: whole, scrolled, wrapped, or folded into a placeholder."""
    held, wanted = squashed(shown), squashed(text)
    return bool(held) and (bool(_PASTED.search(shown)) or held in wanted or wanted in held)


def is_told_in(turn: str, text: str) -> bool:
    """Whether something the operator said, as an agent wrote it down, holds this text."""
    wanted = squashed(text)
    return bool(wanted) and wanted[:COMPARED] in squashed(turn)


def lines_below(screen: str, text: str) -> int | None:
    """How many lines with words stand under the last place where a screen shows the end of this text; None = nowhere.

    A text that waits in an input line has the same lines under it until it is taken; then what it leads to comes there.
    """
    end = squashed(text.strip().rpartition("\n")[2])[-TAIL:]
    if len(end) < SHORTEST_TAIL:
        return None
    shown = [squashed(line) for line in screen.split("\n")]
    # A terminal breaks lines where it likes, so a line is read on into the next.
    places = [at for at, (line, after) in enumerate(pairwise((*shown, ""))) if end in line or end in line + after]
    if not places:
        return None
    last = places[-1] if end in shown[places[-1]] else places[-1] + 1
    return sum(bool(_WORD.search(line)) for line in shown[last + 1 :])


def fingerprint(text: str) -> str:
    """Tells two messages apart in the log, and nothing about them."""
    return blake2b(text.encode(), digest_size=6).hexdigest()
