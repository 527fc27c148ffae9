"""The schema of a theme file, for themes that are not ours."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from quarterdeck.errors import SettingsError
from quarterdeck.foreign_files import read_text

if TYPE_CHECKING:
    from pathlib import Path

_NAMED = "black|red|green|yellow|blue|magenta|cyan|white"
Colour = Annotated[str, Field(pattern=rf"^(#[0-9A-Fa-f]{{6}}|default|(bright_)?({_NAMED}))$")]


class Colours(BaseModel):
    """The colours by role."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    background: Colour
    """The screen."""
    surface: Colour
    """Dialogs and bars."""
    raised: Colour
    """The selected row."""
    line: Colour
    """Borders and rules."""
    text: Colour
    """What is read."""
    muted: Colour
    """What is read second."""
    accent: Colour
    """Keys, marks and what has the focus."""
    asks: Colour
    """A session that asks something of you."""
    works: Colour
    """A session that works."""
    done: Colour
    """A session whose turn is over and whose answer nobody has seen."""
    failed: Colour
    """A session that failed."""


class ThemeFile(BaseModel):
    """One theme."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    """As the theme picker shows it; the file's name when empty."""
    dark: bool = True
    """Whether light text stands on dark ground."""
    terminal: bool = False
    """Whether the colours are the terminal's own, given by name."""
    colours: Colours

    @model_validator(mode="after")
    def _one_kind_of_colour(self) -> ThemeFile:
        for role, colour in self.colours.model_dump().items():
            if colour.startswith("#") is self.terminal:
                wanted = "a colour of the terminal, such as yellow" if self.terminal else "written as #RRGGBB"
                raise ValueError(f"colours.{role} must be {wanted}, because terminal = {str(self.terminal).lower()}")
        return self


def read(path: Path) -> ThemeFile:
    """What a theme's file says; SettingsError says what is wrong with it, and where."""
    try:
        return ThemeFile.model_validate(tomllib.loads(read_text(path)))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        what = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else error
        raise SettingsError(f"Theme {path.name}: {what}", hint=f"Mend {path}; it is read again at once.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        raise SettingsError(
            f"Theme {path.name}: {where + ': ' if where else ''}{what}", hint=f"Mend {path}; it is read again at once."
        ) from error
