"""The look into the wheel sees what is wrong with one."""

from __future__ import annotations

import tomllib
import zipfile
from typing import TYPE_CHECKING

import pytest

from check import wanted_in_wheel, wheel_faults
from support.cli import ROOT

if TYPE_CHECKING:
    from pathlib import Path

INFO = "quarterdeck-0.1.0.dist-info"


@pytest.fixture
def contents() -> dict[str, str]:
    """A wheel in which all is well."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    return dict.fromkeys(wanted_in_wheel(), "") | {
        f"{INFO}/METADATA": "Name: quarterdeck\nRequires-Dist: textual<2,>=1\n",
        f"{INFO}/entry_points.txt": "".join(f"{name} = {where}\n" for name, where in scripts.items()),
        f"{INFO}/licenses/LICENSE": "",
    }


def faults(folder: Path, contents: dict[str, str]) -> list[str]:
    wheel = folder / "quarterdeck-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in contents.items():
            archive.writestr(name, text)
    return wheel_faults(wheel)


def test_a_whole_wheel_has_no_fault(tmp_path: Path, contents: dict[str, str]) -> None:
    assert faults(tmp_path, contents) == []


def test_tests_and_other_strangers_do_not_belong_there(tmp_path: Path, contents: dict[str, str]) -> None:
    assert faults(tmp_path, contents | {"tests/conftest.py": ""}) == ["does not belong there: tests/conftest.py"]


def test_a_missing_file_is_named(tmp_path: Path, contents: dict[str, str]) -> None:
    del contents["quarterdeck/cli/verbs.py"]

    assert faults(tmp_path, contents) == ["missing: quarterdeck/cli/verbs.py"]


def test_commands_licence_and_the_range_of_textual_are_looked_for(tmp_path: Path, contents: dict[str, str]) -> None:
    del contents[f"{INFO}/licenses/LICENSE"]
    contents[f"{INFO}/entry_points.txt"] = "qd = quarterdeck.cli:main\n"
    contents[f"{INFO}/METADATA"] = "Requires-Dist: textual>=1\nRequires-Dist: textual-serve<2\n"

    assert faults(tmp_path, contents) == [
        "no command quarterdeck",
        "missing: the licence",
        "any newer textual will do",
    ]
