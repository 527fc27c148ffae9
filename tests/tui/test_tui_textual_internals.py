"""What we use of Textual that it keeps to itself is there, is called by it, and is used in one module alone."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual._compositor import ChopsUpdate, Compositor
from textual.app import App
from textual.dom import DOMNode
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from quarterdeck.tui import textual_internals
from support.cli import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APP = ROOT / "app"
OTHERS = [file for file in (APP / "quarterdeck" / "tui").rglob("*.py") if str(file) != textual_internals.__file__]
NEEDS_AN_EXTRA = {"pages"}
HELD: list[tuple[type, str]] = [
    (App, "_driver"),
    (App, "_exception"),
    (Screen, "_compositor"),
    (DOMNode, "_bindings"),
    (LinuxDriver, "_file"),
]
"""What Textual keeps in an object of the class."""
CALLED: list[tuple[type, str, list[str], list[Callable[..., object]]]] = [
    (App, "_fatal_error", [], [App._handle_exception]),
    (Screen, "_compositor_refresh", [], [Screen._on_timer_update, Screen._refresh_layout]),
    (Screen, "_on_timer_update", [], [inspect.getattr_static(Screen, "_update_timer").fget]),
    (Compositor, "_render_chops", ["crop", "is_rendered_line"], [Compositor.render_partial_update]),
    (Compositor, "render_partial_update", [], [Compositor.render_update]),
    (ChopsUpdate, "render_segments", ["console"], [App._display]),
]
"""What we override: its parameters, and who in Textual calls it."""


def tree_of(thing: type | Callable[..., object]) -> ast.Module:
    return ast.parse(textwrap.dedent(inspect.getsource(thing)))


def attributes(tree: ast.AST) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def own_names(tree: ast.AST) -> set[str]:
    """What is defined, or kept in an object, with one underscore before its name."""
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    kept = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
    }
    return {name for name in defined | kept if name.startswith("_") and not name.startswith("__")}


@cache
def classes(file: str) -> list[ast.ClassDef]:
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


@cache
def names_of_textual(base: type) -> set[str]:
    if base.__module__.partition(".")[0] not in {"textual", "rich"}:
        return set()
    return set(vars(base)).union(
        *(own_names(node) for node in classes(inspect.getfile(base)) if node.name == base.__name__)
    )


def reached_into(file: Path) -> Iterator[str]:
    """What a module has of Textual's own."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("textual._", "rich._")):
            yield f"imports {node.module}"
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            of = ast.unparse(node.value)
            if of not in {"self", "cls", "super()"}:
                yield f"{of}.{node.attr}"
    if file.stem in NEEDS_AN_EXTRA:
        return
    module = importlib.import_module(".".join(file.relative_to(APP).with_suffix("").parts))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            bases = getattr(module, node.name).__mro__
            yield from (f"{node.name}.{name}" for name in own_names(node) & set().union(*map(names_of_textual, bases)))


@pytest.mark.parametrize(("owner", "name"), HELD, ids=[f"{owner.__name__}.{name}" for owner, name in HELD])
def test_textual_keeps_what_we_look_for(owner: type, name: str) -> None:
    assert name in attributes(tree_of(owner.__init__))  # type: ignore[misc]  # of the class that is named


@pytest.mark.parametrize(
    ("owner", "name", "parameters", "callers"), CALLED, ids=[f"{owner.__name__}.{name}" for owner, name, *_ in CALLED]
)
def test_textual_calls_what_we_override(
    owner: type, name: str, parameters: list[str], callers: list[Callable[..., object]]
) -> None:
    assert list(inspect.signature(vars(owner)[name]).parameters) == ["self", *parameters]
    for caller in callers:
        assert name in attributes(tree_of(caller)), caller


def test_a_page_is_told_of_the_end_of_its_program() -> None:
    service = pytest.importorskip("textual_serve.app_service").AppService

    assert "_task" in attributes(tree_of(service.__init__))
    assert "_task" in attributes(tree_of(service.start))


def test_no_other_module_reaches_into_textual() -> None:
    assert {file.name: found for file in OTHERS if (found := list(reached_into(file)))} == {}


def test_every_name_that_is_used_is_told_of_and_looked_for() -> None:
    tree = ast.parse(inspect.getsource(textual_internals))
    used = {name for name in attributes(tree) | own_names(tree) if name.startswith("_") and not name.startswith("__")}
    ours = {"_is_updating", "_is_owed", "_updated_at", "_runs"}

    looked_for = {name for _, name in HELD} | {name for _, name, *_ in CALLED} | {"_task"}

    assert used - ours == {name for name in looked_for if name.startswith("_")}
    for name in looked_for:
        assert f"{name}`" in (textual_internals.__doc__ or "")
