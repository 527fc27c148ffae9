"""The theme picker: what is under the cursor is shown at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.widgets import OptionList

from quarterdeck.tui import failures
from quarterdeck.tui.screens.picker import Candidate, Picker
from quarterdeck.tui.theme import load_all, packaged_names

if TYPE_CHECKING:
    from quarterdeck.tui.app import ConsoleApp


class ThemeScreen(Picker):
    """Enter keeps what is shown, Esc goes back to what was."""

    def __init__(self, console: ConsoleApp) -> None:
        self._before = console.colours
        self._themes, self._errors = load_all(console.backend.themes_folder)
        ours = set(packaged_names())
        notes = {name: "" if name in ours else f"yours: {name}.toml" for name in self._themes}
        super().__init__(
            console,
            "Theme",
            [Candidate(name, theme.title, notes[name]) for name, theme in self._themes.items()],
        )
        self.is_live = False

    def on_mount(self) -> None:
        """Begin at the theme that is in use; say what is wrong with those that are left out."""
        for error in self._errors:
            failures.tell(self.console_app, error)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        names = list(self._themes)
        if self._before.name in names:
            self.options.highlighted = names.index(self._before.name)
        self.is_live = True

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if self.is_live and event.option_id in self._themes:
            self.console_app.use_theme(self._themes[event.option_id])

    def action_leave(self) -> None:
        """Back to what was."""
        self.console_app.use_theme(self._before)
        super().action_leave()
