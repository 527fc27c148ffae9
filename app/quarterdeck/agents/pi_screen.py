"""How pi's screen is built; what it means is in `rules/pi.toml`. Its title never tells a state."""

from __future__ import annotations

import itertools
import re

from quarterdeck.agents.dialogs import dialog_of, find_options, question_text
from quarterdeck.agents.screen import DialogText, Match, Meaning, Parts, ScreenLayout
from quarterdeck.core.session import Confidence
from quarterdeck.values import replace

_RULE_LINE = re.compile(r"^─{8,}$|^─── [↑↓] \d+ more ─+$")
_HINT = re.compile(r"^ .*\b(?:esc|escape|ctrl\+c)\b.*\b(?:cancel|close|back|exit)\b", re.IGNORECASE)
_CHOICE = re.compile(r"^ (?P<mark>→| ) (?P<label>\S.*)$")
FOOT_LINES = 6


def split(lines: tuple[str, ...]) -> Parts:
    """The prompt box is the last pair of full-width rules; what asks, and its menus, stand in its place."""
    rules = [index for index, line in enumerate(lines) if _RULE_LINE.match(line)]
    pairs = [(upper, lower) for upper, lower in itertools.pairwise(rules) if lower > upper + 1]
    if not pairs or len([line for line in lines[pairs[-1][1] + 1 :] if line.strip()]) > FOOT_LINES:
        return Parts(body=lines)
    upper, lower = pairs[-1]
    between = lines[upper + 1 : lower]
    hint = next((line for line in reversed(between) if line.strip()), "")
    if not _HINT.match(hint):
        # One of its lists has room above or below; what is typed has none.
        is_list = len(between) > 1 and not (between[0].strip() and between[-1].strip())
        return Parts(body=lines[:upper], box=between, covered=is_list, foot=lines[lower + 1 :])
    return Parts(body=lines[:upper], dialog=_dialog(between), foot=lines[lower + 1 :])


def _dialog(between: tuple[str, ...]) -> DialogText | None:
    """The words, the choices in one block above the hint, and the hint."""
    if find_options(between):
        return dialog_of(between, join=False)
    end = max(index for index, line in enumerate(between) if line.strip())
    below = end
    while below and not between[below - 1].strip():
        below -= 1
    top = below
    while top and _CHOICE.match(between[top - 1]):
        top -= 1
    found = [choice for line in between[top:below] if (choice := _CHOICE.match(line))]
    marked = next((position for position, choice in enumerate(found) if choice["mark"] == "→"), None)
    if marked is None:
        asked = [line for line in between[:end] if not line.startswith(">")]
        return DialogText(question_text(asked), (), between[end].strip())
    choices = tuple(choice["label"].strip() for choice in found)
    return DialogText(question_text(between[:top]), choices, between[end].strip(), marked=marked)


LAYOUT = ScreenLayout(split=split)

_COLOUR = r"\x1b\[(?:\d+;)*38[;:][\d;:]+m"
_IN_COLOUR = frozenset({Meaning.ERROR, Meaning.INTERRUPTED})


def by_colour(screen: str, match: Match) -> Match:
    """What it says of an end itself is in a colour; a model may say the same words."""
    if match.rule.means not in _IN_COLOUR or "\x1b[" not in screen:
        return match
    said = re.escape(match.text.partition("\n")[0])
    if re.search(_COLOUR + said, screen):
        return match
    rests = replace(match.rule, id="pi.no_colour", means=Meaning.IDLE, confidence=Confidence.MEDIUM)
    return Match(rests, match.text)
