"""The main screen: head, table, preview, foot. Every key is looked up in the table of actions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from textual import events, on
from textual.binding import Binding
from textual.containers import Container
from textual.widgets import Input

from quarterdeck.core.text import clean
from quarterdeck.tui import actions
from quarterdeck.tui.actions import ACTIONS, BY_NAME, Needs
from quarterdeck.tui.fleet_view import FleetView
from quarterdeck.tui.rows.around_table import (
    LEAST_TABLE_HEIGHT,
    LEAST_TABLE_WIDTH,
    can_say_why,
    foot_cells,
    head_cells,
    notice_for,
    typing_cells,
    why_not,
)
from quarterdeck.tui.rows.grouping import Grouping
from quarterdeck.tui.textual_internals import PaintsOnce
from quarterdeck.tui.widgets.card import Card
from quarterdeck.tui.widgets.empty_table import EmptyTable
from quarterdeck.tui.widgets.field import FilterBar
from quarterdeck.tui.widgets.fleet_table import FleetTable
from quarterdeck.tui.widgets.line import CellLine
from quarterdeck.tui.widgets.preview import Preview, PreviewFeed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.timer import Timer

    from quarterdeck.core.session import Session
    from quarterdeck.tui.actions import Action
    from quarterdeck.tui.screen_context import ScreenContext
    from quarterdeck.tui.theme import Theme

HOLD_SECONDS = 1.0
"""Rows stay where they are for this long after a key."""
CLOCK_SECONDS = 10.0
"""How often ages and the shown card are looked at; what has not changed is not painted."""
WORKS_IN_TROUBLE = frozenset({"fleet.look", "help.open", "theme.choose", "console.quit"})
WIDE_MAIN = 150
"""From this width on the preview stands at the right."""
TALL_MAIN = 16
"""Below this height there is no room for a preview under the table."""


def _bindings(keys: Mapping[str, Sequence[str]]) -> list[Binding]:
    """The bindings of the table of actions, and the digits, which jump."""
    bound = [Binding(actions.for_textual(keys[one.name]), f"do('{one.name}')") for one in ACTIONS if keys[one.name]]
    return bound + [Binding(str(number), f"row({number})") for number in range(1, 10)]


class MainScreen(PaintsOnce):
    """What the operator looks at all day."""

    AUTO_FOCUS = "#fleet"

    def __init__(self, context: ScreenContext, commands: Mapping[str, Callable[[MainScreen], None]]) -> None:
        super().__init__()
        self.context = context
        self._commands = commands
        # Textual's own key maps take a swap of two keys for a clash, so the bindings are made from the resolved keys.
        self.bind_keys(_bindings(context.keys))
        self.fleet_view = FleetView(Grouping(context.preferences.grouping), context.preferences.folded)
        self.placement = context.preferences.preview
        self.filter_bar = FilterBar(lambda: self.action_close_filter(True))
        self.head = CellLine(context.colours, css_id="head")
        self.table = FleetTable(context.colours, self.fleet_view.row_view(self.context))
        self.preview = Preview(context.colours)
        self.notice = EmptyTable(context)
        self.card = Card(context)
        self.foot = CellLine(context.colours, css_id="foot")
        self._feed = PreviewFeed(context, self._show_tail)
        self._last_key = -HOLD_SECONDS
        self._release: Timer | None = None
        self._awaited: str | None = None

    def compose(self) -> ComposeResult:
        """From the top."""
        # Before there are children, whose styles would be worked out once more.
        self.place_preview()
        yield self.head
        with Container(id="body"):
            yield self.table
            yield self.preview
        yield self.notice
        yield self.foot

    def on_mount(self) -> None:
        """Begin at the row of the last time, and look at the clock now and then."""
        self._awaited = self.context.preferences.selected
        self.fleet_view.filter = self.context.preferences.views.get(self.context.preferences.view, "")
        self.sync()  # Before the first frame, so that it is the table and not an empty screen.
        self.set_interval(CLOCK_SECONDS, self.sync)

    def furnish(self) -> None:
        """Mount what the first frame does without."""
        if not self.filter_bar.is_attached:
            self.mount(self.filter_bar, before="#body")
            self.mount(self.card, before="#foot")
            self.call_after_refresh(self.card.show)
            self.set_interval(CLOCK_SECONDS, self.card.follow)
            if self.fleet_view.filter:
                self.open_filter(self.fleet_view.filter)

    # The fleet onto the screen

    def sync(self) -> None:
        """Show the fleet as it is now. What stands there already is not painted again."""
        backend = self.context.backend
        fleet, now = backend.now.fleet(), self.context.clock.now()
        since_key = self.context.clock.monotonic() - self._last_key
        self.fleet_view.sync(fleet, hold=since_key < HOLD_SECONDS)
        if self.fleet_view.is_held and self._release is None:
            self._release = self.set_timer(HOLD_SECONDS - since_key + 0.05, self._let_go)
        self.table.show(self.fleet_view, self.fleet_view.row_view(self.context))
        if self._awaited is not None and self.select(self._awaited):
            self._awaited = None
        width, health, ascii_only = self.app.size.width, backend.now.store_health(), self.context.ascii_only
        self.head.show(
            head_cells(backend.server, self.fleet_view.counts, fleet, health, now, width, ascii_only=ascii_only)
        )
        self._show_notice()
        self.card.show()
        self.show_selected()

    def _let_go(self) -> None:
        self._release = None
        self.sync()

    def show_selected(self) -> None:
        """Show what belongs to the selected row: preview and keys."""
        session = self.selected
        if self.preview.display:
            if (heading := self.table.heading) is not None:
                self.preview.show_group(
                    heading, self.fleet_view.members(heading.key), self.fleet_view.row_view(self.context)
                )
            else:
                self.preview.show_session(session, self.context.clock.now())
            self._feed.want(session, self.preview.tail.size.height)
        self.show_foot()
        if self.filter_bar.display:
            self.filter_bar.say(f"{len(self.table.ids)} of {len(self.fleet_view.sessions)}")

    def show_foot(self) -> None:
        """Show the keys that work now."""
        if self.focused is self.filter_bar.input:
            self.foot.show(typing_cells())
        else:
            self.foot.show(foot_cells(self.context.keys, self.works, self.app.size.width, len(self.fleet_view.marked)))

    def _show_tail(self, session_id: str, raw: str, is_known: bool) -> None:
        # What was seen last stays while tmux cannot be asked; the head line says that it does not answer.
        if session_id == self.table.selected and (is_known or self.preview.shown != session_id):
            self.preview.show_tail(session_id, raw)

    def _show_notice(self) -> None:
        backend = self.context.backend
        notice = notice_for(
            backend.now.fleet(), clean(backend.server), self.context.trouble, width=self.app.size.width,
            height=self.app.size.height, filtered=self.fleet_view.filter, shown=len(self.table.ids),
        )  # fmt: skip
        is_small = self.app.size.width < LEAST_TABLE_WIDTH or self.app.size.height < LEAST_TABLE_HEIGHT
        self.head.display = self.foot.display = not is_small
        self.set_class(notice is not None, "-notice")
        if notice is not None:
            self.notice.show(notice, self.works)

    def use(self, theme: Theme) -> None:
        """Paint in another theme."""
        for part in (self.head, self.table, self.preview, self.foot):
            part.use(theme)
        self.sync()

    # What is selected, and what works on it

    @property
    def selected(self) -> Session | None:
        """The session under the cursor."""
        session_id = self.table.selected
        return self.fleet_view.sessions.get(session_id) if session_id is not None else None

    def works(self, action: Action) -> bool:
        """Whether an action can be done now."""
        if self.context.trouble is not None:
            return action.name in WORKS_IN_TROUBLE
        if action.needs is Needs.FOLDED:
            return self.table.heading is not None
        if action.needs is Needs.GROUPED:
            return self.fleet_view.is_foldable(self.table.selected)
        rows = self.targets() if action.name in actions.FOR_THE_MARKED else [self.selected]
        return any(actions.applies(action, row, has_rows=bool(self.fleet_view.sessions)) for row in rows) and (
            action.name != "view.choose" or bool(self.context.preferences.views)
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Textual asks this before it runs a key."""
        if action != "do" or self.works(wanted := self._meant(cast("str", parameters[0]))):
            return True
        return self.context.trouble is None and can_say_why(wanted, self.selected)

    def action_do(self, name: str) -> None:
        """Run an action of the table, or say why it cannot be done."""
        if self.works(wanted := self._meant(name)):
            self._commands[wanted.name](self)
        else:
            self.notify(why_not(wanted, self.selected), markup=False)

    def _meant(self, name: str) -> Action:
        """The action of this name; a folded group is gone to by opening it."""
        return BY_NAME["group.unfold" if name == "session.go" and self.table.heading is not None else name]

    def action_row(self, number: int) -> None:
        """Jump to a row by its place."""
        for stop in self.table.stops[number - 1 : number]:
            self.table.select(stop)

    def set_filter(self, text: str) -> None:
        """Show what matches, and nothing else."""
        self.fleet_view.filter = text
        self._last_key = -HOLD_SECONDS
        self.sync()

    def targets(self) -> list[Session]:
        """What an action is about: the marked rows, else the selected one."""
        return self.fleet_view.targets(self.table.selected)

    def unmark(self) -> None:
        """Take every mark away."""
        self.fleet_view.marked.clear()
        self.sync()

    def select(self, session_id: str) -> bool:
        """Put the cursor on a row, whose group opens if it is folded; False when it is not shown."""
        if key := self.fleet_view.hidden.get(session_id):
            self.fleet_view.unfold(key)
            self.show_folded()
        return self.table.select(session_id)

    def show_folded(self) -> None:
        """Show and remember which groups are folded now."""
        folded = self.fleet_view.folded
        self.context.backend.memory.remember(folded=json.dumps(folded) if folded else None)
        self.sync()

    def show_soon(self, ids: Sequence[str]) -> None:
        """Select the first of these sessions as soon as it is on the table."""
        self._awaited = ids[0] if ids else None
        self.sync()

    def open_filter(self, text: str | None = None) -> None:
        """Show the filter's line and let the operator type; with a text, that is the filter."""
        self.furnish()
        self.filter_bar.display = True
        if text is None and self.filter_bar.input.is_attached:
            # At once: the next key may be on its way, and it is a letter of the filter, not a command.
            self.set_focus(self.filter_bar.input)
        elif text is None:
            self.context.app.hold_keys()
            self.call_after_refresh(self._focus_filter)
        else:
            self.filter_bar.input.value = text

    def _focus_filter(self) -> None:
        self.set_focus(self.filter_bar.input)
        self.context.app.let_keys_go()

    def action_close_filter(self, keeps: bool) -> None:
        """Back to the table, with the filter or without."""
        if keeps:
            # What was typed last may not have been told yet.
            self.set_filter(self.filter_bar.input.value)
        if not (keeps and self.fleet_view.filter):
            self.filter_bar.display = False
            self.filter_bar.input.value = ""
            self.set_filter("")
        self.set_focus(self.table)

    def action_move(self, by: int) -> None:
        """Move the table's cursor while a filter is typed."""
        self.table.move(by)

    @on(Input.Changed, "#filter-input")
    def _filter_typed(self, event: Input.Changed) -> None:
        self.set_filter(event.value)

    def place_preview(self) -> None:
        """Put the preview where the operator wants it, or where there is room."""
        placement = self.placement
        if placement == "auto":
            placement = "right" if self.app.size.width >= WIDE_MAIN else "below"
        self.set_class(placement == "right" and self.app.size.width >= 2 * LEAST_TABLE_WIDTH, "-right")
        self.set_class(placement == "below" and self.app.size.height >= TALL_MAIN, "-below")

    # What happens to it

    def on_descendant_focus(self) -> None:
        """Other keys work now."""
        self.show_foot()

    def on_resize(self) -> None:
        """Another size has room for other things."""
        self.place_preview()
        self.sync()

    async def on_event(self, event: events.Event) -> None:
        """Remember when the operator last pressed something, whoever it is for."""
        if isinstance(event, events.Key | events.Click):
            self._last_key = self.context.clock.monotonic()
            self._awaited = None
            self.table.is_left_alone = False
        await super().on_event(event)

    @on(FleetTable.Selected)
    def _row_selected(self) -> None:
        self.show_selected()
        if not self.table.is_left_alone:
            self.context.backend.memory.remember(selected=self.table.selected)

    @on(FleetTable.HeadingClicked)
    def _heading_clicked(self, event: FleetTable.HeadingClicked) -> None:
        key, wanted = event.heading.key, "group.unfold" if event.heading.is_folded else "group.fold"
        # While rows are held in their places, a heading may stand there without any.
        stops = [key] if event.heading.is_folded else [row.session_id for row in self.fleet_view.members(key)[:1]]
        if any(map(self.table.select, stops)) and self.works(BY_NAME[wanted]):
            self.action_do(wanted)

    @on(FleetTable.Chosen)
    def _row_chosen(self) -> None:
        if self.works(BY_NAME["session.go"]):
            self.action_do("session.go")
