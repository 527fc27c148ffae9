"""Repository themes: four colours that make one repository's rows recognisable."""

from __future__ import annotations

from msgspec import Struct


class RepoTheme(Struct, frozen=True):
    """Colours as `#RRGGBB`, upper case."""

    body: str
    outline: str
    accent: str
    shirt: str
    sprite: str | None = None
