"""The live table: only visible lines are made, only changed cells are painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from quarterdeck.tui.fleet_view import Heading, first_asking, is_known
from quarterdeck.tui.rows import column as col
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.widgets.line import strip_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from quarterdeck.core.session import Session
    from quarterdeck.tui.fleet_view import FleetView, Item
    from quarterdeck.tui.rows.session_row import RowView
    from quarterdeck.tui.theme import Theme

STRIPS_KEPT = 2048
WHEEL_ROWS = 3
"""Rows for one notch of the wheel where there are more than fit."""
_Line = tuple[tuple[Cell, ...], str]
"""Cells and the ground they stand on."""


class FleetTable(ScrollView, can_focus=True):
    """One line a session, below a line of titles that does not scroll."""

    class Selected(Message):
        """The cursor stands on another session."""

    class Chosen(Message):
        """A row was double-clicked."""

    def __init__(self, theme: Theme, view: RowView) -> None:
        super().__init__(id="fleet")
        self._theme = theme
        self._view = view
        self._items: Sequence[Item] = ()
        self._sessions: Mapping[str, Session] = {}
        self._longest = col.NAME_LEAST
        self._empty: frozenset[str] = frozenset()
        self._layout = col.layout(80, self._longest)
        self._index = 0
        self.is_left_alone = True
        """Nobody has chosen a row yet."""
        self._is_opening = True
        """Not every state has been seen yet."""
        self._places: dict[str, int] = {}
        self.ids: list[str] = []
        """The sessions shown, from the top."""
        self._rows: dict[str, tuple[Session, RowView, object, tuple[Cell, ...]]] = {}
        """Of each row for which session, view and stamp it was made; the stamp is asked for once for each view."""
        self._painted: dict[int, _Line] = {}
        self._strips: dict[_Line, Strip] = {}

    @property
    def _width(self) -> int:
        """Cells beside the scrollbar, whose place is always kept."""
        return self.scrollable_content_region.width

    # What it shows

    @property
    def selected(self) -> str | None:
        """The session under the cursor."""
        item = self._items[self._index] if self._index < len(self._items) else None
        return item if isinstance(item, str) else None

    def show(self, shown: FleetView, view: RowView) -> None:
        """Show these rows. The cursor stays on its session, or on its place when the session is gone."""
        items, sessions = shown.items, shown.sessions
        before, count = self.selected, len(self._items)
        stood = self._sessions.get(before) if before is not None else None
        if items is not self._items:
            self._places = {item: index for index, item in enumerate(items) if isinstance(item, str)}
            self.ids = list(self._places)
        self._items, self._sessions, self._view = items, sessions, view
        moved = self._place_of(stood)
        self._index = moved if moved is not None else self._nearest(self._index)
        if self.is_left_alone and self._is_opening:
            self._index = self._places.get(first_asking(items, sessions) or "", self._index)
            self._is_opening = not sessions or not all(map(is_known, sessions.values()))
        if (shown.longest_name, shown.empty) != (self._longest, self._empty):
            self._longest, self._empty = shown.longest_name, shown.empty
            self._set_columns()
            self.refresh()
        if count != len(items):
            # Nothing is ever scrolled sideways. A width that is told anew for each size would be laid out twice.
            self.virtual_size = Size(0, len(items) + 1)
        self._repaint()
        if self.selected != before:
            self._reveal()
            self.post_message(self.Selected())

    def use(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self._set_columns()
        self.refresh()

    # Moving

    def move(self, by: int) -> None:
        """Move the cursor by rows, stopping at the ends."""
        if self.ids:
            here = self.ids.index(self.selected) if self.selected is not None else 0
            self.select(self.ids[max(0, min(len(self.ids) - 1, here + by))])

    def move_page(self, direction: int) -> None:
        """Move by a screenful."""
        self.move(direction * max(1, self.size.height - 2))

    def select(self, session_id: str) -> bool:
        """Put the cursor on a session; False when it is not shown."""
        index = self._places.get(session_id)
        if index is None:
            return False
        self.is_left_alone = False
        if index != self._index:
            for moved in (self._index, index):
                self.refresh(Region(0, moved + 1 - self.scroll_offset.y, self._width, 1))
            self._index = index
            self.post_message(self.Selected())
        self._reveal()
        return True

    def step_off(self, ids: Collection[str]) -> None:
        """Move to the next row that is not one of these: they are about to go, and the cursor should not go along."""
        selected = self.selected
        if selected is not None and selected in ids:
            rank = self.ids.index(selected)
            around = [*self.ids[rank:], *reversed(self.ids[:rank])]
            self.select(next((one for one in around if one not in ids), selected))

    def _place_of(self, stood: Session | None) -> int | None:
        """Where a session stands now, by its identity, or by tmux's when it has just been given another."""
        if stood is None:
            return None
        if stood.session_id in self._places:
            return self._places[stood.session_id]
        same = (
            key
            for key, session in self._sessions.items()
            if (session.tmux_id, session.tmux_name) == (stood.tmux_id, stood.tmux_name) and key in self._places
        )
        return self._places.get(next(same, ""))

    def _nearest(self, index: int) -> int:
        """The row at or next to a place that a cursor can stand on."""
        places = list(self._places.values())
        return min(places, key=lambda place: (abs(place - index), -place)) if places else 0

    def _reveal(self) -> None:
        """Scroll until the cursor can be seen, with its group's heading where there is one."""
        rows = self.size.height - 1
        if rows <= 0:
            return
        top = self.scroll_offset.y
        first = self._index - 1 if self._index and isinstance(self._items[self._index - 1], Heading) else self._index
        wanted = min(top, first) if first < top else max(top, self._index - rows + 1)
        if wanted != top:
            # By force: Textual scrolls nothing whose scrollbar has not come yet.
            self.scroll_to(y=wanted, animate=False, immediate=True, force=True)

    # Painting

    def _set_columns(self) -> None:
        self._layout = col.layout(self._width, self._longest, self._empty)
        self._rows.clear()
        self._strips.clear()
        self._painted.clear()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines to paint, with columns for this very width: the message that it has changed comes later.

        Textual would wrap each line in border and padding, of which there is none, and forget what it made of a line
        that only moves up or down; of lines that stay what they are the strips keep that themselves.
        """
        if self._layout.width != self._width:
            self._set_columns()
        _, background = self.background_colors
        lines = [self.render_line(y) for y in crop.line_range]
        for each in self.get_line_filters():
            lines = [line.apply_filter(each, background) for line in lines]
        left, right = crop.column_span
        return lines if (left, right) == (0, self.outer_size.width) else [line.crop(left, right) for line in lines]

    def _cells(self, index: int) -> tuple[Cell, ...]:
        item = self._items[index]
        if isinstance(item, Heading):
            return col.heading_cells(item.title, item.count, self._layout)
        session = self._sessions[item]
        known = self._rows.get(item)
        if known is None or known[0] is not session or known[1] is not self._view:
            stamp = self._view.stamp(session)
            is_same = known is not None and known[0] is session and known[2] == stamp
            cells = known[3] if known is not None and is_same else col.session_cells(session, self._layout, self._view)
            known = self._rows[item] = (session, self._view, stamp, cells)
        return known[3]

    def _line(self, y: int) -> _Line:
        if y == 0:
            return col.title_cells(self._layout), "background"
        index = y - 1 + self.scroll_offset.y
        if index >= len(self._items):
            return (), "background"
        return self._cells(index), "raised" if index == self._index else "background"

    def render_line(self, y: int) -> Strip:
        """The line at this height of the widget."""
        line = self._painted[y] = self._line(y)
        strip = self._strips.get(line)
        if strip is None:
            if len(self._strips) >= STRIPS_KEPT:
                self._strips.clear()
            cells, ground = line
            # What stands beside the scrollbar's place is never the cursor's.
            row = strip_of(cells, self._theme, ground, self._width)
            beside = strip_of((), self._theme, "background", self.outer_size.width - self._width)
            strip = self._strips[line] = Strip.join([row, beside])
        return strip

    def _repaint(self) -> None:
        """Ask for what differs from what was painted, and for nothing else."""
        widths = [column.width + column.gap for column in self._layout.columns]
        for y, (cells, ground) in list(self._painted.items()):
            fresh, fresh_ground = self._line(y)
            if ground != fresh_ground or (cells != fresh and not len(cells) == len(fresh) == len(widths)):
                self.refresh(Region(0, y, self._width, 1))
                continue
            for at, (old, new) in enumerate(zip(cells, fresh, strict=True)):
                if old != new:
                    self.refresh(Region(sum(widths[:at]), y, widths[at], 1))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Every line differs after a scroll."""
        if round(old_value) != round(new_value):
            self._painted.clear()
        super().watch_scroll_y(old_value, new_value)

    # What happens to it

    def on_resize(self) -> None:
        """Another width has room for other columns."""
        if self._layout.width != self._width:
            self._set_columns()
            self.refresh()
        self.call_after_refresh(self._reveal)

    @on(events.MouseScrollDown)
    @on(events.MouseScrollUp)
    def _roll(self, event: events.MouseEvent) -> None:
        """The wheel moves the cursor, as the arrows do."""
        event.stop()
        event.prevent_default()
        rows = WHEEL_ROWS if self.show_vertical_scrollbar else 1
        self.move(rows if isinstance(event, events.MouseScrollDown) else -rows)

    def on_click(self, event: events.Click) -> None:
        """A click selects, a double click goes."""
        index = event.y - 1 + self.scroll_offset.y
        item = self._items[index] if event.y > 0 and index < len(self._items) else None
        if isinstance(item, str):
            self.select(item)
            if event.chain == 2:
                self.post_message(self.Chosen())
