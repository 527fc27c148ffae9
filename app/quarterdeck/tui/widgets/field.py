"""One line to type into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

if TYPE_CHECKING:
    from collections.abc import Callable


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
        """Called at once and not told by a message: the next key may be on its way, and is for what Enter leads to."""

    async def action_submit(self) -> None:
        """Enter was pressed."""
        if self._at_enter is None:
            await super().action_submit()
        else:
            self._at_enter()
