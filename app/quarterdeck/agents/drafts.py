"""What stands in an agent's input line: what was typed, told apart from the hint that an empty one shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.agents.screen import lines_of
from quarterdeck.core.text import clean_lines
from quarterdeck.ports.agent import Box, BoxState
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quarterdeck.agents.screen import Parts, ScreenLayout

_COLOUR = re.compile(r"\x1b\[([\d;:]*)m")
_COLOUR_SPACES = {5: 1, 2: 3}
"""How many numbers follow `38;5` and `38;2`."""


def read_box(layout: ScreenLayout, screen: str) -> Box:
    """The input line of a screen; without its colours a hint may be taken for a draft."""
    if layout.draft is None:
        return Box(state=BoxState.UNKNOWN)
    lines = lines_of(clean_lines(screen))
    parts = layout.split(lines)
    queueing = bool(layout.queueing and layout.queueing.search("\n".join(lines)))
    if parts.box is None:
        return Box(state=BoxState.COVERED, queueing=queueing)
    parts = _without_dim(parts, parts.box, lines, clean_lines(without_dim(screen)).split("\n"))
    text = layout.draft(parts)
    if layout.hint is not None and layout.hint.match(text):
        text = ""
    return Box(state=BoxState.OPEN, text=text, queueing=queueing)


def _without_dim(parts: Parts, box: tuple[str, ...], lines: tuple[str, ...], bright: list[str]) -> Parts:
    """Prompt box and foot with nothing dim in them; rules and bars may be dim, so they are found before."""
    foot = len(lines) - len(parts.foot)
    top = next(
        (at for at in range(foot - len(box), -1, -1) if all(map(str.startswith, lines[at : at + len(box)], box))),
        foot - len(box),
    )
    kept = [bright[top + row][: len(line)].rstrip() for row, line in enumerate(box)]
    return replace(parts, box=tuple(kept), foot=tuple(line.rstrip() for line in bright[foot:]))


def without_sign(lines: Sequence[str], sign: re.Pattern[str]) -> str:
    """The lines of a prompt box without the sign before them."""
    return "\n".join(sign.sub("", line, count=1).strip() for line in lines).strip()


def without_dim(screen: str) -> str:
    """The screen with blanks in place of what is dim. A cursor on the first letter of a hint is part of the hint."""
    if "\x1b[" not in screen:
        return screen
    out: list[str] = []
    cursor: int | None = None
    for text, dim, reverse in _runs(screen):
        if dim:
            if cursor is not None:
                out[cursor] = " "
            out.append(re.sub(r"[^\n]", " ", text))
        else:
            out.append(text)
        cursor = len(out) - 1 if reverse and len(text) == 1 else None
    return "".join(out)


def _runs(screen: str) -> Iterator[tuple[str, bool, bool]]:
    """Stretches of text with whether they are dim and whether they are reversed."""
    dim = reverse = False
    pieces = _COLOUR.split(screen)
    for index, piece in enumerate(pieces):
        if index % 2:
            dim, reverse = _after(piece, dim=dim, reverse=reverse)
        elif piece:
            yield piece, dim, reverse


def _after(codes: str, *, dim: bool, reverse: bool) -> tuple[bool, bool]:
    # With colons a colour is one word; with semicolons its numbers must not be taken for codes.
    words = iter(codes.split(";"))
    for word in words:
        match word:
            case "" | "0":
                dim = reverse = False
            case "2":
                dim = True
            case "22":
                dim = False
            case "7":
                reverse = True
            case "27":
                reverse = False
            case "38" | "48" | "58":
                kind = next(words, "")
                for _ in range(_COLOUR_SPACES.get(int(kind), 0) if kind.isdigit() else 0):
                    next(words, None)
    return dim, reverse
