"""Everything known of one session, and the log of what happened in all."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from quarterdeck.core.fleet import leader_of
from quarterdeck.ports.store import ActivityQuery, Level
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.detail import (
    activity_line,
    ask_lines,
    day_lines,
    diff_lines,
    event_lines,
    session_lines,
    thought_lines,
    why_lines,
    work_lines,
)
from quarterdeck.tui.rows.session_row import name_of, title_of
from quarterdeck.tui.rows.subagent_tree import subagent_lines
from quarterdeck.tui.screens.dialog import Page
from quarterdeck.tui.widgets.field import Field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from quarterdeck.core.session import Session
    from quarterdeck.core.thought import ThoughtSnapshot
    from quarterdeck.ports.store import Activity
    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.rows.cell import Line
    from quarterdeck.tui.screen_context import ScreenContext

HISTORY = 10
EVENTS_SHOWN = 30
SHOWN = 300
NARROW = 90
"""Below this width the ages are short, so that what happened has room."""
_LEVELS = (None, Level.WARN, Level.ERROR)


class DetailsScreen(Page):
    """Opens at once with what is known; history, events and changes follow."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("i,q", "leave", "back")]

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
        self.call_after_refresh(self._show)

    async def _fetch(self, opened: OpenFleet) -> None:
        reader, session_id = opened.reader, self._session.session_id
        self._history = await reader.thought_history(session_id, HISTORY)
        self._show()
        self._events = await reader.activity(ActivityQuery(session_id=session_id, limit=EVENTS_SHOWN))
        self._show()
        if self._session.work is not None:
            self._diff = await reader.diff(session_id)
            self._show()

    def _show(self) -> None:
        session, context, now = self._session, self.context, self.context.clock.now()
        moments = context.backend.now.day_of(session.session_id)
        day = day_lines(moments, now, self.lines.size.width, ascii_only=context.ascii_only)
        fleet = context.backend.now.fleet()
        leader, here = leader_of(fleet, session), fleet.sessions.values()
        rows = {row.pane_id: name_of(row) for row in here if row.pane_id and row.tmux_server == session.tmux_server}
        beside = subagent_lines(session.subagents, rows, ascii_only=context.ascii_only)
        known = [*ask_lines(session, now), *beside, *why_lines(session, now), *work_lines(session, now), *day]
        fetched = [*thought_lines(self._history, now), *event_lines(self._events, now)]
        place = session_lines(session, now, leader=name_of(leader) if leader is not None else "")
        self.lines.show([*known, *fetched, *place, *diff_lines(self._diff)])


class ActivityScreen(Page):
    """What happened, newest first: of all sessions or of one, searched as you type."""

    heading = "Activity"
    AUTO_FOCUS = "#lines"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e,q", "leave", "back"),
        Binding("slash", "search", "search"),
        Binding("tab", "narrow", "this session", priority=True),
        Binding("l", "level", "level"),
        Binding("r", "fetch", "again"),
    ]
    keys = (("/", "search"), ("Tab", "this session or all"), ("l", "level"), ("r", "again"), ("Esc", "back"))

    def __init__(self, context: ScreenContext, session: Session | None) -> None:
        super().__init__(context)
        self._session = session
        self._is_narrow = False
        self._level = 0
        self._search = Field(placeholder="search", css_id="search", on_enter=self._read)

    def body(self) -> Iterable[Widget]:
        """The search, then the lines."""
        yield self._search
        yield from super().body()

    def on_mount(self) -> None:
        """Fetch what happened."""
        self.action_fetch()

    def action_search(self) -> None:
        """Let the operator type."""
        # At once, unlike `focus()`: the next key may be on its way, and is what to search for.
        self.set_focus(self._search)

    def action_leave(self) -> None:
        """From the search back to all lines; from those, back."""
        if self._search.has_focus:
            self._search.value = ""
            self._read()
        else:
            super().action_leave()

    def action_narrow(self) -> None:
        """Show the selected session alone, or all."""
        self._is_narrow = not self._is_narrow and self._session is not None
        self.action_fetch()

    def action_level(self) -> None:
        """All, warnings and errors, errors."""
        self._level = (self._level + 1) % len(_LEVELS)
        self.action_fetch()

    @on(Input.Changed)
    def action_fetch(self) -> None:
        """Ask again."""
        self.context.do(self._fetch)

    def _read(self) -> None:
        self.set_focus(self.lines)

    def _query(self) -> ActivityQuery:
        return ActivityQuery(
            session_id=self._session.session_id if self._is_narrow and self._session else None,
            level=_LEVELS[self._level],
            search=self._search.value.strip() or None,
            limit=SHOWN,
        )

    async def _fetch(self, opened: OpenFleet) -> None:
        context = self.context
        query = self._query()
        events = await opened.reader.activity(query)
        if query != self._query():
            # More was typed meanwhile, and asked for.
            return
        fleet = opened.reader.fleet()
        known = {**fleet.sessions, **fleet.exited}
        names = {"": ""} | {session_id: name_of(one) for session_id, one in known.items()}
        nothing: list[Line] = [(Cell("  Nothing happened that matches.", "muted"),)]
        now, is_narrow = context.clock.now(), self.lines.size.width < NARROW
        self.lines.show([activity_line(event, now, names, is_narrow=is_narrow) for event in events] or nothing)
