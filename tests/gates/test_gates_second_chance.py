"""Unsteady tests get one more chance, and are named."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.cli import ROOT
from support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

SCRIPT = ROOT / "tests" / "second_chance.py"
UNSTEADY = """
def test_unsteady_{number}():
    from pathlib import Path
    seen = Path("seen-{number}")
    is_first = not seen.exists()
    seen.touch()
    assert not is_first
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    return tmp_path


def run(project: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    environ = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, *argv], cwd=project, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def second_chance(project: Path, tests: str, *options: str) -> tuple[int, list[str]]:
    (project / "test_it.py").write_text(tests)
    assert run(project, "-m", "pytest", "-q", *options).returncode == 1
    done = run(project, str(SCRIPT))
    return done.returncode, [line for line in done.stdout.splitlines() if line.startswith("UNSTEADY")]


def test_what_is_green_the_second_time_counts_and_is_named(project: Path) -> None:
    assert second_chance(project, UNSTEADY.format(number=1) + "def test_steady():\n    pass\n") == (
        0,
        ["UNSTEADY test_it.py::test_unsteady_1"],
    )


def test_a_test_under_which_its_worker_died_has_its_second_chance(project: Path) -> None:
    dies = UNSTEADY.format(number=1).replace("assert not is_first", "is_first and __import__('os')._exit(3)")

    assert second_chance(project, dies, "-n1") == (0, ["UNSTEADY test_it.py::test_unsteady_1"])


def test_what_is_red_twice_is_red(project: Path) -> None:
    assert second_chance(project, UNSTEADY.format(number=1) + "def test_red():\n    assert False\n") == (1, [])


def test_more_than_three_at_once_are_red(project: Path) -> None:
    tests = "".join(UNSTEADY.format(number=number) for number in range(4))

    assert second_chance(project, tests) == (1, [])


def test_without_a_red_test_something_else_has_failed(project: Path) -> None:
    done = run(project, str(SCRIPT))

    assert (done.returncode, "something else" in done.stdout) == (1, True)
