"""Codex's rollout: where it lies, and what its rows mean."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from quarterdeck.agents.agent_files import agent_folder
from quarterdeck.agents.claude_reports import QUESTION_TOOLS
from quarterdeck.agents.codex_subagents import rollout_of, take_item, take_notification, take_output
from quarterdeck.agents.json_lines import JsonLinesTranscript, first_rows
from quarterdeck.agents.ledger import Ledger, Phase
from quarterdeck.agents.subagent_files import SubagentFiles
from quarterdeck.core.foreign_json import EMPTY, number_at, object_at, objects_at, parse_object, text_at, time_at

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from quarterdeck.core.foreign_json import Json
    from quarterdeck.ports.agent_process import AgentHome

DAYS_LOOKED_AT = 14
USED_UP_PERCENT = 100
LATEST_SECONDS = 1e11
"""What is later is no time."""
_CALLS = frozenset({"function_call", "custom_tool_call", "local_shell_call"})
_RESULTS = frozenset({"function_call_output", "custom_tool_call_output", "local_shell_call_output"})
_FAILED = re.compile(r"(?:exited with code|exit code:?) (?!0\b)\d|aborted by user|\"success\": ?false", re.IGNORECASE)


def config_folder(home: AgentHome | None) -> Path:
    """Where Codex keeps its files."""
    return agent_folder("CODEX_HOME", home, ".codex")


def _find(home: AgentHome | None, cwd: str, session_id: str) -> Iterable[Path]:
    """The newest days' files, by name: names start with their time."""
    root = config_folder(home) / "sessions"
    if session_id:
        found: Iterable[Path] = sorted(root.glob(f"*/*/*/rollout-*{session_id}.jsonl"), reverse=True)
    else:
        days = sorted(root.glob("[0-9]*/[0-9]*/[0-9]*"), reverse=True)[:DAYS_LOOKED_AT]
        found = (each for day in days for each in sorted(day.glob("rollout-*.jsonl"), reverse=True))
    return (each for each in found if _is_of(each, cwd, session_id))


def _is_of(path: Path, cwd: str, session_id: str) -> bool:
    meta = first_row(path)
    if session_id:
        return text_at(meta, "id") == session_id
    return text_at(meta, "cwd") == cwd and is_front(meta)


def first_row(path: Path) -> Json:
    """What a rollout says of its conversation at its beginning."""
    rows = first_rows(path, 1)
    return object_at(rows[0], "payload") if rows and rows[0].get("type") == "session_meta" else EMPTY


def is_front(meta: Json) -> bool:
    """Whether it is an operator's: the source of subagents and title finders is an object and no front end's name."""
    return isinstance(meta.get("source", ""), str)


def _take(ledger: Ledger, row: Json) -> None:
    """Enter one row of the rollout into the ledger."""
    at = time_at(row, "timestamp")
    ledger.updated_at = at or ledger.updated_at
    payload = object_at(row, "payload")
    match row.get("type"):
        case "session_meta":
            ledger.session_id = ledger.session_id or text_at(payload, "id")
        case "turn_context":
            ledger.model = text_at(payload, "model") or ledger.model
        case "response_item":
            _item(ledger, payload, at)
        case "event_msg":
            _event(ledger, payload, at)


def _item(ledger: Ledger, payload: Json, at: datetime | None) -> None:
    kind, call_id = text_at(payload, "type"), text_at(payload, "call_id") or text_at(payload, "id")
    if kind == "message":
        text = "\n".join(text_at(block, "text") for block in objects_at(payload, "content")).strip()
        if payload.get("role") == "assistant":
            ledger.said(text)
        elif payload.get("role") == "user" and take_notification(ledger.subagents, text):
            return
        elif payload.get("role") == "user" and text and not text.startswith("<"):
            ledger.prompt(text, at)
    elif kind == "reasoning":
        ledger.thought()
    elif kind in _CALLS:
        tool = text_at(payload, "name") or "shell"
        told = payload.get("arguments", payload.get("input", payload.get("action")))
        arguments = parse_object(told) if isinstance(told, str) else object_at({"told": told}, "told")
        if arguments is None:
            arguments = {"command": told}
        ledger.called(call_id, tool, arguments, at, asks=tool in QUESTION_TOOLS)
    elif kind in _RESULTS:
        output = payload.get("output")
        take_output(ledger.subagents, call_id, output, at)
        ledger.answered(call_id, at, ok=not _FAILED.search(output) if isinstance(output, str) else None)


def _event(ledger: Ledger, payload: Json, at: datetime | None) -> None:
    match payload.get("type"):
        case "task_started":
            _limit(ledger, payload)
            ledger.begins(at)
        case "token_count":
            _tokens(ledger, object_at(payload, "info"))
            _windows(ledger, object_at(payload, "rate_limits"))
        case "task_complete":
            error = object_at(payload, "error")
            ledger.stands(Phase.ERROR if error else Phase.OVER, at, detail=text_at(error, "message"))
            if text_at(error, "codex_error_info") == "usage_limit_exceeded":
                ledger.until = ledger.until or ledger.limit_ends
        case "turn_aborted":
            ledger.stands(Phase.INTERRUPTED, at, detail=text_at(payload, "reason"))
        case "item_completed":
            take_item(ledger.subagents, object_at(payload, "item"), at)
        case "stream_error":
            ledger.stands(Phase.WORKING, at, detail=text_at(payload, "message"))


def _tokens(ledger: Ledger, info: Json) -> None:
    if not info:
        return
    ledger.token_count = number_at(info, "last_token_usage", "input_tokens") or ledger.token_count
    _limit(ledger, info)


def _windows(ledger: Ledger, told: Json) -> None:
    """When the limits that are used up end: the last of them counts."""
    windows = [object_at(told, name) for name in ("primary", "secondary")]
    ends = [number_at(each, "resets_at") for each in windows if number_at(each, "used_percent") >= USED_UP_PERCENT]
    latest = max(ends, default=0)
    ledger.limit_ends = datetime.fromtimestamp(latest, UTC) if 0 < latest < LATEST_SECONDS else None


def _limit(ledger: Ledger, told: Json) -> None:
    limit = number_at(told, "model_context_window")
    ledger.context_limit = limit if limit > 0 else ledger.context_limit


transcript = partial(JsonLinesTranscript, _find, _take, beside=lambda: SubagentFiles(rollout_of, _take).read)
"""A reader for the session's file, or for the newest of its folder when the conversation is not known."""
