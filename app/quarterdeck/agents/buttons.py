"""Which of a row of buttons Enter would take, where only the ground it is drawn on tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLOURS = re.compile(r"\x1b\[([\d;:]*)m")
_NUMBERS = {"5": 1, "2": 3}
"""How many follow `48;5` and `48;2`."""
PADDING = 2
"""Columns after a button in which its own ground may go on."""


def marked_button(screen: str, buttons: Sequence[str]) -> int | None:
    """The position of the one button with a ground of its own; None where the screen tells no such thing."""
    text, grounds = _with_grounds(screen)
    places = [text.rfind(button) for button in buttons]
    behind = max(places) + len(buttons[places.index(max(places))]) + PADDING if places else 0
    if not places or min(places) < 0 or behind >= len(text):
        return None
    marked = [position for position, place in enumerate(places) if grounds[place] != grounds[behind]]
    return marked[0] if len(marked) == 1 else None


def _with_grounds(screen: str) -> tuple[str, list[str]]:
    """The screen without its colours, and the ground of each of its characters."""
    text: list[str] = []
    grounds: list[str] = []
    ground = ""
    for index, piece in enumerate(_COLOURS.split(screen)):
        if index % 2:
            ground = _after(piece, ground)
        else:
            text.append(piece)
            grounds += [ground] * len(piece)
    return "".join(text), grounds


def _after(codes: str, ground: str) -> str:
    words = iter(re.split("[;:]", codes))
    for word in words:
        if word in {"", "0", "49", "27"}:
            ground = ""
        elif word in {"38", "48", "58"}:
            numbers = [next(words, "") for _ in range(_NUMBERS.get(next(words, ""), 0))]
            ground = ",".join(numbers) if word == "48" else ground
        elif word == "7" or re.fullmatch(r"4[0-7]|10[0-7]", word):
            ground = word
    return ground
