"""One line to type into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

from quarterdeck.tui.keys_in_turn import is_astray

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.events import Key


class Field(Input):
    """A compact input whose cursor does not blink: a resting screen writes nothing."""

    def __init__(
        self,
        *,
        css_id: str,
        placeholder: str = "",
        restrict: str | None = None,
        select_on_focus: bool = True,
        on_enter: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(
            placeholder=placeholder, restrict=restrict, select_on_focus=select_on_focus, id=css_id, compact=True
        )
        self.cursor_blink = False
        self._at_enter = on_enter
        """Called in the turn of the key: the next one may be on its way, and is for what Enter leads to."""

    def on_key(self, event: Key) -> None:
        """Take Enter, and leave alone what is not for us."""
        if not is_astray(self, event) and event.key == "enter" and self._at_enter is not None:
            event.stop()
            event.prevent_default()
            self._at_enter()
