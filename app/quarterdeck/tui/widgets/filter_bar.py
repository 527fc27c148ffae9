"""The line the operator types a filter into; it stays while a filter is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from quarterdeck.tui.widgets.field import Field

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult


class FilterBar(Horizontal):
    """`/`, the text, and how many rows are left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "screen.close_filter", "clear"),
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
