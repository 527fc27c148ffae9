"""A list to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.style import Style
from textual.widgets import OptionList

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.widgets.option_list import Option

CHOSEN = "option-list--option-highlighted"


class ChoiceList(OptionList):
    """What is under the cursor shows also where there is no second ground: in the terminal's own colours."""

    def __init__(self, *, compact: bool = False, on_enter: Callable[[], None] | None = None) -> None:
        super().__init__(id="options", compact=compact, markup=False)
        self._at_enter = on_enter
        """Called at once, in place of `OptionSelected`: the next key may be on its way, for what Enter leads to."""

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> Style:
        """Textual forgets to reverse what its style sheet says is reversed (8.2.8)."""
        style = super().get_visual_style(*component_classes, partial=partial)
        if CHOSEN in component_classes and self.get_component_styles(CHOSEN).text_style.reverse:
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

    def move(self, by: int) -> None:
        """Move the cursor, stopping at the ends."""
        if self.option_count:
            self.highlighted = max(0, min(self.option_count - 1, (self.highlighted or 0) + by))
