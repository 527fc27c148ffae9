#!/usr/bin/env python3
"""The parts of README that are made from the code: `python tests/readme.py` writes them, a test compares them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "app"))

from quarterdeck.cli.verbs import VERBS  # noqa: E402 - a bare checkout has no installed package

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quarterdeck.cli.table import Verb

README = ROOT / "README.md"
COMMANDS = re.compile(r"(?<=\| command \| does \|\n\|---\|---\|\n)(\|.*\n)*")


def written(text: str) -> str:
    """README's text with the made parts as they must be."""
    return COMMANDS.sub("".join(f"{row}\n" for row in rows(VERBS)), text, count=1)


def rows(verbs: Sequence[Verb], before: str = "") -> Iterator[str]:
    """The table of commands, a row for each verb that runs something."""
    for verb in verbs:
        if verb.verbs:
            yield from rows(verb.verbs, f"{before}{verb.name} ")
        elif not verb.hidden:
            yield f"| `{before}{verb.name}` | {verb.summary} |"


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
