"""The question of a session, as text to stand above its preview and in the answer dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.session import Need
from quarterdeck.core.text import clean, clean_lines
from quarterdeck.tui.rows.ages import exact

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.session import Ask


def choice_line(number: int, choice: str, *, several: bool, is_ticked: bool = False) -> str:
    """A choice with its number, and with a box where several may be taken."""
    box = ("[x] " if is_ticked else "[ ] ") if several else ""
    return f"  {number}  {box}{clean(choice)}"


def question_lines(ask: Ask, now: datetime) -> list[tuple[str, str]]:
    """Lines with their roles: what kind and since when, the text, the choices by number."""
    what = "asks for permission" if ask.kind is Need.PERMISSION else "asks"
    lines = [(f"{what}, {exact(ask.since, now)}", "asks")]
    lines += [(line.rstrip(), "text bold") for line in clean_lines(ask.text).split("\n") if line.strip()]
    lines += [
        (choice_line(number, choice, several=ask.several), "text") for number, choice in enumerate(ask.choices, 1)
    ]
    return lines
