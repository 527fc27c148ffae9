"""The variables of the environment that are settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.config.shipped import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECTIONS = tuple(f"QUARTERDECK_{name.upper()}_" for name in vars(SHIPPED))


def setting_variables(environ: Mapping[str, str]) -> list[str]:
    """The variables that are named as settings are; those of other names are for other purposes."""
    return sorted(name for name in environ if name.startswith(_SECTIONS))
