"""What a screen's colours tell that its text does not: the hint in an empty input line, and the marked button."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_COLOUR = re.compile(r"\x1b\[([\d;:]*)m")
_NUMBERS = {"5": 1, "2": 3}
"""How many follow `48;5` and `48;2`."""
_GROUND = re.compile(r"4[0-7]|10[0-7]")
PADDING = 2
"""Columns after a button in which its own ground may go on."""


class Ink(NamedTuple):
    """How a stretch of text is drawn."""

    dim: bool = False
    reverse: bool = False
    ground: str = ""


def without_dim(screen: str) -> str:
    """The screen with blanks in place of what is dim. A cursor on the first letter of a hint is part of the hint."""
    if "\x1b[" not in screen:
        return screen
    out: list[str] = []
    cursor: int | None = None
    for text, ink in _runs(screen):
        if ink.dim:
            if cursor is not None:
                out[cursor] = " "
            out.append(re.sub(r"[^\n]", " ", text))
        else:
            out.append(text)
        cursor = len(out) - 1 if ink.reverse and len(text) == 1 and text != "\n" else None
    return "".join(out)


def marked_button(screen: str, buttons: Sequence[str]) -> int | None:
    """The position of the one button with a ground that no other has; None where the screen tells no such thing."""
    runs = list(_runs(screen))
    text = "".join(piece for piece, _ in runs)
    grounds = [ink.ground for piece, ink in runs for _ in piece]
    places = [text.rfind(button) for button in buttons]
    behind = max(places) + len(buttons[places.index(max(places))]) + PADDING if places else 0
    if not places or min(places) < 0 or behind >= len(text):
        return None
    own = [grounds[place] for place in places]
    # Some draw every button on a ground, and the marked one on another; of two it cannot be told which is which.
    for rest in (grounds[behind], *([max(own, key=own.count)] if len(own) > 2 else [])):
        marked = [position for position, ground in enumerate(own) if ground != rest]
        if len(marked) == 1:
            return marked[0]
    return None


def _runs(screen: str) -> Iterator[tuple[str, Ink]]:
    """Stretches of text, each with how it is drawn."""
    ink = Ink()
    for index, piece in enumerate(_COLOUR.split(screen)):
        if index % 2:
            ink = _after(piece, ink)
        elif piece:
            yield piece, ink


def _after(codes: str, ink: Ink) -> Ink:
    # With colons a colour is one word; with semicolons its numbers must not be taken for codes.
    words = iter(codes.split(";"))
    for word in words:
        code, colon, colour = word.partition(":")
        if code in {"38", "48", "58"}:
            if not colon:
                colour = ":".join(next(words, "") for _ in range(_NUMBERS.get(next(words, ""), 0)))
            ink = ink._replace(ground=colour) if code == "48" else ink
        elif word in {"", "0"}:
            ink = Ink()
        elif word in {"2", "22"}:
            ink = ink._replace(dim=word == "2")
        elif word in {"7", "27"}:
            ink = ink._replace(reverse=word == "7", ground="7" if word == "7" else "")
        elif word == "49" or _GROUND.fullmatch(word):
            ink = ink._replace(ground="" if word == "49" else word)
    return ink
