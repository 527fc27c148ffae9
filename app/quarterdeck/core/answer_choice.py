"""Which choice of a dialog the operator's word stands for, and whether two captures show the same question."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.core.redact import REDACTED, masked
from quarterdeck.core.text import squashed

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORDS = {"y": "yes", "n": "no"}
_NOTE = re.compile(r"\s*\([^()]*\)\s*$")
_TOOL = re.compile(r"^[\w .\[\]-]{1,40}: +")
_BLANK = re.compile(r"\s+")
_PLAIN = re.compile(r"[A-Za-z0-9 _./-]+")
SUBMIT = "Submit"
"""The one choice of a page that shows all answers and is submitted as it stands; its key is Enter."""
LANDMARK = 60
SHORTEST_LANDMARK = 3
_NUMBERS = re.compile(r"[\d\s]+")
_TICKED = str.maketrans("☒", "☐")
_CUT = re.compile(r"…+$")


def pick(choices: Sequence[str], word: str) -> int | None:
    """The position of the choice that a number, a key letter or the choice's own words name; None = none or several."""
    said = _plain(word)
    if said.isdigit() and said.isascii():
        return int(said) - 1 if 1 <= int(said) <= len(choices) else None
    labels = [_plain(_NOTE.sub("", choice)) for choice in choices]
    for match in (
        [index for index, choice in enumerate(choices) if _plain(choice).endswith(f"({said})")],
        [index for index, label in enumerate(labels) if label == _WORDS.get(said, said)],
        [index for index, label in enumerate(labels) if label.startswith(_WORDS.get(said, said))],
    ):
        if len(match) == 1:
            return match[0]
    return None


def pick_several(choices: Sequence[str], word: str) -> tuple[int, ...] | None:
    """The positions that `1,3`, `1 3` or the choices' own words with commas between name; None = not all are known."""
    whole = pick(choices, word)
    if whole is not None:
        return (whole,)
    parts = [part for part in (word.split() if _NUMBERS.fullmatch(word) else word.split(",")) if part.strip()]
    found = [pick(choices, part) for part in parts]
    known = {position for position in found if position is not None}
    return tuple(sorted(known)) if known and None not in found else None


def names_several(choices: Sequence[str], word: str) -> bool:
    """Whether a word names more than one of the choices, as `1,3` does."""
    return len(pick_several(choices, word) or ()) > 1


def is_same_question(one: str, other: str) -> bool:
    """Whether two captures of a question differ in nothing but their line breaks, and in what is ticked by now."""
    return squashed(one).translate(_TICKED) == squashed(other).translate(_TICKED)


def is_shown_by(told: str, choices: Sequence[str], seen: str, seen_choices: Sequence[str]) -> bool:
    """Whether the dialog on the screen is the one that was told of, perhaps by the agent and in fewer words."""
    if any(REDACTED in text for text in (told, *choices)):
        # It was kept without its secrets, which the screen still shows.
        seen, seen_choices = masked(seen), tuple(map(masked, seen_choices))
    if any(_plain(a) != _plain(b) for a, b in zip(choices, seen_choices, strict=False)):
        return False
    if len(choices) > len(seen_choices) and seen_choices:
        return False
    if is_same_question(told, seen):
        return True
    on_screen = squashed(seen)
    lines = [squashed(_CUT.sub("", _TOOL.sub("", line.strip()))) for line in told.splitlines()]
    said = [line for line in lines if line]
    return bool(said) and all(line in on_screen for line in said)


def is_told_again(one: str, choices: Sequence[str], other: str, other_choices: Sequence[str]) -> bool:
    """Whether two sources tell of one question, whichever of them does so in fewer words."""
    return is_shown_by(one, choices, other, other_choices) or is_shown_by(other, other_choices, one, choices)


def landmarks(text: str) -> tuple[str, ...]:
    """Of each line of a question the longest stretch of plain characters, by which a screen that shows it is known."""
    longest = (max(_PLAIN.findall(line), key=len, default="").strip() for line in text.splitlines())
    return tuple(dict.fromkeys(found[:LANDMARK] for found in longest if len(found) >= SHORTEST_LANDMARK))


def _plain(text: str) -> str:
    return _BLANK.sub(" ", text).strip().rstrip(".").casefold()
