"""Every frame reaches the terminal, once, and a stream of changes is only so many frames."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from textual.app import App
from textual.screen import UPDATE_PERIOD, Screen

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.geometry import Size

LEAST_SECONDS = 1 / 15
"""Between two looks at a fleet that never rests; an eye sees no difference, and a busy machine does."""


class FramesKept(App[int]):
    """An app whose screen paints what was held back.

    Textual holds updates back while it starts, and does not ask for them afterwards (8.2.8).
    """

    def _end_batch(self) -> None:
        super()._end_batch()
        if not self._batch_count:
            self.screen.check_idle()


class PaintsOnce(Screen[None]):
    """A screen that is painted once for each of its updates.

    Textual paints after each layout, and then what has changed (8.2.8): a start would paint everything six times over,
    and a step of scrolling twice.
    """

    _is_updating = False
    _is_owed = False
    _updated_at = 0.0

    def on_idle(self) -> None:
        """Paint at once after a rest; the timer of the updates may first sleep for two of its turns."""
        if time.monotonic() - self._updated_at >= UPDATE_PERIOD:
            self._on_timer_update()

    def _on_timer_update(self) -> None:
        self._updated_at = time.monotonic()
        self._is_updating = True
        super()._on_timer_update()
        self._is_updating = False
        if self._is_owed:
            self._is_owed = False
            super()._compositor_refresh()

    def _screen_resized(self, size: Size) -> None:
        # At a start it is told of its first size three times.
        if size != self._size:
            super()._screen_resized(size)

    def _compositor_refresh(self) -> None:
        if self._is_updating:
            self._is_owed = True
        else:
            # The screen has another size, and is painted whole when everything in it has its own.
            self.refresh()


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
