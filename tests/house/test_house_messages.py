"""Every error of ours is one clear sentence."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck import errors
from quarterdeck.tmux import one_call
from support.trees import nodes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = Path(errors.__file__).parent
OURS = {
    name
    for module in (errors, one_call)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, errors.QuarterdeckError)
}
GAP = "\x00"
"""Stands for what is filled in."""
NAMES = ("tmux", "git", "gh ", "glab ", "config.toml", "post_create:")
"""Spelled small wherever they stand; so is what begins with a value, a quotation or a key."""


def told() -> Iterator[tuple[str, str, str]]:
    """Where each error of ours is made, its message, and its hint."""
    for path in sorted(APP.rglob("*.py")):
        for node in nodes_of(path):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in OURS and node.args:
                hints = [keyword.value for keyword in node.keywords if keyword.arg == "hint"]
                where = f"{path.relative_to(APP)}:{node.lineno}"
                yield where, words(node.args[0]), words(hints[0]) if hints else ""


def words(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(words(value) for value in values)
        case ast.BinOp(left=left, right=right):
            return words(left) + words(right)
        case _:
            return GAP


def faults(message: str, hint: str) -> Iterator[str]:
    if not (message.startswith((GAP, *NAMES)) or re.match(r"""["'`\[A-Z-]|[a-z_]+\.[a-z_\x00]""", message)):
        yield "begins small"
    if not re.search(r"[.?!:\x00][\"'`]?\s*$", message):
        yield "ends without a full stop"
    if hint and not (hint[:1].isupper() or hint[:1] in "\"'`-[" or hint.startswith((GAP, *NAMES, "quarterdeck "))):
        yield "has a hint that is neither a sentence nor a command"


def test_an_error_is_a_sentence_and_so_is_a_hint_unless_it_is_a_command() -> None:
    found = list(told())

    assert len(found) > 100
    assert [f"{where} {fault}" for where, message, hint in found for fault in faults(message, hint)] == []
