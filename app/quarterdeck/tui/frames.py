"""Every frame reaches the terminal, and a stream of changes is only so many frames."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import App

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType
    from textual.screen import Screen

LEAST_SECONDS = 1 / 15
"""Between two looks at a fleet that never rests; an eye sees no difference, and a busy machine does."""


class FramesKept(App[int]):
    """An app that loses no frame.

    Textual holds updates back while it starts, and forgets a layout that is painted meanwhile (8.2.8): what does not
    change afterwards, such as a head line, would stay blank.
    """

    _is_owed = False
    """Whether a frame was held back and not painted since."""

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if self._batch_count and renderable is not None:
            self._is_owed = True
        super()._display(screen, renderable)

    def _end_batch(self) -> None:
        super()._end_batch()
        if self._is_owed and not self._batch_count:
            self._is_owed = False
            self.screen.refresh()


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
