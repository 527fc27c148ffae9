"""Files that somebody else may have put there are opened in one place, which waits for none of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from support.cli import ROOT
from support.trees import nodes_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = ROOT / "app" / "quarterdeck"
BY_ATTRIBUTE = {"open", "fdopen", "read_text", "read_bytes", "copyfile", "copy2", "copy"}
"""Of whatever: a path, `os`, `io`, `shutil`."""
BY_NAME = {"tomllib.load", "json.load", "sqlite3.connect"}
OURS_ALONE = "what it opens it has just made itself, under a name of its own"
THE_SYSTEMS = "the system's own file, which is always there and never waits"
MEMORY = "a database in memory"
NO_FILE = "opens no file"
ALLOWED = {
    "foreign_files: os.open": "the one place",
    "foreign_files: open": "what the shell made of `<(command)`, which the operator wants to be waited for",
    "agents.agent_files: read_text": THE_SYSTEMS,
    "agents.opencode_server: open": THE_SYSTEMS,
    "agents.opencode_transcript: sqlite3.connect": "after `require_database`",
    "cli.config: os.fdopen": OURS_ALONE,
    "cli.attach_back: open": NO_FILE,
    "cli.__init__: os.open": THE_SYSTEMS,
    "cli.__init__: os.fdopen": THE_SYSTEMS,
    "cli.run_call: os.open": THE_SYSTEMS,
    "forge.kept_work: shutil.copyfile": "refuses pipes itself, and git has read that index just before",
    "operations.start_agent: os.open": OURS_ALONE,
    "operations.start_agent: os.fdopen": OURS_ALONE,
    "paths: os.fdopen": OURS_ALONE,
    "plugins.loading: read_bytes": "what Python itself would import from",
    "process: read_bytes": THE_SYSTEMS,
    "process: read_text": THE_SYSTEMS,
    "programs: read_text": THE_SYSTEMS,
    "sockets: open": THE_SYSTEMS,
    "operations.agent_hooks: os.open": OURS_ALONE,
    "operations.agent_hooks: os.fdopen": OURS_ALONE,
    "store.activity_log: sqlite3.connect": MEMORY,
    "store.glances: sqlite3.connect": "after `require_database`",
    "store.open_database: os.open": OURS_ALONE,
    "store.open_database: sqlite3.connect": "after `require_database`, in memory, or just made",
    "store.salvage: open": OURS_ALONE,
    "store.salvage: shutil.copyfile": "refuses pipes itself",
    "store.salvage: sqlite3.connect": OURS_ALONE,
    "supervisor.agent_facts: open": THE_SYSTEMS,
    "supervisor.processes: os.open": THE_SYSTEMS,
    "supervisor.processes: read_text": THE_SYSTEMS,
    "supervisor.terminals: os.open": THE_SYSTEMS,
    "supervisor.repo_themes: os.open": "a folder, and a new file in it",
    "supervisor.repo_themes: os.fdopen": OURS_ALONE,
    "tmux.control: open": NO_FILE,
    "tmux.kernel_watch: os.open": THE_SYSTEMS,
    "tui.theme: read_text": "a theme that came with us",
}
"""Module and what it calls → why that may be."""


def openings(module: Path) -> Iterator[str]:
    """What in a module opens, or may open, a file; a mention counts as a call, since threads are given functions."""
    name = ".".join(module.relative_to(PACKAGE).with_suffix("").parts)
    bounded = {each.name for each in nodes_of(module) if isinstance(each, ast.FunctionDef)}
    for node in nodes_of(module):
        if isinstance(node, ast.ImportFrom) and node.module == "quarterdeck.foreign_files":
            bounded |= {each.name for each in node.names}
    for node in nodes_of(module):
        if isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            full = f"{owner}.{node.attr}"
            if full in BY_NAME or (node.attr in BY_ATTRIBUTE and owner in {"os", "io", "shutil"}):
                yield f"{name}: {full}"
            elif node.attr in BY_ATTRIBUTE - {"copy"} and owner != "webbrowser":
                yield f"{name}: {node.attr}"
        elif isinstance(node, ast.Name) and node.id in {"open", "read_text", "read_bytes"} - bounded:
            yield f"{name}: {node.id}"
        elif isinstance(node, ast.ImportFrom) and f"{node.module}" in {"os", "io", "shutil", "sqlite3", "tomllib"}:
            names = {f"{node.module}.{each.name}" for each in node.names}
            yield from (
                f"{name}: from {each}" for each in names if each.split(".")[1] in BY_ATTRIBUTE | {"connect", "load"}
            )


def test_files_are_opened_only_where_nobody_waits_for_them() -> None:
    found = {opening for module in PACKAGE.rglob("*.py") for opening in openings(module)}

    assert sorted(found - ALLOWED.keys()) == [], "read it with quarterdeck.foreign_files, or say here why not"


def test_every_exception_is_still_needed() -> None:
    found = {opening for module in PACKAGE.rglob("*.py") for opening in openings(module)}

    assert sorted(ALLOWED.keys() - found) == []
