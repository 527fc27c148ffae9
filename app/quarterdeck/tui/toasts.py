"""Toasts: each is said once, and only the last few are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App
    from textual.notifications import Notification

MOST = 4


def make_room(app: App[int], coming: Notification) -> None:
    """Take away what says the same as the toast that comes, and the oldest where there are too many."""
    shown = list(app._notifications)
    said = (coming.title, coming.message, coming.severity)
    same = [toast for toast in shown if (toast.title, toast.message, toast.severity) == said]
    others = [toast for toast in shown if toast not in same]
    for toast in [*same, *others[: max(0, len(others) - MOST + 1)]]:
        app._unnotify(toast, refresh=False)
