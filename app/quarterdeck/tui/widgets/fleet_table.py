"""The live table: only visible lines are made, only changed cells are painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from quarterdeck.core.text import cell_width
from quarterdeck.tui.fleet_view import first_asking, is_known
from quarterdeck.tui.rows import column as col
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.grouping import Heading
from quarterdeck.tui.widgets.line import strip_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from quarterdeck.core.session import Session
    from quarterdeck.tui.fleet_view import FleetView
    from quarterdeck.tui.rows.grouping import Item
    from quarterdeck.tui.rows.session_row import RowView
    from quarterdeck.tui.theme import Theme

STRIPS_KEPT = 2048
WHEEL_ROWS = 3
"""Rows for one notch of the wheel where there are more than fit."""
_Line = tuple[tuple[Cell, ...], str]
"""Cells and the ground they stand on."""


class FleetTable(ScrollView, can_focus=True):
    """One line a session, below a line of titles that does not scroll.

    The cursor stands on rows and on the headings of folded groups.
    """

    class Selected(Message):
        """The cursor stands on another line."""

    class Chosen(Message):
        """A row was double-clicked."""

    class HeadingClicked(Message):
        """The heading of a group was clicked."""

        def __init__(self, heading: Heading) -> None:
            super().__init__()
            self.heading = heading

    def __init__(self, theme: Theme, view: RowView) -> None:
        super().__init__(id="fleet")
        self._theme = theme
        self._view = view
        self._items: Sequence[Item] = ()
        self._hidden: Mapping[str, str] = {}
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
        self.stops: list[str] = []
        """What the cursor can stand on: those, and folded groups by their keys."""
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
        item = self._item
        return item if isinstance(item, str) else None

    @property
    def heading(self) -> Heading | None:
        """The folded group under the cursor."""
        item = self._item
        return item if isinstance(item, Heading) else None

    @property
    def _item(self) -> Item | None:
        return self._items[self._index] if self._index < len(self._items) else None

    @property
    def here(self) -> str | None:
        """What the cursor stands on: a session by its id, a folded group by its key."""
        return None if self._item is None else _stop(self._item)

    def show(self, shown: FleetView, view: RowView) -> None:
        """Show these rows. The cursor stays on its session, or on its place when the session is gone."""
        items, sessions = shown.items, shown.sessions
        before, count = self.here, len(self._items)
        stood = self._sessions.get(before) if before is not None else None
        if items is not self._items:
            self._places = {_stop(item): index for index, item in enumerate(items) if _is_stop(item)}
            self.ids = [item for item in items if isinstance(item, str)]
            self.stops = list(self._places)
        self._items, self._hidden, self._sessions, self._view = items, shown.hidden, sessions, view
        moved = self._place_of(before, stood)
        self._index = moved if moved is not None else self._nearest(self._index)
        if self.is_left_alone and self._is_opening:
            asking = first_asking(shown.order, sessions)
            self._index = self._places.get(self._hidden.get(asking or "", asking or ""), self._index)
            self._is_opening = not sessions or not all(map(is_known, sessions.values()))
        if (shown.longest_name, shown.empty) != (self._longest, self._empty):
            self._longest, self._empty = shown.longest_name, shown.empty
            self._set_columns()
            self.refresh()
        if count != len(items):
            # Nothing is ever scrolled sideways. A width that is told anew for each size would be laid out twice.
            self.virtual_size = Size(0, len(items) + 1)
        self._repaint()
        if self.here != before:
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
        if self.stops:
            here = self.stops.index(self.here) if self.here in self._places else 0
            self.select(self.stops[max(0, min(len(self.stops) - 1, here + by))])

    def move_page(self, direction: int) -> None:
        """Move by a screenful."""
        self.move(direction * max(1, self.size.height - 2))

    def select(self, stop: str) -> bool:
        """Put the cursor on a session, or on the group with this key; False when it is not shown."""
        index = self._places.get(stop)
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
            rank = self.stops.index(selected)
            around = [*self.stops[rank:], *reversed(self.stops[:rank])]
            self.select(next((one for one in around if one not in ids), selected))

    def _place_of(self, stop: str | None, stood: Session | None) -> int | None:
        """Where the cursor's line is now: a session by its identity, or by tmux's when it has just been given another.

        For one whose group was folded that is the heading.
        """
        found = self._places.get(self._hidden.get(stop or "", stop or ""))
        if found is not None or stood is None:
            return found
        pane = (stood.tmux_id, stood.tmux_name, stood.pane_id)
        same = (
            key
            for key, session in self._sessions.items()
            if (session.tmux_id, session.tmux_name, session.pane_id) == pane and key in self._places
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
        is_first = self._index > 0 and isinstance(self._item, str) and _is_open(self._items[self._index - 1])
        first = self._index - is_first
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
            return col.heading_cells(item, self._layout, ascii_only=self._view.ascii_only)
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
        for y, (cells, ground) in list(self._painted.items()):
            fresh, fresh_ground = self._line(y)
            if cells == fresh and ground == fresh_ground:
                continue
            widths = [cell_width(cell.text) for cell in fresh]
            # Of a line that is laid out in another way nothing can be kept.
            if ground != fresh_ground or widths != [cell_width(cell.text) for cell in cells]:
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
        """A click selects, a double click goes; a click on a heading folds its group, or opens it."""
        index = event.y - 1 + self.scroll_offset.y
        item = self._items[index] if event.y > 0 and index < len(self._items) else None
        if isinstance(item, str):
            self.select(item)
            if event.chain == 2:
                self.post_message(self.Chosen())
        elif item is not None:
            self.post_message(self.HeadingClicked(item))


def _is_open(item: Item) -> bool:
    return isinstance(item, Heading) and not item.is_folded


def _is_stop(item: Item) -> bool:
    return not _is_open(item)


def _stop(item: Item) -> str:
    return item.key if isinstance(item, Heading) else item
