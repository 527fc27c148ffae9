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
    class Left(Message):
        """The operator is done typing."""

        keeps: bool

    @dataclass
    class Moved(Message):
        """The operator wants another row while typing."""

        by: int

    def __init__(self) -> None:
        super().__init__(id="filter-bar")
        self.input = Field(css_id="filter-input", select_on_focus=False)
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

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Left(True))

    def action_leave(self, keeps: bool) -> None:
        """Close."""
        self.post_message(self.Left(keeps))

    def action_move(self, by: int) -> None:
        """Move the table's cursor."""
        self.post_message(self.Moved(by))
