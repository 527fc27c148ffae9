"""Finding an open dialog's question and numbered choices in the lines of a screen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.agents.screen import DialogText

if TYPE_CHECKING:
    from collections.abc import Sequence

QUESTION_LENGTH = 2_000
QUESTION_LINES = 30
CHOICE_LENGTH = 300

_OPTION = re.compile(
    r"^(?P<pad>\s*)(?P<mark>[❯›●▶>])?\s*(?:\[(?P<before>[ xX✔✓])\]\s+)?(?P<number>\d{1,2})\.\s+"
    r"(?:\[(?P<after>[ xX✔✓])\]\s+)?(?P<label>\S.*)$"
)
_RULE_LINE = re.compile(r"^\s*[─╌━═—▔-]{8,}\s*$")
_MENU_HINT = re.compile(r"^\s*Enter to confirm · Esc to \w+")
_MENU_LINE = re.compile(r"^\s+(?P<mark>❯ )?(?P<label>\S.*)$")
_ARROWS = {"", "▲", "▼"}
"""Stand above and below a list that is longer than its place."""
_FRAME_TOP = re.compile(r"^\s*╭─+╮$")
_FRAME_BOTTOM = re.compile(r"^\s*╰─+╯$")
_FRAMED = re.compile(r"^\s*│ ?(.*?)\s*│$")
_FRAME = re.compile(r"^[╭╰─╮╯]+$")
_ASIDE = re.compile(r"\s{2,}\S.*$")


class DialogOption(NamedTuple):
    """One choice and where it stands."""

    line: int
    number: int
    marked: bool
    label: str
    column: int
    """Where the label starts."""
    ticked: bool | None = None
    """None = there is nothing to tick."""


def option_at(at: int, line: str) -> DialogOption | None:
    """The choice that a line holds, if it holds one."""
    found = _OPTION.match(line)
    if found is None:
        return None
    tick = found["before"] or found["after"]
    ticked = None if tick is None else bool(tick.strip())
    number, label = int(found["number"]), found["label"].strip()
    return DialogOption(at, number, bool(found["mark"]), label, found.start("label"), ticked)


def ticks_of(options: Sequence[DialogOption]) -> tuple[bool | None, ...]:
    """Which choices are ticked; nothing where none can be."""
    ticks = tuple(option.ticked for option in options)
    return ticks if any(tick is not None for tick in ticks) else ()


def find_options(lines: Sequence[str]) -> list[DialogOption]:
    """The last run of choices on the screen that are numbered on from one, one of them marked; else nothing."""
    run: list[DialogOption] = []
    for index in range(len(lines) - 1, -1, -1):
        option = option_at(index, lines[index])
        if option is None:
            continue
        if run and option.number != run[0].number - 1:
            # A number inside a description or in the prose above; the run is complete when it starts with one.
            if run[0].number == 1:
                break
            continue
        run.insert(0, option)
        if option.number == 1:
            break
    return run if run and run[0].number == 1 and any(option.marked for option in run) else []


def find_menu(lines: Sequence[str]) -> list[DialogOption]:
    """Choices without numbers: the lines over a hint that Enter confirms, one of them marked; else nothing."""
    hint = next((at for at in range(len(lines) - 1, -1, -1) if lines[at].strip()), -1)
    if hint < 0 or not _MENU_HINT.match(lines[hint]):
        return []
    end = hint
    while end and not lines[end - 1].strip():
        end -= 1
    start = end
    while start and _MENU_LINE.match(lines[start - 1]):
        start -= 1
    options = [
        DialogOption(at, at - start + 1, bool(found["mark"]), found["label"].strip(), found.start("label"))
        for at in range(start, end)
        if (found := _MENU_LINE.match(lines[at]))
    ]
    return options if sum(option.marked for option in options) == 1 else []


def choices_of(lines: Sequence[str], options: Sequence[DialogOption], *, end: int, join: bool) -> tuple[str, ...]:
    """The choices' labels. `join`: lines under a label belong to it (wrapped), else they describe it."""
    labels = []
    for position, option in enumerate(options):
        stop = options[position + 1].line if position + 1 < len(options) else end
        label = option.label
        if join:
            for line in lines[option.line + 1 : stop]:
                indent = len(line) - len(line.lstrip())
                if not line.strip() or _RULE_LINE.match(line) or indent < option.column - 1:
                    break
                label += " " + line.strip()
        else:
            label = _ASIDE.sub("", label)
        labels.append(label[:CHOICE_LENGTH])
    return tuple(labels)


def question_text(lines: Sequence[str]) -> str:
    """The text above the choices: blanks and rules dropped, the end kept when it is long."""
    kept = [line.strip() for line in lines if line.strip() not in _ARROWS and not _RULE_LINE.match(line)]
    return "\n".join(kept[-QUESTION_LINES:])[-QUESTION_LENGTH:]


def dialog_of(lines: Sequence[str], *, join: bool) -> DialogText | None:
    """The dialog whose choices stand last in these lines, and whose question they begin with."""
    options = find_options(lines) or find_menu(lines)
    if not options:
        return None
    below = options[-1].line + 1
    after = [line.strip() for line in lines[below:] if line.strip() and not _RULE_LINE.match(line)]
    end = next((index for index in range(below, len(lines)) if not lines[index].strip()), len(lines))
    return DialogText(
        question_text(lines[: options[0].line]),
        choices_of(lines, options, end=end, join=join),
        "\n".join(after[-3:]),
        ticks_of(options),
        next((position for position, option in enumerate(options) if option.marked), None),
    )


def last_frame(lines: Sequence[str]) -> tuple[int, tuple[str, ...]] | None:
    """Where the frame that ends the screen starts, and its lines without the frame."""
    bottom = len(lines) - 1
    if bottom < 0 or not _FRAME_BOTTOM.match(lines[bottom]):
        return None
    indent = len(lines[bottom]) - len(lines[bottom].lstrip())
    tops = (i for i in range(bottom - 1, -1, -1) if _FRAME_TOP.match(lines[i]) and lines[i].index("╭") == indent)
    top = next(tops, -1)
    # A frame may be in the frame.
    inside = [_FRAMED.sub(r"\1", _FRAMED.sub(r"\1", line)) for line in lines[top + 1 : bottom]]
    return max(top, 0), tuple("" if _FRAME.match(text.strip()) else text for text in inside)
