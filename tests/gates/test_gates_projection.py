"""A session is made of another one in one place, and the fleet is changed in one place."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, TypeGuard

from quarterdeck.core.session_fields import FIELDS
from support.cli import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = ROOT / "app" / "quarterdeck"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAKES_SESSIONS = {"core.projection", "core.session_ends", "core.detached_row"}
REPORT, REQUEST, RECORD, THOUGHT = "what an agent reported", "what is asked for", "a work record", "a thought"
SUBAGENT = "a subagent"
ALLOWED = {
    "core.redact: asks state_evidence subagents thought title work": "leaves the process, and nothing of it comes back",
    "agents.agent_readers: **": "the patterns of a layout",
    "agents.claude_reports: background_tasks": REPORT,
    "agents.claude_reports: background_tasks subagents": REPORT,
    "agents.claude_subagents: pane_id state": SUBAGENT,
    "agents.codex_service: needs": "a reading",
    "agents.json_lines: subagents": "a transcript",
    "agents.claude_reports: tool": REPORT,
    "agents.gemini_reports: tool": REPORT,
    "agents.opencode_plugin: cwd model session_id": REPORT,
    "agents.opencode_plugin: state": SUBAGENT,
    "agents.opencode_transcript: subagents": "a transcript",
    "agents.report_claims: subagents": REPORT,
    "agents.subagent_book: thought": SUBAGENT,
    "agents.subagent_files: state": SUBAGENT,
    "agents.opencode_plugin: tool": REPORT,
    "agents.report_claims: background_tasks subagents": REPORT,
    "agents.report_claims: tool": REPORT,
    "cli.events_watch: session_id": REQUEST,
    "core.fleet: incarnation": "the fleet",
    "core.reading: state": "a reading",
    "core.reading_ladder: needs": "a reading",
    "core.subagent: state thought": SUBAGENT,
    "core.thought: action_cues thought": THOUGHT,
    "core.thought: objective_changed_at": THOUGHT,
    "core.thought: objective_fingerprint": THOUGHT,
    "core.thought: thought thought_source": THOUGHT,
    "operations.conversations: session_id": REQUEST,
    "operations.new: session_id": REQUEST,
    "operations.restore: session_id": REQUEST,
    "operations.restore: tmux_server": RECORD,
    "store.kept_rows: **": "what was kept, with its times in UTC",
    "store.work: session_id tmux_name": RECORD,
    "tui.screens.new: title": "a line of a list",
}
"""Calls of `replace` with names that are a session's fields, too, by what it is that they make anew."""


def dotted(module: Path) -> str:
    return ".".join(module.relative_to(PACKAGE).with_suffix("").parts)


def sources() -> Iterator[tuple[str, str]]:
    for module in MODULES:
        yield dotted(module), module.read_text(encoding="utf-8")


def is_replace(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and "replace" in {getattr(node.func, "id", ""), getattr(node.func, "attr", "")}


def rewrites(source: str) -> set[str]:
    """The names, in one text, that each call sets which may make a session of another one."""
    known = {field.name for field in FIELDS}
    nodes = ast.walk(ast.parse(source)) if "replace(" in source else ()
    found = [[word.arg or "**" for word in node.keywords] for node in nodes if is_replace(node)]
    return {" ".join(sorted(names)) for names in found if names and set(names) <= known | {"**"}}


def test_only_the_projection_makes_a_session_of_another_one() -> None:
    found = {
        f"{name}: {names}" for name, source in sources() if name not in MAKES_SESSIONS for names in rewrites(source)
    }

    assert found == ALLOWED.keys()


def test_a_session_that_is_made_of_another_one_is_found() -> None:
    assert rewrites("after = replace(row, state=SessionState.BUSY, needs=None)") == {"needs state"}
    assert rewrites("after = dataclasses.replace(row, **fields)") == {"**"}
    assert rewrites("text = text.replace(old, new)\nfleet = replace(fleet, sessions={})") == set()


def test_the_supervisor_alone_changes_the_fleet() -> None:
    folds = [name for name, source in sources() if re.search(r"core\.fleet import .*\bapply\b", source)]
    reaches_in = [name for name, source in sources() if re.search(r"supervisor\._[a-z]", source)]

    assert folds == ["supervisor.supervisor"]
    assert reaches_in == []
