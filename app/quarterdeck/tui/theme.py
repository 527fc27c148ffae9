"""Themes: read from TOML, given to Textual, turned into the styles that lines are painted with; their files watched."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.color import parse_rgb_hex
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.theme import Theme as TextualTheme

from quarterdeck.core.text import clean
from quarterdeck.errors import SettingsError
from quarterdeck.tui.contrast import nearest_named, nearest_of_256, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import App
    from textual.timer import Timer

GROUNDS: Final = ("background", "surface", "raised")
"""What text stands on: the screen, dialogs and bars, the selected row."""
# Of a terminal: black, red, green, yellow, blue, magenta, cyan, white; then the bright ones.
_ON_DARK: Final = (
    "#1b1f29", "#f0616d", "#6cc98b", "#e0b860", "#6aa5f8", "#c792ea", "#56c2d6", "#c9d1dc",
    "#7b8496", "#ff7f89", "#8be0a8", "#f2cf7e", "#8fbdff", "#dbaefc", "#7ad9ea", "#f2f5fa",
)  # fmt: skip
_ON_LIGHT: Final = (
    "#1f2430", "#b3243b", "#17703f", "#855d00", "#1c50b0", "#8a2a9c", "#0b6b80", "#6b7280",
    "#555d6e", "#c2334b", "#1d7f4a", "#946900", "#2a62cc", "#9c3ab0", "#117a91", "#3d4450",
)  # fmt: skip
_ATTRIBUTES: Final = frozenset({"bold", "dim", "italic", "underline", "reverse"})
LOOK_SECONDS: Final = 1.0
"""How often the theme file in use is looked at."""
DEFAULT_THEME: Final = "dark"
TERMINAL_THEME: Final = "terminal"


@dataclass(frozen=True)
class Theme:
    """One theme, and the styles made from it so far."""

    name: str
    title: str
    dark: bool
    terminal: bool
    """Whether the colours are names of the terminal's own."""
    colours: Mapping[str, str]
    is_of_256: bool = False
    """Whether the colours are those of a terminal that has 256."""
    _styles: dict[tuple[str, str], Style] = field(default_factory=dict, repr=False, compare=False)

    def style(self, role: str, ground: str = "background") -> Style:
        """The style of a role (several, joined by a space: the later wins) on a ground."""
        key = (role, ground)
        if key not in self._styles:
            self._styles[key] = self._make(role, ground)
        return self._styles[key]

    def ink(self, role: str) -> Style:
        """A role's colour and attributes without a ground, for text on a ground that is not ours to choose."""
        style = self.style(role)
        return Style(color=style.color, bold=style.bold, dim=style.dim, italic=style.italic)

    def repo(self, colour: str) -> str:
        """A repository's colour, made readable on this theme's grounds."""
        if self.terminal:
            return nearest_named(colour)
        shade = readable(colour, *(self.colours[ground] for ground in GROUNDS))
        return nearest_of_256(shade) if self.is_of_256 else shade

    def of_256(self) -> Theme:
        """The theme for a terminal of 256 colours."""
        if self.terminal or self.is_of_256:
            return self
        near = {role: nearest_of_256(colour) for role, colour in self.colours.items()}
        return Theme(self.name, self.title, self.dark, self.terminal, near, is_of_256=True)

    def _make(self, role: str, ground: str) -> Style:
        parts = role.split()
        attributes: dict[str, Any] = {part: True for part in parts if part in _ATTRIBUTES}
        colours = [part for part in parts if part not in _ATTRIBUTES]
        colour = colours[-1] if colours else "text"
        if self.terminal:
            # The sixteen colours promise no second ground and no second grey, so attributes stand in for them.
            if ground == "raised":
                attributes = {"reverse": True, "bold": "bold" in attributes}
                colour = "text"
            elif colour == "muted":
                attributes |= {"dim": True}
        elif "dim" in attributes:
            del attributes["dim"]
            colour = "muted"
        return Style(color=self.colours.get(colour, colour), bgcolor=self.colours[ground], **attributes)

    def for_terminal(self) -> TerminalTheme:
        """The sixteen colours and the ground of a terminal, for what a pane shows."""
        own = ("#000000", "#ffffff") if self.terminal else (self.colours["background"], self.colours["text"])
        ground, ink, *sixteen = (parse_rgb_hex(each[1:]) for each in (*own, *(_ON_DARK if self.dark else _ON_LIGHT)))
        return TerminalTheme(ground, ink, [*sixteen[:8]], [*sixteen[8:]])

    def for_textual(self) -> TextualTheme:
        """The theme in Textual's terms."""
        named = {role: f"ansi_{colour}" if self.terminal else colour for role, colour in self.colours.items()}
        variables = {
            "ansi-background": named["background"], "ansi-foreground": named["text"],
            "raised": named["raised"], "line": named["line"], "muted": named["muted"], "asks": named["asks"],
            "works": named["works"], "done": named["done"], "failed": named["failed"], "border": named["accent"],
            "border-blurred": named["line"], "text": named["text"], "text-muted": named["muted"],
            "text-disabled": named["muted"], "foreground-muted": named["muted"], "foreground-disabled": named["muted"],
            "block-cursor-foreground": named["text"], "block-cursor-background": named["raised"],
            "block-cursor-text-style": "reverse" if self.terminal else "bold",
            "block-cursor-blurred-foreground": named["text"], "block-cursor-blurred-background": named["surface"],
            "block-hover-background": named["surface"],
            "input-cursor-background": named["text"], "input-cursor-foreground": named["background"],
            "input-cursor-text-style": "reverse" if self.terminal else "none",
            "input-selection-background": named["raised"],
            "scrollbar": named["line"], "scrollbar-hover": named["muted"], "scrollbar-active": named["accent"],
            "scrollbar-background": named["background"], "scrollbar-background-hover": named["background"],
            "scrollbar-background-active": named["background"], "scrollbar-corner-color": named["background"],
        }  # fmt: skip
        return TextualTheme(
            name=self.name, dark=self.dark, ansi=self.terminal, variables=variables,
            primary=named["accent"], secondary=named["done"], accent=named["accent"], warning=named["asks"],
            error=named["failed"], success=named["works"], foreground=named["text"], background=named["background"],
            surface=named["surface"], panel=named["surface"], boost=named["surface"],
        )  # fmt: skip


