"""The settings for who only goes by them: without the model where nothing is set, which saves 150 ms."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from quarterdeck.config.shipped import SHIPPED
from quarterdeck.config.variables import setting_variables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from quarterdeck.config.settings import Settings


def settings_now(file: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the file and the environment; raises SettingsError that lists everything that is wrong.

    Where neither sets anything the answer has the model's values, but is no model: only its keys can be read.
    """
    # What else may be wrong with the file is said by who reads it.
    with suppress(OSError):
        try:
            file.stat()
        except FileNotFoundError:
            if not setting_variables(environ):
                return cast("Settings", SHIPPED)
    from quarterdeck.config.loader import load

    return load(file, environ).settings
