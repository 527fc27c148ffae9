"""How OpenCode's screen is built; what it means is in `rules/opencode.toml`."""

from __future__ import annotations

import re

from quarterdeck.agents.dialogs import choices_of, option_at, question_text, ticks_of
from quarterdeck.agents.opencode_server import CHOICES
from quarterdeck.agents.screen import DialogText, Match, Meaning, Parts, ScreenLayout, lines_of
from quarterdeck.core.answer_choice import SUBMIT
from quarterdeck.core.session import Confidence
from quarterdeck.core.text import clean_lines
from quarterdeck.values import replace

_BAR = re.compile(r"^\s*┃(?: {0,2})?")
_BOX_END = re.compile(r"^\s*╹▀{8,}")
_BUTTON_ROW = re.compile(r"^\s*(?:Allow once|Allow always|Reject|Confirm|Cancel)\b")
_HINT = re.compile(r"\b(?:enter|esc|⇆|↑↓|tab|ctrl\+f)\s+\S")
_SIDEBAR = re.compile(r"^.*\s{4}(?=• OpenCode \d[\w.-]*$)")
_PICKER = re.compile(r"(?<=\s{2})[A-Z][^\s]*(?: \S+){0,5}\s{8,}esc(?:/enter)?(?=\s{4}|$)")
_MENU_ROW = re.compile(r"^\s*┃ .*┃$")
_SHELL_MODE = re.compile(r"\besc exit shell mode\b")
FOOT_LINES = 4


def split(lines: tuple[str, ...]) -> Parts:
    """The last block with a bar at its left is the prompt box when a shadow ends it, and else an open dialog."""
    lines = _without_sidebar(lines)
    parts = _split(lines)
    if parts.box is not None and (_has_picker(lines) or any(map(_SHELL_MODE.search, parts.foot))):
        # What is typed goes to the picker that lies over the screen, or to a shell.
        return replace(parts, covered=True)
    return parts


def _split(lines: tuple[str, ...]) -> Parts:
    for index in range(len(lines) - 1, -1, -1):
        if len([line for line in lines[index + 1 :] if line.strip()]) > FOOT_LINES:
            break
        if _BOX_END.match(lines[index]):
            top = begin = _block_top(lines, index - 1)
            while _MENU_ROW.match(lines[begin]):
                begin += 1
            return Parts(body=lines[:top], box=lines[begin:index], foot=lines[index + 1 :])
        if _BAR.match(lines[index]):
            top = _block_top(lines, index)
            block = tuple(_BAR.sub("", line) for line in lines[top : index + 1])
            return Parts(body=lines[:top], dialog=_dialog(block), foot=lines[index + 1 :])
    return Parts(body=lines)


def _has_picker(lines: tuple[str, ...]) -> bool:
    """Whether a list lies over the screen: its heading and the key that closes it, with nothing above and below."""
    for above, line, below in zip(lines, lines[1:], lines[2:], strict=False):
        found = _PICKER.search(line)
        if found and not any(each[found.start() - 2 : found.end()].strip() for each in (above, below)):
            return True
    return False


def _without_sidebar(lines: tuple[str, ...]) -> tuple[str, ...]:
    """A wide terminal shows a bar at the right, whose last line is the version."""
    column = next((found.end() for line in reversed(lines) if (found := _SIDEBAR.match(line))), None)
    return lines if column is None else tuple(line[:column].rstrip() for line in lines)


def _block_top(lines: tuple[str, ...], bottom: int) -> int:
    top = bottom
    while top >= 0 and _BAR.match(lines[top]):
        top -= 1
    return top + 1


def _dialog(block: tuple[str, ...]) -> DialogText | None:
    hint = next((i for i in range(len(block) - 1, -1, -1) if _HINT.search(block[i])), None)
    if hint is None:
        return None
    rows = [i for i, line in enumerate(block) if _BUTTON_ROW.match(line)]
    if rows:
        shown = "\n".join(block[rows[0] :])
        choices = tuple(button for button in (*CHOICES, "Confirm", "Cancel") if button in shown)
        return DialogText(question_text(block[: rows[0]]), choices, block[hint].strip())
    options = [option for i, line in enumerate(block) if (option := option_at(i, line))]
    if not options:
        choices = (SUBMIT,) if "enter submit" in block[hint] and "Review" in block else ()
        return DialogText(question_text(block[:hint]), choices, block[hint].strip())
    return DialogText(
        question_text(block[: options[0].line]),
        choices_of(block, options, end=hint, join=False),
        block[hint].strip(),
        ticks_of(options),
    )


def is_home(screen: str) -> bool:
    """Whether it is the start page, which shows no conversation: nothing but the program's name above the input."""
    parts = split(lines_of(clean_lines(screen)))
    shown = "".join(parts.body)
    return parts.box is not None and not parts.covered and bool(shown.strip()) and not any(map(str.isalnum, shown))


LAYOUT = ScreenLayout(
    split=split,
    # Its last line names the mode and the model.
    draft=lambda parts: (parts.box or ())[:-1],
)

ENDED = ".ended"
"""So ends the id of the rule for what a refusal and an error leave; only colours, or the database, tell them apart."""
_COLOURED_BAR = re.compile(r"((?:\x1b\[[\d;:]*m)*)┃")
_TRUE_COLOUR = re.compile(r"38[;:]2[;:]+(\d+)[;:](\d+)[;:](\d+)")
_NUMBERED_COLOUR = re.compile(r"38[;:]5[;:](\d+)")
_RED = re.compile(r"\x1b\[(?:[\d;]*;)?(?:31|91|38;5;(?:1|9))(?:;[\d;]*)?m")
_LEVELS = (0, 95, 135, 175, 215, 255)
"""Of red, green and blue, in a terminal's colours from 16 on."""


def by_colour(screen: str, match: Match) -> Match:
    """A turn that ended without its time is an error when the block above is marked in red."""
    if not match.rule.id.endswith(ENDED):
        return match
    above = screen[: max(screen.rfind("▣"), 0)]
    bars = _COLOURED_BAR.findall(above)
    if not bars or "\x1b[" not in above:
        return match
    is_red = _is_red(bars[-1])
    means, name = (Meaning.ERROR, "error") if is_red else (Meaning.INTERRUPTED, "refused")
    rule = replace(
        match.rule, id=f"{match.rule.id.removesuffix(ENDED)}.{name}_colour", means=means, confidence=Confidence.MEDIUM
    )
    return Match(rule, match.text)


def _is_red(colour: str) -> bool:
    told, number = _TRUE_COLOUR.search(colour), _NUMBERED_COLOUR.search(colour)
    if told:
        red, green, blue = map(int, told.groups())
    elif number and 16 <= int(number[1]) < 232:
        place = int(number[1]) - 16
        red, green, blue = _LEVELS[place // 36], _LEVELS[place // 6 % 6], _LEVELS[place % 6]
    else:
        return bool(_RED.search(colour))
    return red > 150 and red - green > 90 and red - blue > 60