def packaged_folder() -> Path:
    """Where the themes that come with us are: inside the installed package, or beside it in a checkout."""
    here = Path(__file__).resolve()
    installed = here.parents[1] / "themes"
    return installed if installed.is_dir() else here.parents[3] / "themes"


def load_packaged(name: str) -> Theme:
    """One of our own themes. Tests check them, so nothing is checked here: this runs before the first frame."""
    data = tomllib.loads((packaged_folder() / f"{name}.toml").read_text("utf-8"))
    return Theme(name, data["title"], data["dark"], data.get("terminal", False), data["colours"])


def packaged_names() -> list[str]:
    """Our own themes: the default first, then by name."""
    return sorted(
        (path.stem for path in packaged_folder().glob("*.toml")), key=lambda name: (name != DEFAULT_THEME, name)
    )


def load_user(path: Path) -> Theme:
    """A theme of the operator's; SettingsError names the file, the key and what was expected."""
    # pydantic takes longer to import than our first frame to paint, and most operators have no theme of their own.
    from quarterdeck.tui.theme_file import read

    found = read(path)
    title = clean(found.title or path.stem)
    return Theme(path.stem, title, found.dark, found.terminal, found.colours.model_dump())


def load_all(folder: Path) -> tuple[dict[str, Theme], list[SettingsError]]:
    """Every theme by name, ours and the operator's (which win), and what is wrong with those that are left out."""
    themes = {name: load_packaged(name) for name in packaged_names()}
    errors: list[SettingsError] = []
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
        try:
            themes[path.stem] = load_user(path)
        except SettingsError as error:
            errors.append(error)
    return themes, errors


def load(name: str, folder: Path) -> Theme:
    """One theme by name, the operator's before ours; SettingsError when there is none or it is wrong."""
    own = folder / f"{name}.toml"
    if "/" not in name and own.is_file():
        return load_user(own)
    if name in packaged_names():
        return load_packaged(name)
    raise SettingsError(f"There is no theme {name}.", hint="Press T to choose one that there is.")


class ThemeWatch:
    """Looks at one file, and only while a theme of the operator's own is in use: ours do not change."""

    def __init__(
        self, app: App[int], folder: Path, use: Callable[[Theme], None], tell: Callable[[SettingsError], None]
    ) -> None:
        self._app = app
        self._folder = folder
        self._use = use
        self._tell = tell
        self._timer: Timer | None = None
        self._path: Path | None = None
        self._seen: int | None = None

    def follow(self, name: str) -> None:
        """Watch this theme from now on, and no other."""
        path = self._folder / f"{name}.toml"
        if path == self._path:
            return
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._path, self._seen = path, _changed_at(path)
        if self._seen is not None:
            self._timer = self._app.set_interval(LOOK_SECONDS, self.look)

    def look(self) -> None:
        """Read the file again when it is another than before; a bad one is told, and the last good one stays."""
        if self._path is None or (changed := _changed_at(self._path)) in {None, self._seen}:
            return
        self._seen = changed
        try:
            self._use(load_user(self._path))
        except SettingsError as error:
            self._tell(error)


def _changed_at(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
