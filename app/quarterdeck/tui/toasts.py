"""Toasts: each is said once, and only as many are kept as there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.text import cell_width

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.geometry import Size
    from textual.notifications import Notification

SHARE = 0.3
"""Of the lines above the foot line; the style sheet has the same."""
BESIDE = 4
"""Cells of a line that are not the words'."""
OVER = float("-inf")
"""The seconds a toast is shown for that is to go at once."""


def make_room(known: Iterable[Notification], coming: Notification, screen: Size) -> list[Notification]:
    """End what says the same as the toast that comes, then the oldest until the rest has room, failures last.

    Answers those that stay, with the new one. Textual takes away what is over before it shows the one that comes.
    """
    said = (coming.title, coming.message, coming.severity)
    shown = [toast for toast in known if not toast.has_expired]
    others = [toast for toast in shown if (toast.title, toast.message, toast.severity) != said]
    room = int((screen.height - 1) * SHARE) - _lines(coming, screen.width)
    kept = sorted(others, key=lambda toast: toast.severity == "error")
    while kept and sum(_lines(toast, screen.width) for toast in kept) > room:
        kept.pop(0)
    for toast in shown:
        if toast not in kept:
            toast.timeout = OVER
    return [*(toast for toast in others if toast in kept), coming]


def _lines(toast: Notification, width: int) -> int:
    words = max(1, width - BESIDE)
    return bool(toast.title) + sum(max(1, -(-cell_width(line) // words)) for line in toast.message.split("\n"))
