"""Rules that the tree alone can show."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

import pytest

from support.cli import ROOT, cli_env
from support.patience import PATIENCE
from support.trees import nodes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PACKAGE = ROOT / "app" / "quarterdeck"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 350
VAGUE = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
SCREEN_LIBRARIES = ("textual", "rich")
KNOWS_THE_SCREEN = {"tui", "runtime", "cli", "__main__"}
"""Rooms that are the screen, or that may open it."""


def dotted(module: Path) -> str:
    parts = module.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def room(module: Path) -> str:
    """The top-level module or package below ours that this belongs to."""
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(module: Path) -> Iterator[str]:
    """What a module imports anywhere in it, also for its types alone; of `from a import b` both `a` and `a.b`."""
    for node in nodes_of(module):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def circle(imports: Mapping[str, set[str]]) -> list[str]:
    """Modules of which each is imported by the next, the last being the first again; empty where there are none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_what_is_imported_comes_with_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["web"]]
    ours = {re.split(r"[^\w-]", each)[0].replace("-", "_") for each in wanted} | {
        "quarterdeck",
        "rich",
        "pydantic_core",
    }
    strangers = {name.split(".")[0] for module in MODULES for name in imported(module)} - ours

    assert strangers <= sys.stdlib_module_names


def test_no_module_is_too_long() -> None:
    lengths = {dotted(module): len(module.read_text(encoding="utf-8").splitlines()) for module in MODULES}

    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [dotted(module) for module in MODULES if VAGUE & set(dotted(module).split("."))] == []


def test_only_the_screen_imports_what_draws_it() -> None:
    strangers = [
        f"{dotted(module)} imports {name}"
        for module in MODULES
        if room(module) != "tui"
        for name in imported(module)
        if name.split(".")[0] in SCREEN_LIBRARIES
    ]

    assert strangers == []


@pytest.mark.process
def test_everything_but_the_screen_loads_without_textual() -> None:
    names = [dotted(module) for module in MODULES if room(module) not in KNOWS_THE_SCREEN]
    code = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]; print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code, *names],
        env=cli_env(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert done.returncode == 0, done.stderr
    assert set(SCREEN_LIBRARIES) & set(done.stdout.split()) == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Counted are imports within functions and those for types alone, too: who reads one of these must read all."""
    ours = {dotted(module) for module in MODULES}

    assert circle({dotted(module): ours & set(imported(module)) - {dotted(module)} for module in MODULES}) == []


def test_a_circle_is_found_wherever_in_a_module_the_import_stands(tmp_path: Path) -> None:
    (tmp_path / "first.py").write_text("def run():\n    from here import second\n")
    (tmp_path / "second.py").write_text("if TYPE_CHECKING:\n    from here.third import Thing\n")
    (tmp_path / "third.py").write_text("import here.first\n")

    imports = {f"here.{file.stem}": set(imported(file)) for file in tmp_path.glob("*.py")}

    assert set(circle(imports)) == set(imports)


def test_the_console_waits_for_its_opening_in_one_place() -> None:
    waiting = [
        dotted(module)
        for module in (PACKAGE / "tui").rglob("*.py")
        for node in nodes_of(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "opened"
    ]

    assert waiting == ["quarterdeck.tui.screen_context"]


def made_at_run_time(module: Path) -> Iterator[str]:
    """Where a module has text run as code, or makes an object one of another class."""
    for node in nodes_of(module):
        match node:
            case ast.Call(func=ast.Name(id="exec" | "eval" | "compile" as name)):
                yield f"{dotted(module)}:{node.lineno} {name}"
            case ast.Attribute(attr="__class__", ctx=ast.Store()):
                yield f"{dotted(module)}:{node.lineno} __class__"


def test_no_code_is_made_from_text_and_no_object_changes_its_class() -> None:
    assert [found for module in MODULES for found in made_at_run_time(module)] == []


def test_packages_say_nothing_in_their_init() -> None:
    """All but the package itself, the command line's `main`, and the ports, whose names plugins import."""
    speaking = {dotted(module) for module in MODULES if module.name == "__init__.py" and module.read_text().strip()}

    assert speaking <= {"quarterdeck", "quarterdeck.cli", "quarterdeck.ports"}


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"#.*\b(TODO|FIXME|XXX)\b")

    assert [dotted(module) for module in MODULES if later.search(module.read_text(encoding="utf-8"))] == []


def test_test_files_have_names_of_their_own() -> None:
    names = [file.name for file in (ROOT / "tests").rglob("test_*.py")]

    assert sorted(names) == sorted(set(names))
