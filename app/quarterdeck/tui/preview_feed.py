"""Fetches the preview: only of the selected session, only while it is shown, at most ten times a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.errors import TmuxUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen
    from textual.timer import Timer

    from quarterdeck.core.session import Session
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.screen_context import ScreenContext

LEAST_SECONDS = 0.1
HISTORY_LINES = 120
"""Lines that can be scrolled back to."""


class PreviewFeed:
    """Asks the backend when the selected session moved; one question at a time."""

    def __init__(self, screen: Screen[None], context: ScreenContext, show: Callable[[str, str, bool], None]) -> None:
        self._screen = screen
        self._context = context
        self._show = show
        self._wanted: Session | None = None
        self._fetched: Session | None = None
        self._lines = 0
        self._asked_at = -LEAST_SECONDS
        self._is_asking = False
        self._timer: Timer | None = None

    def want(self, session: Session | None, height: int) -> None:
        """Say whose preview is on the screen. Nothing is asked when that session has not changed."""
        self._wanted, lines = session, max(HISTORY_LINES, height)
        if session is None:
            return
        if lines != self._lines:
            self._lines, self._fetched = lines, None
        if session is not self._fetched and not self._is_asking and self._timer is None:
            wait = LEAST_SECONDS - (self._context.clock.monotonic() - self._asked_at)
            if wait <= 0:
                self._ask()
            else:
                self._timer = self._screen.app.set_timer(wait, self._ask)

    def _ask(self) -> None:
        self._timer = None
        if self._wanted is not None and not self._is_asking:
            self._is_asking = True
            self._asked_at = self._context.clock.monotonic()
            self._screen.app.run_worker(self._fetch(self._wanted), group="preview", exit_on_error=True)

    async def _fetch(self, session: Session) -> None:
        async def ask(opened: OpenFleet) -> None:
            self._take(session, await opened.reader.preview(session.session_id, self._lines))

        def failed(error: QuarterdeckError) -> None:
            self._take(session, error.message, is_known=not isinstance(error, TmuxUnreachable))

        await self._context.when_open(ask, failed)

    def _take(self, session: Session, raw: str, *, is_known: bool = True) -> None:
        self._is_asking = False
        self._fetched = session
        self._show(session.session_id, raw, is_known)
        if self._wanted is not session:
            self.want(self._wanted, self._lines)
