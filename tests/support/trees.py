"""The code of files as trees, parsed once for all rules that look at them."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@cache
def nodes_of(file: Path) -> tuple[ast.AST, ...]:
    """Every node of a file's code, as `ast.walk` gives them: the module is the first."""
    return tuple(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


def body_of(file: Path) -> list[ast.stmt]:
    """The statements of a file that stand in no other."""
    module = nodes_of(file)[0]
    assert isinstance(module, ast.Module)
    return module.body
