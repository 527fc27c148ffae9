"""The line the operator types a filter into; it stays while a filter is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from quarterdeck.tui.widgets.field import Field

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult


class FilterBar(Horizontal):
    """`/`, the text, and how many rows are left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(False)", "clear"),
        Binding("down,ctrl+n", "move(1)", "down"),
        Binding("up", "move(-1)", "up"),
    ]

    @dataclass
    class Typed(Message):
        """The text is different."""

        text: str

    @dataclass
    class Moved(Message):
        """The operator wants another row while typing."""

        by: int

    def __init__(self, leave: Callable[[bool], None]) -> None:
        super().__init__(id="filter-bar")
        self._leave = leave
        """Called at once and not told by a message: the next key may be on its way, and is not for the filter."""
        self.input = Field(css_id="filter-input", select_on_focus=False, on_enter=lambda: leave(True))
        self._said = ""
        self._count = Static("", id="filter-count", markup=False)

    def compose(self) -> ComposeResult:
        """From the left."""
        yield Static("/", id="filter-sign", markup=False)
        yield self.input
        yield self._count

    def say(self, count: str) -> None:
        """Say how many rows are left."""
        if count != self._said:
            self._said = count
            self._count.update(count)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    def action_leave(self, keeps: bool) -> None:
        """Close."""
        self._leave(keeps)

    def action_move(self, by: int) -> None:
        """Move the table's cursor."""
        self.post_message(self.Moved(by))
