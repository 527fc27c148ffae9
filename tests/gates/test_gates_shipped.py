"""The settings that hold while nothing is set are those of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import shipped
from quarterdeck.config.shipped import SHIPPED
from quarterdeck.config.unset import settings_now
from quarterdeck.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_written_out_is_what_the_model_says() -> None:
    assert shipped.MODULE.read_text(encoding="utf-8") == shipped.written(), "run: python tests/shipped.py"


def test_the_model_is_asked_as_soon_as_anything_is_set(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"

    plain: object = settings_now(file, {"QUARTERDECK_HOME": "/h", "QUARTERDECK_SESSION": "qd-1"})
    assert plain is SHIPPED
    assert settings_now(file, {"QUARTERDECK_CONSOLE_GROUP": "repo"}).console.group == "repo"
    with pytest.raises(SettingsError, match="QUARTERDECK_CONSOLE_GRUOP"):
        settings_now(file, {"QUARTERDECK_CONSOLE_GRUOP": "repo"})
    file.write_text("[events]\nkeep_days = 9\n")
    assert settings_now(file, {}).events.keep_days == 9
    file.unlink()
    file.mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        settings_now(file, {})
