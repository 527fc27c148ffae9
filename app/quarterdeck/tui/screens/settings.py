"""Settings: what each is, where its value comes from, and another value for it; and the themes, to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.widgets import OptionList, Static

from quarterdeck.core.text import clean
from quarterdeck.tui.screens.picker import Picker, PickerItem
from quarterdeck.tui.theme import load_all, packaged_names
from quarterdeck.tui.widgets.field import Field
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.widget import Widget

    from quarterdeck.operations.settings_desk import Setting
    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.screen_context import ScreenContext

HIDDEN = "••••"
THEME = "console.theme"
FEW = 2
"""So many choices are gone through with Enter; of more, one is chosen from a list."""


class SettingsScreen(Picker):
    """Enter changes the setting under the cursor: to another of its values, or to one that is typed."""

    beside = 13
    keys = (("↑ ↓", "choose"), ("Enter", "change"), ("Esc", "back"))

    def __init__(self, context: ScreenContext, take_up: Callable[[str, str], None]) -> None:
        super().__init__(context, "Settings")
        self._take_up = take_up
        """Lets the console that is open look as a setting says from now on."""
        self._settings: dict[str, Setting] = {}
        self._help = Static(self.style("Reading the settings …", "muted"), id="setting-help", markup=False)
        self._value = Field(css_id="value", on_enter=self._typed)
        self._changing: Setting | None = None

    def body(self) -> Iterable[Widget]:
        """The settings, what the chosen one is for, and a place to type its value."""
        yield from super().body()
        yield self._help
        yield self._value

    def on_mount(self) -> None:
        """Read them."""
        self._value.display = False
        self.context.do(self._fetch)

    async def _fetch(self, opened: OpenFleet) -> None:
        found = self.context.backend.memory.over(await opened.reader.settings())
        self._settings = {one.key: one for one in found}
        if THEME in self._settings:
            themes, _ = load_all(self.context.backend.themes_folder)
            self._settings[THEME] = replace(self._settings[THEME], choices=tuple(themes))
        self._candidates = [
            PickerItem(one.key, one.key, f"{HIDDEN if one.is_secret and one.value else one.value}  ({one.source})")
            for one in self._settings.values()
        ]
        place = self.options.highlighted
        self.narrow()
        if place is not None and place < self.options.option_count:
            self.options.highlighted = place

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        setting = self._settings.get(event.option_id or "")
        if setting is not None:
            choices = f"  One of {', '.join(setting.choices)}." if len(setting.choices) > 1 else ""
            self._help.update(self.style(clean(setting.help + choices), "muted"))

    def take(self, choice: str) -> None:
        """Change the setting: to the other of two choices, to one that is chosen, or to what is typed."""
        setting = self._settings.get(choice)
        if setting is None:
            return
        if len(setting.choices) > FEW:
            # No choice has an empty id, whatever it stands for.
            found = [PickerItem(f"={one}", one or "none") for one in setting.choices]
            dialog = Picker(self.context, setting.key, found)
            dialog.begins_at = f"={setting.value}"
            self.context.ask(dialog, lambda chosen: self._set(setting, chosen[1:]))
        elif setting.choices:
            place = setting.choices.index(setting.value) if setting.value in setting.choices else -1
            self._set(setting, setting.choices[(place + 1) % len(setting.choices)])
        else:
            self._changing = setting
            self._value.value = "" if setting.is_secret else setting.value
            self._value.password = setting.is_secret
            self._value.display = True
            # At once, unlike `focus()`: the next key may be on its way.
            self.set_focus(self._value)

    def action_leave(self) -> None:
        """From a value back to the settings, with nothing changed; from those, back."""
        if self._value.display:
            self._close_value()
        else:
            super().action_leave()

    def _close_value(self) -> None:
        self._value.display = False
        self.set_focus(self.typed)

    def _typed(self) -> None:
        self._close_value()
        if self._changing is not None:
            self._set(self._changing, self._value.value)

    def _set(self, setting: Setting, value: str) -> None:
        if value == setting.value:
            return

        async def change(opened: OpenFleet) -> None:
            await opened.actions.change_setting(setting.key, value)
            self.context.backend.memory.gives_way(setting.key)
            self._take_up(setting.key, value)
            self.show_keys()
            await self._fetch(opened)

        self.context.do(change)


class ThemeScreen(Picker):
    """Enter keeps what is shown, Esc goes back to what was."""

    def __init__(self, context: ScreenContext) -> None:
        self._before = context.colours
        self._themes, self._errors = load_all(context.backend.themes_folder)
        ours = packaged_names()
        found = [
            PickerItem(name, theme.title, "" if name in ours else f"yours: {name}.toml")
            for name, theme in self._themes.items()
        ]
        super().__init__(context, "Theme", found)
        self.begins_at = self._before.name

    def on_mount(self) -> None:
        """Say what is wrong with those that are left out."""
        for error in self._errors:
            self.context.tell(error)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        shown = self._themes.get(event.option_id or "", self._before)
        if shown.name != self.context.colours.name:
            self.context.use_theme(shown)
            self.show_keys()

    def action_leave(self) -> None:
        """Back to what was."""
        self.context.use_theme(self._before)
        super().action_leave()
