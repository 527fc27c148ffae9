"""One line to type into; and the line for the filter, which stays while a filter is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from quarterdeck.tui.keys_in_turn import is_astray

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.events import Key


class Field(Input):
    """A compact input whose cursor does not blink: a resting screen writes nothing."""

    def __init__(
        self, *, css_id: str, placeholder: str = "", select_on_focus: bool = True, on_enter: Callable[[], None]
    ) -> None:
        super().__init__(placeholder=placeholder, select_on_focus=select_on_focus, id=css_id, compact=True)
        self.cursor_blink = False
        self._at_enter = on_enter
        """Called in the turn of the key: the next one may be on its way, and is for what Enter leads to."""

    def on_key(self, event: Key) -> None:
        """Take Enter, and leave alone what is not for us."""
        if not is_astray(self, event) and event.key == "enter":
            event.stop()
            event.prevent_default()
            self._at_enter()


class FilterBar(Horizontal):
    """`/`, the text, and how many rows are left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "screen.close_filter(False)", "clear"),
        Binding("down,ctrl+n", "screen.move(1)", "down"),
        Binding("up", "screen.move(-1)", "up"),
    ]

    def __init__(self, keep: Callable[[], None]) -> None:
        super().__init__(id="filter-bar")
        self.input = Field(css_id="filter-input", select_on_focus=False, on_enter=keep)
        self._said = ""
        self._count = Static("", id="filter-count", markup=False)

    def compose(self) -> ComposeResult:
        """From the left."""
        yield from (Static("/", id="filter-sign", markup=False), self.input, self._count)

    def say(self, count: str) -> None:
        """Say how many rows are left."""
        if count != self._said:
            self._said = count
            self._count.update(count)
