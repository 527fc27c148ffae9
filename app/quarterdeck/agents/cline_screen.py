"""How Cline's screen is built; what it means is in `rules/cline.toml`. Its title never tells a state."""

from __future__ import annotations

import itertools
import re

from quarterdeck.agents.dialogs import question_text
from quarterdeck.agents.screen import DialogText, Parts, ScreenLayout

_RULE_LINE = re.compile(r"^\s*─{8,}$")
_BOX_START = re.compile(r"^\s*❯(?:\s|$)")
_SCROLL_BAR = re.compile(r"\s+[█▄▀]$")
_ASKS = re.compile(r"^ Cline (?:needs permission|is asking a question)$")
_BUTTONS = re.compile(r"^\s*\[y\] (?P<yes>\w+)\s+\[n\] (?P<no>\w+)$")
_CHOICE = re.compile(r"^  (?P<mark>>| ) (?P<label>\S.*)$")
_MODES = re.compile(r"^ \S.*[○●] Plan [○●] Act\b")
FOOT_LINES = 4


def split(lines: tuple[str, ...]) -> Parts:
    """The prompt box is the last pair of rules; what asks stands in its place, under a line that says so."""
    rules = [index for index, line in enumerate(lines) if _RULE_LINE.match(line)]
    for upper, lower in reversed(list(itertools.pairwise(rules))):
        if len([line for line in lines[lower + 1 :] if line.strip()]) > FOOT_LINES:
            break
        if lower > upper + 1 and _BOX_START.match(lines[upper + 1]):
            return Parts(body=_without_bar(lines[:upper]), box=lines[upper + 1 : lower], foot=lines[lower + 1 :])
    asks = next((index for index in range(len(lines) - 1, -1, -1) if _ASKS.match(lines[index])), None)
    if asks is None:
        return Parts(body=_without_bar(lines))
    end = next((index for index in range(asks, len(lines)) if _MODES.match(lines[index])), len(lines))
    return Parts(body=_without_bar(lines[:asks]), dialog=_dialog(lines[asks:end]), foot=lines[end:])


def _without_bar(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_SCROLL_BAR.sub("", line) for line in lines)


def _dialog(asked: tuple[str, ...]) -> DialogText:
    """Its first line says what it is, its last ones are the buttons or the choices."""
    last = max(index for index, line in enumerate(asked) if line.strip())
    buttons = _BUTTONS.match(asked[last])
    if buttons:
        return DialogText(question_text(asked[1:last]), (buttons["yes"], buttons["no"]), asked[0].strip())
    top = last + 1
    while top > 1 and _CHOICE.match(asked[top - 1]):
        top -= 1
    found = [choice for line in asked[top : last + 1] if (choice := _CHOICE.match(line))]
    marked = next((position for position, choice in enumerate(found) if choice["mark"] == ">"), None)
    if marked is None:
        return DialogText(question_text(asked[1 : last + 1]), (), asked[0].strip())
    choices = tuple(choice["label"].strip() for choice in found)
    return DialogText(question_text(asked[1:top]), choices, asked[0].strip(), marked=marked)


LAYOUT = ScreenLayout(split=split)
