"""Toasts: each is said once, and only as many are kept as there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.text import cell_width

if TYPE_CHECKING:
    from textual.app import App
    from textual.notifications import Notification

SHARE = 0.3
"""Of the lines above the foot line; the style sheet has the same."""
BESIDE = 4
"""Cells of a line that are not the words'."""


def make_room(app: App[int], coming: Notification) -> None:
    """Take away what says the same as the toast that comes, then the oldest until the rest has room; failures last."""
    said = (coming.title, coming.message, coming.severity)
    kept = list(app._notifications)
    gone = [toast for toast in kept if (toast.title, toast.message, toast.severity) == said]
    others = sorted((toast for toast in kept if toast not in gone), key=lambda toast: toast.severity == "error")
    room = int((app.size.height - 1) * SHARE) - _lines(coming, app.size.width)
    while others and sum(_lines(toast, app.size.width) for toast in others) > room:
        gone.append(others.pop(0))
    for toast in gone:
        app._unnotify(toast, refresh=False)


def _lines(toast: Notification, width: int) -> int:
    words = max(1, width - BESIDE)
    return bool(toast.title) + sum(max(1, -(-cell_width(line) // words)) for line in toast.message.split("\n"))
