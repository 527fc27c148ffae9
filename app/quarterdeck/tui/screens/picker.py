"""A dialog to choose one of many by typing."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct
from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.fuzzy import FuzzySearch
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from quarterdeck.core.text import cell_width, clean, cut
from quarterdeck.tui.screens.dialog import Dialog, Keys
from quarterdeck.tui.widgets.choices import ChoiceList
from quarterdeck.tui.widgets.field import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from quarterdeck.tui.screen_context import ScreenContext

MOST_SHOWN = 200


class PickerItem(Struct, frozen=True):
    """One thing to choose."""

    id: str
    title: str
    note: str = ""
    """At the right, muted: the key, the path."""


def ranked(candidates: Sequence[PickerItem], typed: str) -> list[PickerItem]:
    """Those that match what was typed, the best first; all in their order when nothing was."""
    if not typed.strip():
        return list(candidates[:MOST_SHOWN])
    search = FuzzySearch()
    scored = [(search.match(typed, f"{one.title} {one.note}")[0], one) for one in candidates]
    found = [(score, one) for score, one in scored if score > 0]
    return [one for _, one in sorted(found, key=lambda pair: -pair[0])[:MOST_SHOWN]]


class Picker(Dialog[str]):
    """Answers the id of what was chosen."""

    AUTO_FOCUS = "#typed"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,ctrl+n", "move(1)", "down"),
        Binding("up,ctrl+p", "move(-1)", "up"),
        Binding("pagedown", "move(10)", "page down"),
        Binding("pageup", "move(-10)", "page up"),
    ]
    keys: Keys = (("↑ ↓", "choose"), ("Enter", "take it"), ("Esc", "back"))
    nothing = "Nothing matches."
    beside = 8
    """Lines of the dialog that are not the list's."""

    def __init__(
        self, context: ScreenContext, heading: str, candidates: Sequence[PickerItem] = (), hint: str = "type to narrow"
    ) -> None:
        super().__init__(context)
        self.heading = heading
        self._candidates = list(candidates)
        self.typed = Field(placeholder=hint, css_id="typed", on_enter=self._enter)
        self._narrowed_to = ""
        self.begins_at = ""
        """What the cursor is on at first; else the first of all."""
        self.options = ChoiceList(compact=True)
        # The list is worked from the input, so that typing and choosing need no change of focus.
        self.options.can_focus = False

    def body(self) -> Iterable[Widget]:
        """What is typed, then what matches."""
        yield self.typed
        yield self.options

    def on_resize(self) -> None:
        """Notes stand at the right edge; the list has the lines that nothing else needs."""
        self.options.styles.max_height = self.lines_for_list(self.beside)
        self.call_after_refresh(self.narrow)

    @on(Input.Changed, "#typed")
    def narrow(self) -> None:
        """Offer what matches, the first under the cursor while something is typed."""
        typed = self._narrowed_to = self.typed.value
        candidates = self.matching(typed)
        kept = self.options.highlighted_option.id if self.options.highlighted_option else self.begins_at
        ids = [one.id for one in candidates]
        width = self.options.scrollable_content_region.width or 60
        here = ids.index(kept) if kept in ids and not typed else 0
        self.options.offer([Option(self.prompt(one, width), id=one.id) for one in candidates], here)
        if typed and not ids:
            self.options.add_option(Option(self.style(self.nothing, "muted"), disabled=True))

    def matching(self, typed: str) -> list[PickerItem]:
        """The candidates for what was typed."""
        return ranked(self._candidates, typed)

    def prompt(self, one: PickerItem, width: int) -> Text:
        """A candidate's line."""
        note = cut(clean(one.note), width // 2)
        title = cut(clean(one.title), width - cell_width(note) - 2)
        space = " " * max(1, width - cell_width(title) - cell_width(note) - 1)
        return Text.assemble(title, space, (note, self.context.colours.ink("muted")), no_wrap=True)

    def action_move(self, by: int) -> None:
        """Move the list's cursor."""
        self.options.action_move(by)

    def _enter(self) -> None:
        if self.typed.value != self._narrowed_to:
            # What was typed last has not been told yet.
            self.narrow()
        self._submitted()

    @on(OptionList.OptionSelected)
    def _submitted(self) -> None:
        here = self.options.highlighted_option
        self.take((here.id if here is not None else None) or "")

    def take(self, choice: str) -> None:
        """Enter was pressed on a choice, or a choice was clicked; "" when nothing matches."""
        if choice:
            self.dismiss(choice)
