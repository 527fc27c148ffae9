"""Every frame reaches the terminal, and a stream of changes is only so many frames."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from textual.app import App

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEAST_SECONDS = 1 / 15
"""Between two looks at a fleet that never rests; an eye sees no difference, and a busy machine does."""


class FramesKept(App[int]):
    """An app whose screen paints what was held back.

    Textual holds updates back while it starts, and does not ask for them afterwards (8.2.8).
    """

    @contextmanager
    def batch_update(self) -> Iterator[None]:
        """Hold updates back, and ask for them afterwards."""
        try:
            with super().batch_update():
                yield
        finally:
            self.screen.check_idle()


class Repaint:
    """Shows what changed: at once after a rest, and in a stream of changes only so often."""

    def __init__(self, app: App[int], show: Callable[[], None]) -> None:
        self._app = app
        self._show = show
        self._shown_at = -LEAST_SECONDS
        self.is_due = False
        """Whether changes wait to be shown."""

    def ask(self) -> None:
        """Something is different; a burst of these is one repaint."""
        if not self.is_due:
            self.is_due = True
            self._app.call_later(self._when_rested)

    def _when_rested(self) -> None:
        wait = LEAST_SECONDS - (asyncio.get_running_loop().time() - self._shown_at)
        if wait > 0:
            self._app.set_timer(wait, self._repaint)
        else:
            self._repaint()

    def _repaint(self) -> None:
        self.is_due = False
        self._shown_at = asyncio.get_running_loop().time()
        self._show()
