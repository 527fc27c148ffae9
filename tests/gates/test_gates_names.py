"""One name for one thing, no name for two things, and only words that a stranger knows."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from typing import TYPE_CHECKING

from support.cli import ROOT
from support.trees import body_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = ROOT / "app" / "quarterdeck"
MODULES = sorted(PACKAGE.rglob("*.py"))
LANGUAGE_OF_OUR_OWN = re.compile(
    r"belfry|crew|deck|deed|keeper|postman|pulse|sight|sky|vain|wish|wishes|witness|yard|bells?|diary|voice|mind"
)
"""Words for things that have plain names."""
MAY_STAY = {
    "bell": "what a terminal rings",
    "quarterdeck": "the product",
}
ONE_THING = {
    "answer": "the operation, and the dialog that asks for it",
    "cleanup": "the operation, and the dialog that reviews it",
    "config": "the settings, and the verb that shows them",
    "doctor": "the operation, and its verb",
    "forge": "the port, and the room of its adapters",
    "hooks": "what makes agents report: their side of it, and the verb",
    "message": "a message for a session, and the dialog that writes it",
    "mux": "the port, and its adapter",
    "new": "the operation, and the dialog that asks for it",
    "preview": "the operation, and the widget that shows it",
    "projects": "their settings, and what operations make of them",
    "settings": "the model, and the dialog that shows it",
    "spawn": "the operation, and the dialog that asks for it",
    "store": "the port, and the room of its adapter",
    "supervisor": "the one writer, and its room",
    "thoughts": "the room",
    "transfer": "the verbs, and what the store does for them",
    "work": "the record of spawned work: its value, its port, its adapter",
}
"""Modules that may share a name, for they are one thing in two rooms."""

ONE_KIND = {
    "AGENT": "an agent that its module is about",
    "FOOT_LINES": "lines of an agent's screen under its prompt",
    "INTERRUPTED": "the exit code; `cli/__init__` may import nothing for it",
    "LAYOUT": "how an agent's screen is laid out",
    "SPEC": "what an agent can do",
    "TYPE_CHECKING": "as `typing` says it, which some modules have no time to import",
}
"""Constants that are the same kind of thing in several modules."""


def words_of(name: str) -> list[str]:
    """The words that a name is made of: `FleetTable`, `fleet_table` and `FLEET_TABLE` are two each."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower().split("_")


def is_private(name: str) -> bool:
    """Whether one of its words is known here alone."""
    return any(LANGUAGE_OF_OUR_OWN.fullmatch(word) and word not in MAY_STAY for word in words_of(name))


def names_in(module: Path) -> Iterator[str]:
    """Every name that stands in a module's code, its own among them, if one of them may be a word of our own."""
    yield module.stem
    text = module.read_text(encoding="utf-8")
    # A name is a word of the text, and those are found much sooner.
    if not any(map(is_private, set(re.findall(r"\w+", text)))):
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            yield token.string


def test_no_name_is_a_word_of_our_own() -> None:
    private = {
        f"{module.relative_to(PACKAGE)}: {name}" for module in MODULES for name in names_in(module) if is_private(name)
    }

    assert private == set()


def test_no_class_has_the_name_of_another() -> None:
    places = defaultdict(list)
    for module in MODULES:
        for node in body_of(module):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(module.relative_to(PACKAGE)))

    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_modules_share_a_name_only_where_they_are_one_thing() -> None:
    places = defaultdict(list)
    for module in MODULES:
        own = module.parent if module.stem == "__init__" else module
        places[own.stem].append(str(own.relative_to(PACKAGE)))
    shared = {name: where for name, where in places.items() if len(where) > 1}

    assert {name: where for name, where in shared.items() if name not in ONE_THING} == {}
    assert set(ONE_THING) <= set(shared), "a name too many"


def constants_of(module: Path) -> Iterator[str]:
    """The public constants that a module makes, not those it imports; a type variable is none."""
    for node in body_of(module):
        if isinstance(node, ast.Assign | ast.AnnAssign) and not ast.unparse(node.value or node).startswith("TypeVar("):
            for target in node.targets if isinstance(node, ast.Assign) else (node.target,):
                yield from (
                    name.id
                    for name in ast.walk(target)
                    if isinstance(name, ast.Name) and name.id.isupper() and not name.id.startswith("_")
                )


def test_no_constant_has_the_name_of_another() -> None:
    places = defaultdict(list)
    for module in MODULES:
        for name in constants_of(module):
            places[name].append(str(module.relative_to(PACKAGE)))
    shared = {name: where for name, where in places.items() if len(where) > 1}

    assert {name: where for name, where in shared.items() if name not in ONE_KIND} == {}
    assert set(ONE_KIND) <= set(shared), "a name too many"
