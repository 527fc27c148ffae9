"""One line to type into."""

from __future__ import annotations

from textual.widgets import Input


class Field(Input):
    """A compact input whose cursor does not blink: a resting screen writes nothing."""

    def __init__(
        self, *, css_id: str, placeholder: str = "", restrict: str | None = None, select_on_focus: bool = True
    ) -> None:
        super().__init__(
            placeholder=placeholder, restrict=restrict, select_on_focus=select_on_focus, id=css_id, compact=True
        )
        self.cursor_blink = False
