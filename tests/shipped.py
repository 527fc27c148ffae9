#!/usr/bin/env python3
"""The settings that hold while nothing is set, written out: `python tests/shipped.py` does it, a test compares them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "app"))

from pydantic import BaseModel, SecretStr  # noqa: E402 - a bare checkout has no installed package

from quarterdeck.config.settings import Settings  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULE = ROOT / "app" / "quarterdeck" / "config" / "shipped.py"
WIDTH = 120
HEAD = '''"""The settings that hold while nothing is set: `python tests/shipped.py` makes them from the model.

The model takes longer to import than most verbs take to run. Nothing else is decided here.
"""

from __future__ import annotations

from types import SimpleNamespace

'''


def written() -> str:
    """The whole module."""
    return HEAD + "".join(f"{line}\n" for line in lines("SHIPPED = ", Settings(), ""))


def lines(before: str, value: object, after: str, indent: str = "") -> Iterator[str]:
    """A value as code; a section that is too long for one line has a line for each of its keys."""
    whole = f"{indent}{before}{plain(value)}{after}"
    if not isinstance(value, BaseModel) or len(whole) <= WIDTH:
        yield whole
        return
    yield f"{indent}{before}SimpleNamespace("
    for name in type(value).model_fields:
        yield from lines(f"{name}=", getattr(value, name), ",", f"{indent}    ")
    yield f"{indent}){after}"


def plain(value: object) -> str:
    """A value in one line, as ruff would write it."""
    if isinstance(value, BaseModel):
        return f"SimpleNamespace({', '.join(f'{name}={plain(below)}' for name, below in value)})"
    if isinstance(value, SecretStr):
        assert value == SecretStr("")
        # Called with nothing, `str` answers no text.
        return "SimpleNamespace(get_secret_value=str)"
    if isinstance(value, tuple):
        return f"({', '.join(map(plain, value))}{',' if len(value) == 1 else ''})"
    return f'"{value}"' if isinstance(value, str) else repr(value)


if __name__ == "__main__":
    MODULE.write_text(written(), encoding="utf-8")
