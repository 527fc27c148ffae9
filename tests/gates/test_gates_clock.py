"""The calendar is read in one place, so that a test can set it and no day turns the tests red."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from support.cli import ROOT
from support.trees import nodes_of

if TYPE_CHECKING:
    from pathlib import Path

CALENDARS = {
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("time", "gmtime"),
    ("time", "ctime"),
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
}
READS_IT = {
    "tests/other_days.py": "how far it has to move the clock of the tests",
    "app/quarterdeck/ports/clock.py": "the one place",
    "tests/support/scripted_agent.py": "a program of its own, as an agent is",
}


def calendar_reads(file: Path) -> list[int]:
    """The lines of a file that read the wall clock."""
    words = set(re.findall(r"\w+", file.read_text(encoding="utf-8")))
    if not any(words.issuperset(names) for names in CALENDARS):
        return []  # what is not even a word of the text need not be looked for in its tree
    named = {
        (node.module, name.name)
        for node in nodes_of(file)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for name in node.names
    }
    found = [
        node.lineno
        for node in nodes_of(file)
        if isinstance(node, ast.Attribute)
        and (node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", ""), node.attr)
        in CALENDARS
    ]
    return found + [0 for _ in named & CALENDARS]


def test_the_calendar_is_read_in_one_place() -> None:
    files = [*(ROOT / "app").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]

    reading = {str(file.relative_to(ROOT)): lines for file in files if (lines := calendar_reads(file))}

    assert {name: lines for name, lines in reading.items() if name not in READS_IT} == {}
    assert set(READS_IT) <= set(reading), "a name too many"
