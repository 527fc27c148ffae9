"""Changing one setting in the file: nothing else in it moves, and nothing wrong is ever written."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from quarterdeck.config.edit import change, typed, version_of, with_value
from quarterdeck.config.loader import load
from quarterdeck.errors import Refused, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = """\
# My settings.
[console]
group = "repo"   # by repository

[thoughts]
# A program of mine:
backend = "command"
command = ["llm", "-m", "tiny"]  # small enough
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(WRITTEN)
    return file


def test_one_value_changes_and_comments_stay(file: Path) -> None:
    loaded = change(file, "thoughts.backend", "local", shown=version_of(file), environ={})

    assert loaded.settings.thoughts.backend == "local"
    assert file.read_text() == WRITTEN.replace('backend = "command"', 'backend = "local"')
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("thoughts.enabled", "false", False),
        ("thoughts.concurrency", "4", 4),
        ("thoughts.timeout_seconds", "7.5", 7.5),
        ("thoughts.command", "claude -p 'say it'", ("claude", "-p", "say it")),
        ("notify.permission", "toast, desktop", ("toast", "desktop")),
        ("notify.finished", "", ()),
        ("notify.quiet_hours", "22:00-07:00", "22:00-07:00"),
    ],
)
def test_what_is_typed_becomes_the_kind_of_value_the_key_wants(
    file: Path, key: str, value: str, wanted: object
) -> None:
    loaded = change(file, key, value, shown=version_of(file), environ={})

    section, name = key.split(".")
    assert getattr(getattr(loaded.settings, section), name) == wanted
    assert "# by repository" in file.read_text()


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "config.toml"

    change(file, "thoughts.enabled", "false", shown=version_of(file), environ={})

    assert tomllib.loads(file.read_text()) == {"thoughts": {"enabled": False}}


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("thoughts.concurrency", "many", "expected a whole number"),
        ("thoughts.concurrency", "99", "from 1 to 16"),
        ("thoughts.backend", "oracle", "expected one of"),
        ("thoughts.command", "'open", "a quote is not closed"),
        ("thoughts.cadence_warm_seconds", "5", "cadence_hot_seconds"),
        ("thoughts.nothing", "1", "no setting thoughts.nothing"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_nothing_is_written(
    file: Path, key: str, value: str, why: str
) -> None:
    with pytest.raises(SettingsError) as fault:
        change(file, key, value, shown=version_of(file), environ={})

    assert why in fault.value.message
    assert ".new" not in fault.value.message
    assert file.read_text() == WRITTEN
    assert [each.name for each in file.parent.iterdir()] == ["config.toml"]


def test_a_change_to_a_file_that_changed_meanwhile_is_refused(file: Path) -> None:
    shown = version_of(file)
    file.write_text(WRITTEN + "# another hand\n")

    with pytest.raises(Refused, match="has changed since"):
        change(file, "thoughts.enabled", "false", shown=shown, environ={})

    assert file.read_text().endswith("# another hand\n")


def test_a_value_that_the_environment_sets_is_not_changed_in_vain(file: Path) -> None:
    with pytest.raises(Refused, match="QUARTERDECK_THOUGHTS_ENABLED"):
        change(
            file,
            "thoughts.enabled",
            "false",
            shown=version_of(file),
            environ={"QUARTERDECK_THOUGHTS_ENABLED": "true"},
        )


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(file)

    change(link, "thoughts.enabled", "false", shown=version_of(link), environ={})

    assert link.is_symlink()
    assert load(file, {}).settings.thoughts.enabled is False


def test_text_beside_the_value_is_left_as_it_is() -> None:
    text = "# top\n\n[notify]   # tell me\nerror=[ 'toast' ]\n\n# Keys of mine\n[keys]\n# end"

    changed = with_value(text, ("notify", "together_seconds"), "3")

    assert changed == text.replace("'toast' ]\n", "'toast' ]\ntogether_seconds = 3.0\n")
    assert tomllib.loads(changed)["notify"]["together_seconds"] == 3


def test_only_keys_that_exist_have_a_type() -> None:
    assert typed(("thoughts", "enabled"), "yes") is True
    with pytest.raises(SettingsError, match="no setting"):
        typed(("thoughts", "colour"), "red")


@pytest.mark.parametrize(
    "text",
    [
        "thoughts.enabled = true\n",
        "thoughts = { enabled = true }\n",
        "[thoughts]\nenabled = true\n[keys]\n[thoughts.more]\n",
        "[a]\nx = 1\n[thoughts]\nenabled = true # c\n",
        "",
    ],
)
def test_every_way_of_writing_a_table_takes_a_new_key(text: str) -> None:
    for key, value in (("enabled", "false"), ("concurrency", "3")):
        text = with_value(text, ("thoughts", key), value)

    told = tomllib.loads(text)["thoughts"]
    assert (told["enabled"], told["concurrency"]) == (False, 3)
