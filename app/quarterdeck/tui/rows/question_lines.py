"""The question of a session, as text to stand above its preview and in the answer dialog."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.core.redact import masked
from quarterdeck.core.session import Need
from quarterdeck.core.text import clean, clean_lines
from quarterdeck.core.times import rough
from quarterdeck.tui.rows.cell import Cell, folded

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.session import Ask

LEAST_TOLD = 2
MORE = ("…", "muted")
_CHOICE = re.compile(r"  \d+  (\[.\] )?")
"""What a choice begins with; its further lines stand below what follows."""


def broken(text: str, width: int) -> list[str]:
    """A line of a question as the lines it takes at this width."""
    number = _CHOICE.match(text)
    lead = number.group() if number else ""
    lines = folded((Cell(lead), Cell(text.removeprefix(lead))), width)
    return ["".join(cell.text for cell in line) for line in lines]


def choice_line(number: int, choice: str, *, several: bool, is_ticked: bool = False) -> str:
    """A choice with its number, and with a box where several may be taken."""
    box = ("[x] " if is_ticked else "[ ] ") if several else ""
    return f"  {number}  {box}{clean(masked(choice))}"


def question_lines(ask: Ask, now: datetime) -> list[tuple[str, str]]:
    """Lines with their roles: what kind and since when, the text, the choices by number."""
    what = "asks for permission" if ask.kind is Need.PERMISSION else "asks"
    lines = [(f"{what}, {rough(ask.since, now)}", "asks")]
    lines += [(line.rstrip(), "text bold") for line in clean_lines(masked(ask.text)).split("\n") if line.strip()]
    lines += [
        (choice_line(number, choice, several=ask.several), "text") for number, choice in enumerate(ask.choices, 1)
    ]
    return lines


def question_within(ask: Ask, now: datetime, width: int, most: int) -> list[tuple[str, str]]:
    """The question in so many lines of this width. Where it is longer, the choices stay and the text is cut."""
    lines = question_lines(ask, now)
    whole = [[(part, role) for part in broken(text, width)] for text, role in lines]
    first_choice = len(lines) - len(ask.choices)
    told = [line for parts in whole[:first_choice] for line in parts]
    choices = [line for parts in whole[first_choice:] for line in parts]
    if len(told) + len(choices) <= most:
        return told + choices
    room = most - 1 - len(choices)
    if room < LEAST_TOLD:
        return [*(told + choices)[: most - 1], MORE]
    return [*told[:room], MORE, *choices]
