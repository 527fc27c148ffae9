"""Something to choose from: a few values on one line, or a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.style import Style
from textual.widget import Widget
from textual.widgets import OptionList

from quarterdeck.core.text import clean
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.widgets.line import strip_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.strip import Strip
    from textual.widgets.option_list import Option

    from quarterdeck.tui.theme import Theme

CHOSEN_CLASS = "option-list--option-highlighted"


class Choice(Widget, can_focus=True):
    """Every value on one line, the chosen one marked; the arrow keys change it."""

    DEFAULT_CSS = "Choice { height: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l,space", "turn(1)", "next"),
        Binding("left,h", "turn(-1)", "previous"),
        Binding("enter", "submit", "accept"),
    ]

    def __init__(
        self, theme: Theme, *values: str, on_enter: Callable[[], None], on_turn: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__()
        self._at_enter = on_enter
        """Called at once: the next key may be on its way, and is for what Enter leads to."""
        self._at_turn = on_turn
        """Called when the operator has turned to another value."""
        self._theme = theme
        self._values = list(values)
        self._index = 0

    @property
    def value(self) -> str:
        """The chosen value; "" when there is none to choose."""
        return self._values[self._index] if self._values else ""

    def offer(self, values: Sequence[str], chosen: str = "") -> None:
        """Offer other values, choosing this one, or else the one chosen before where it is among them."""
        chosen = chosen or self.value
        self._values = list(values)
        self._index = self._values.index(chosen) if chosen in self._values else 0
        self.refresh()

    def action_turn(self, by: int) -> None:
        """Choose the next or the previous one."""
        if self._values:
            self._index = (self._index + by) % len(self._values)
            self.refresh()
            self._at_turn()

    def action_submit(self) -> None:
        """Accept."""
        self._at_enter()

    @on(events.Focus)
    @on(events.Blur)
    def _show_focus(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The values; as many as fit, the chosen one always."""
        cells: list[Cell] = []
        room = self.size.width
        first = max(0, self._index - 3)
        for index, value in enumerate(self._values[first:], first):
            text = f" {clean(value)} "
            if len(text) > room:
                break
            room -= len(text)
            chosen = "accent bold reverse" if self.has_focus else "text bold underline"
            cells.append(Cell(text, chosen if index == self._index else "muted"))
        return strip_of(cells, self._theme, "surface", self.size.width)


class ChoiceList(OptionList):
    """What is under the cursor shows also where there is no second ground: in the terminal's own colours."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("j", "move(1)", "down"), Binding("k", "move(-1)", "up")]

    def __init__(self, *, compact: bool = False, on_enter: Callable[[], None] | None = None) -> None:
        super().__init__(id="options", compact=compact, markup=False)
        self._at_enter = on_enter
        """Called at once, in place of `OptionSelected`: the next key may be on its way, for what Enter leads to."""

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> Style:
        """Textual forgets to reverse what its style sheet says is reversed (8.2.8)."""
        style = super().get_visual_style(*component_classes, partial=partial)
        if CHOSEN_CLASS in component_classes and self.get_component_styles(CHOSEN_CLASS).text_style.reverse:
            style += Style(reverse=True)
        return style

    def action_select(self) -> None:
        """Take what is under the cursor."""
        if self._at_enter is None:
            super().action_select()
        elif self.highlighted is not None:
            self._at_enter()

    def offer(self, options: Sequence[Option], chosen: int = 0) -> None:
        """Offer these, one of them under the cursor."""
        self.clear_options()
        self.add_options(options)
        self.highlighted = min(chosen, len(options) - 1) if options else None

    def action_move(self, by: int) -> None:
        """Move the cursor, stopping at the ends."""
        if self.option_count:
            self.highlighted = max(0, min(self.option_count - 1, (self.highlighted or 0) + by))
