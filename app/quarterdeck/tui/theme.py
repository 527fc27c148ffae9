"""Themes: read from TOML, given to Textual, and turned into the styles that the line widgets paint with."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.style import Style
from textual.theme import Theme as TextualTheme

from quarterdeck.core.text import clean
from quarterdeck.errors import SettingsError
from quarterdeck.tui.contrast import nearest_named, nearest_of_256, readable

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLES: Final = (
    "background", "surface", "raised", "line", "text", "muted", "accent", "asks", "works", "done", "failed",
)  # fmt: skip
GROUNDS: Final = ("background", "surface", "raised")
"""What text stands on: the screen, dialogs and bars, the selected row."""
_ATTRIBUTES: Final = frozenset({"bold", "dim", "italic", "underline", "reverse"})
DEFAULT: Final = "dark"
TERMINAL: Final = "terminal"


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
        attributes = {part: True for part in parts if part in _ATTRIBUTES}
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
        return Style(
            color=self.colours.get(colour, colour),
            bgcolor=self.colours[ground],
            bold=attributes.get("bold"),
            dim=attributes.get("dim"),
            italic=attributes.get("italic"),
            underline=attributes.get("underline"),
            reverse=attributes.get("reverse"),
        )

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
    return sorted((path.stem for path in packaged_folder().glob("*.toml")), key=lambda name: (name != DEFAULT, name))


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
    raise SettingsError(f"There is no theme {name}.", hint="T shows those there are.")
