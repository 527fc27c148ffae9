"""README promises what is there."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from quarterdeck import errors
from quarterdeck.cli.verbs import VERBS
from support.cli import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quarterdeck.cli.table import Verb

README = (ROOT / "README.md").read_text(encoding="utf-8")


def rows(verbs: Sequence[Verb], before: str = "") -> Iterator[str]:
    """The table of commands as it must stand in README."""
    for verb in verbs:
        if verb.verbs:
            yield from rows(verb.verbs, f"{before}{verb.name} ")
        else:
            yield f"| `{before}{verb.name}` | {verb.summary} |"


@pytest.mark.parametrize("line", ["pip install . && quarterdeck", "pip install -e '.[test]' && pytest"])
def test_the_set_up_lines_stand_alone_on_their_line(line: str) -> None:
    assert line in README.splitlines()


def test_the_table_of_commands_is_that_of_the_code() -> None:
    table = [line for line in README.splitlines() if re.match(r"\| `[a-z][a-z -]*` \|", line)]

    assert table == list(rows(VERBS)), "README's table should be:\n" + "\n".join(rows(VERBS))


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
