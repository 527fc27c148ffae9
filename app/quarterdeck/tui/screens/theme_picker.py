"""The theme picker: what is under the cursor is shown at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.widgets import OptionList, Static

from quarterdeck.tui import failures
from quarterdeck.tui.screens.picker import Picker, PickerItem
from quarterdeck.tui.theme import load_all, packaged_names

if TYPE_CHECKING:
    from quarterdeck.tui.screen_context import ScreenContext


class ThemeScreen(Picker):
    """Enter keeps what is shown, Esc goes back to what was."""

    def __init__(self, context: ScreenContext) -> None:
        self._before = context.colours
        self._themes, self._errors = load_all(context.backend.themes_folder)
        ours = set(packaged_names())
        notes = {name: "" if name in ours else f"yours: {name}.toml" for name in self._themes}
        super().__init__(
            context,
            "Theme",
            [PickerItem(name, theme.title, notes[name]) for name, theme in self._themes.items()],
        )
        self.begins_at = self._before.name

    def on_mount(self) -> None:
        """Say what is wrong with those that are left out."""
        for error in self._errors:
            failures.tell(self.app, error)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        shown = self._themes.get(event.option_id or "", self._before)
        if shown.name != self.context.colours.name:
            self.context.use_theme(shown)
            self.query_one("#keys", Static).update(self._key_line())

    def action_leave(self) -> None:
        """Back to what was."""
        self.context.use_theme(self._before)
        super().action_leave()
