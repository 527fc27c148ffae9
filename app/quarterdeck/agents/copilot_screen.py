"""How Copilot CLI's screen is built; what it means is in `rules/copilot.toml`. Its title never tells a state."""

from __future__ import annotations

import itertools
import re

from quarterdeck.agents.dialogs import dialog_of, last_frame, option_at, question_text
from quarterdeck.agents.screen import DialogText, Parts, ScreenLayout

_RULE_LINE = re.compile(r"^─{8,}$")
_SCROLL_BAR = re.compile(r"\s+[┃│]$")
_BOX_START = re.compile(r"^[❯!](?:\s|$)")
_HINT = re.compile(r"^.*\besc (?:to )?(?:cancel|close)$")
_FORM = re.compile(r"^ Copilot needs information\.$")
_CHOICE = re.compile(r"^ (?P<mark>❯| ) (?:(?P<tick>[•✓]) )?(?P<label>\S.*)$")
_WRAPPED = re.compile(r"^ {1,2}\S")
_LINE = re.compile(r"^ ❯(?: |$)")
_PAGES = re.compile(r"^ .*\[[^\]]+\]")
_TICKS = {"•": False, "✓": True}
FOOT_LINES = 3


def split(lines: tuple[str, ...]) -> Parts:
    """A dialog is a frame, or stands between two rules, at the screen's end; the prompt box is the last such pair."""
    framed = last_frame(lines)
    if framed:
        top, inside = framed
        return Parts(body=_without_bar(lines[:top]), dialog=dialog_of(_indented(inside), join=True))
    rules = [index for index, line in enumerate(lines) if _RULE_LINE.match(line)]
    pairs = [(upper, lower) for upper, lower in itertools.pairwise(rules) if lower > upper + 1]
    if not pairs or len([line for line in lines[pairs[-1][1] + 1 :] if line.strip()]) > FOOT_LINES:
        return _whole(lines)
    for upper, lower in reversed(pairs[-2:]):
        between = lines[upper + 1 : lower]
        if _HINT.match(next((line for line in reversed(between) if line.strip()), "")):
            # A form; where its answer is written there is a box under it, which is none for messages.
            return Parts(body=_without_bar(lines[:upper]), dialog=_form(between))
        if not _BOX_START.match(between[0]):
            break
    upper, lower = pairs[-1]
    if not _BOX_START.match(lines[upper + 1]):
        return _whole(lines)
    return Parts(body=_without_bar(lines[:upper]), box=lines[upper + 1 : lower], foot=lines[lower + 1 :])


def _indented(inside: tuple[str, ...]) -> tuple[str, ...]:
    """A choice that is wrapped goes on at the margin of its number; dialogs look for that under its words."""
    first = next((index for index, line in enumerate(inside) if option_at(index, line)), len(inside))
    return tuple(
        f"    {line}" if index > first and _WRAPPED.match(line) and not option_at(index, line) else line
        for index, line in enumerate(inside)
    )


def _whole(lines: tuple[str, ...]) -> Parts:
    """A screen without a prompt box: one of its pages, if it ends with how that is closed."""
    body = _without_bar(lines)
    closes = bool(body) and _HINT.match(body[-1])
    return Parts(body=body, dialog=DialogText("", (), body[-1].strip()) if closes else None)


def _without_bar(lines: tuple[str, ...]) -> tuple[str, ...]:
    """A scroll bar stands at the right of what was said."""
    return tuple(_SCROLL_BAR.sub("", line) for line in lines)


def _form(between: tuple[str, ...]) -> DialogText:
    """A question: its words, its choices in one block above the hint, or a line to write in."""
    hint = next(line for line in reversed(between) if line.strip())
    if not any(_FORM.match(line) for line in between):
        return DialogText("", (), hint.strip())  # a menu
    end = max(index for index, line in enumerate(between) if line.strip())
    below = end
    while below and not between[below - 1].strip():
        below -= 1
    top = below
    while top and _CHOICE.match(between[top - 1]):
        top -= 1
    found = [choice for line in between[top:below] if (choice := _CHOICE.match(line))]
    asked = [
        line for line in between[:top] if not _FORM.match(line) and not _PAGES.match(line) and not _LINE.match(line)
    ]
    ticks = tuple(_TICKS.get(choice["tick"]) for choice in found)
    return DialogText(
        question_text(asked),
        tuple(choice["label"].strip() for choice in found),
        hint.strip(),
        ticks if any(tick is not None for tick in ticks) else (),
        next((position for position, choice in enumerate(found) if choice["mark"] == "❯"), None),
    )


LAYOUT = ScreenLayout(split=split)
