"""Everything known of one session."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from quarterdeck.ports.store import ActivityQuery
from quarterdeck.tui.rows.day_strip import day_lines
from quarterdeck.tui.rows.detail import (
    ask_lines,
    diff_lines,
    event_lines,
    session_lines,
    thought_lines,
    why_lines,
    work_lines,
)
from quarterdeck.tui.rows.session_row import name_of, title_of
from quarterdeck.tui.screens.page import Page

if TYPE_CHECKING:
    from quarterdeck.core.session import Session
    from quarterdeck.core.thought import ThoughtSnapshot
    from quarterdeck.ports.store import Activity
    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.screen_context import ScreenContext

HISTORY = 10
EVENTS = 30


class DetailsScreen(Page):
    """Opens at once with what is known; history, events and changes follow."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("i,q", "leave", "back")]
    keys = (("j k", "scroll"), ("Esc", "back"))

    def __init__(self, context: ScreenContext, session: Session) -> None:
        super().__init__(context)
        self.heading = "  ".join(filter(None, (name_of(session), title_of(session))))
        self._session = session
        self._history: list[ThoughtSnapshot] = []
        self._events: list[Activity] = []
        self._diff = ""

    def on_mount(self) -> None:
        """Show what is here, and fetch the rest."""
        self._show()
        self.context.do(self._fetch)

    def on_resize(self) -> None:
        """The strip of the day is as long as there is room."""
        super().on_resize()
        self.call_after_refresh(self._show)

    async def _fetch(self, opened: OpenFleet) -> None:
        reader, session_id = opened.reader, self._session.session_id
        self._history = await reader.thought_history(session_id, HISTORY)
        self._show()
        self._events = await reader.activity(ActivityQuery(session_id=session_id, limit=EVENTS))
        self._show()
        if self._session.work is not None:
            self._diff = await reader.diff(session_id)
            self._show()

    def _show(self) -> None:
        session, context = self._session, self.context
        now = context.clock.now()
        self.lines.show(
            [
                *ask_lines(session, now),
                *why_lines(session, now),
                *work_lines(session, now),
                *day_lines(
                    context.backend.now.day_of(session.session_id),
                    now,
                    self.lines.size.width,
                    ascii_only=context.ascii_only,
                ),
                *thought_lines(self._history, now),
                *event_lines(self._events, now),
                *session_lines(session, now),
                *diff_lines(self._diff),
            ]
        )
