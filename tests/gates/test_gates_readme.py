"""README promises what is there."""

from __future__ import annotations

import re
import tomllib

import pytest

import readme
from quarterdeck import errors
from support.cli import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("line", ["pip install . && quarterdeck", "pip install -e '.[test]' && pytest"])
def test_the_set_up_lines_stand_alone_on_their_line(line: str) -> None:
    assert line in README.splitlines()


def test_the_table_of_commands_is_that_of_the_code() -> None:
    assert "| `doctor` |" in README
    assert readme.written(README) == README, "run: python tests/readme.py"


def test_every_exit_code_is_explained() -> None:
    codes = {0} | {
        kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")
    }

    assert codes == {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}


def test_every_room_of_the_package_stands_in_the_guide() -> None:
    package = ROOT / "app" / "quarterdeck"
    rooms = {f"{path.name}/" for path in package.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    rooms |= {path.name for path in package.glob("[a-z]*.py")}

    assert {room for room in rooms if room not in README} == set()


def test_the_layers_are_those_that_are_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(c for c in project["tool"]["importlinter"]["contracts"] if c["type"] == "layers")["layers"]
    checked = [re.sub(r"[()]", "", layer).strip() for layer in layers]

    shown = re.search(r"```\n(__main__\n.*?)```", README, re.DOTALL)

    assert shown
    assert [re.sub(r"\s+", " ", line).strip() for line in shown[1].splitlines()] == checked
