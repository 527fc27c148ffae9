"""What an agent takes to add, done in a copy of the tree: a module, its rules, and one line of a table."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from quarterdeck.plugins.loading import load_all
from support.cli import cli_env
from support.patience import PATIENCE
from support.trees import nodes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quarterdeck.ports.agent import Agent

ROOT = Path(__file__).parents[2]
AGENT = '''"""Walker."""

from __future__ import annotations

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.ports.agent_spec import AgentSpec

AGENT = CodingAgent(spec=AgentSpec(key="walker", name="Walker 3", commands=("walker",), resume=("walker", "{id}")))
'''
RULES = """agent = "walker"
date = 2026-11-30
versions = ["3.1.0"]

[[screen]]
id = "walker.asks"
means = "permission"
region = "last"
pattern = "^May I[?]$"
"""
READ = """
from datetime import datetime, UTC
from quarterdeck.plugins.loading import load
from quarterdeck.ports.agent import ScreenLook

print(load("walker").read_screen(ScreenLook(text="May I?", at=datetime.now(UTC))).needs)
"""


class Copy:
    """A copy of the tree that may be changed."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        folder.mkdir()
        for name in ("app", "themes"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "tests").mkdir()
        for name in ("README.md", "tests/readme.py"):
            shutil.copy(ROOT / name, folder / name)
        self._before = dict(self._files())

    def change(self, path: str, before: str, after: str) -> None:
        """Put something in the place of a piece of a file that is there once."""
        file = self.root / "app" / "quarterdeck" / path
        text = file.read_text(encoding="utf-8")
        assert text.count(before) == 1
        file.write_text(text.replace(before, after), encoding="utf-8")

    def run(self, *argv: str, code: int = 0, env: Mapping[str, str] | None = None) -> str:
        """What Python prints on both streams when it runs this in the copy."""
        done = subprocess.run(
            [sys.executable, "-B", *argv],
            env=cli_env({"PYTHONPATH": str(self.root / "app"), **(env or {})}),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def changed(self) -> set[str]:
        """The files that are others than at the beginning."""
        return {str(path.relative_to(self.root)) for path, text in self._files() if self._before.get(path) != text}

    def _files(self) -> Iterable[tuple[Path, bytes]]:
        return ((path, path.read_bytes()) for path in self.root.rglob("*") if path.is_file())


@pytest.fixture
def tree(tmp_path: Path) -> Copy:
    """The copy."""
    return Copy(tmp_path / "tree")


@pytest.mark.process
def test_an_agent_is_a_module_its_rules_and_one_line(tree: Copy, private_home: Path) -> None:
    (tree.root / "app/quarterdeck/agents/walker.py").write_text(AGENT)
    (tree.root / "app/quarterdeck/agents/rules/walker.toml").write_text(RULES)
    aider = '    "aider": "quarterdeck.agents.aider:AGENT",\n'
    tree.change("plugins/loading.py", aider, f'{aider}    "walker": "quarterdeck.agents.walker:AGENT",\n')
    tree.run(str(tree.root / "tests/readme.py"))
    programs = private_home / "bin"
    programs.mkdir(parents=True)
    (programs / "walker").symlink_to("/bin/cat")

    assert tree.changed() == {
        "app/quarterdeck/agents/walker.py",
        "app/quarterdeck/agents/rules/walker.toml",
        "app/quarterdeck/plugins/loading.py",
        "README.md",
    }
    assert "| Walker 3 | `walker` | screen | yes |" in (tree.root / "README.md").read_text()
    assert tree.run("-m", "quarterdeck", "names", "agent", "wal") == "walker\tagent\n"
    assert tree.run("-c", READ) == "permission\n"
    found = tree.run("-m", "quarterdeck", "doctor", "--json", code=1, env={"PATH": str(programs)})
    assert "agent walker" in {each["name"] for each in json.loads(found)}


MAY_NAME_AGENTS = {"plugins/loading.py", "config/projects.py", "config/shipped.py", "agents/others.py"}
"""The table of agents, and the setting that says which one is the usual one."""


def test_no_code_but_its_own_knows_an_agent_by_its_name() -> None:
    agents = [cast("Agent", each).spec for each in load_all()[0].values()]
    names = {word for spec in agents for word in (spec.key, spec.name, *spec.commands)}
    app = ROOT / "app" / "quarterdeck"
    own = {file for spec in agents for file in (app / "agents").glob(f"{spec.key}*.py")}
    own |= {app / file for file in MAY_NAME_AGENTS}

    named = {
        (str(file.relative_to(app)), node.value)
        for file in set(app.rglob("*.py")) - own
        for node in nodes_of(file)
        if isinstance(node, ast.Constant) and node.value in names
    }

    assert named == set()
