"""Where Claude Code keeps its files, and its transcripts."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from quarterdeck.agents.agent_files import agent_folder
from quarterdeck.agents.claude_reports import NOTIFICATION, PLAN_TOOLS, QUESTION_TOOLS
from quarterdeck.agents.claude_subagents import ClaudeSubagents, take_notification, take_result
from quarterdeck.agents.json_lines import JsonLinesTranscript, first_rows, newest_first
from quarterdeck.agents.ledger import Ledger, Phase
from quarterdeck.core.foreign_json import is_object, number_at, object_at, objects_at, text_at, time_at

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.core.foreign_json import Json
    from quarterdeck.ports.agent_process import AgentHome

BIG_CONTEXT = 1_000_000
USUAL_CONTEXT = 200_000
_LOOKED_AT = 64
_SENT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_PEER_LENGTH = 80
"""Characters in which a message of another of its own says that it is one."""
_INTERRUPTED = "[Request interrupted by user"
_WAITS = "waits for agents in the background"
_COMMAND = re.compile(r"<command-name>\s*(/?[^<]*?)\s*</command-name>")
_PASTED = re.compile(r"</?pasted_content\b[^>]*>\n?")
"""Stands around a long paste that was queued (seen with 2.1.329)."""
_COMMAND_WORDS = re.compile(r"<command-args>\s*([^<]*?)\s*</command-args>")


def config_folder(home: AgentHome | None) -> Path:
    """Where Claude Code keeps its files."""
    return agent_folder("CLAUDE_CONFIG_DIR", home, ".claude")


def folder_name(cwd: str) -> str:
    """The folder of a working directory's transcripts."""
    return re.sub(r"[^A-Za-z0-9]", "-", cwd)


def _find(home: AgentHome | None, cwd: str, session_id: str) -> Iterable[Path]:
    root = config_folder(home) / "projects"
    if session_id:
        direct = root / folder_name(cwd) / f"{session_id}.jsonl"
        return [direct] if direct.is_file() else newest_first(root.glob(f"*/{session_id}.jsonl"))
    found = (each for each in (root / folder_name(cwd)).glob("*.jsonl") if not each.name.startswith("agent-"))
    return (each for each in newest_first(found) if _is_of(each, cwd))


def _is_of(path: Path, cwd: str) -> bool:
    """Whether one of the first rows names our folder; a file that names none is accepted."""
    named = {found for row in first_rows(path, _LOOKED_AT) if (found := text_at(row, "cwd"))}
    return not named or cwd in named


def _take(ledger: Ledger, row: Json) -> None:
    """Enter one row of the transcript into the ledger."""
    if row.get("isSidechain") is True:
        return  # a sub-agent's
    at = time_at(row, "timestamp")
    ledger.updated_at = at or ledger.updated_at
    ledger.session_id = text_at(row, "sessionId") or ledger.session_id
    match row.get("type"):
        case "user":
            _user(ledger, row, at)
        case "assistant":
            _assistant(ledger, row, at)
        case "system":
            if row.get("subtype") == "agents_killed":
                ledger.subagents.all_stopped()
                if ledger.detail == _WAITS:
                    _over(ledger, at)
            if row.get("subtype") == "turn_duration" and ledger.phase in {Phase.WORKING, Phase.TOOL, Phase.OVER}:
                _over(ledger, at)
        case "attachment":
            queued = object_at(row, "attachment")
            if queued.get("type") == "queued_command" and text_at(queued, "prompt"):
                _queued(ledger, text_at(queued, "prompt"), at)
        case "queue-operation":
            _queued(ledger, text_at(row, "content"), None)


def _queued(ledger: Ledger, text: str, at: datetime | None) -> None:
    """Enter what waited for the turn: a prompt once it is handed over, and what ran in the background at once."""
    if text.startswith(NOTIFICATION):
        take_notification(ledger.subagents, text)
    elif at is not None:
        ledger.prompt(text, at)


def _is_of_its_own(row: Json, text: str) -> bool:
    """Whether something was said by what it runs besides itself, and not by the operator."""
    is_noted = text.startswith(NOTIFICATION) or text_at(row, "origin", "kind") == "task-notification"
    return is_noted or "<teammate-message" in text[:_PEER_LENGTH]


def _user(ledger: Ledger, row: Json, at: datetime | None) -> None:
    if row.get("isMeta") is True or row.get("isCompactSummary") is True:
        return
    content = object_at(row, "message").get("content")
    blocks = [block for block in content if is_object(block)] if isinstance(content, list) else []
    text = content if isinstance(content, str) else next((text_at(b, "text") for b in blocks if text_at(b, "text")), "")
    text = _PASTED.sub("", text)
    for block in blocks:
        if block.get("type") == "tool_result":
            take_result(ledger.subagents, text_at(block, "tool_use_id"), object_at(row, "toolUseResult"), at)
            ledger.answered(text_at(block, "tool_use_id"), at, ok=block.get("is_error") is not True)
    if text.startswith(_INTERRUPTED):
        ledger.stands(Phase.INTERRUPTED, at, detail=text)
    elif text.startswith(("<local-command-stdout>", "<local-command-stderr>", "<bash-stdout>")):
        ledger.stands(Phase.RESTING, at)
    elif text.startswith(("<command-name>", "<command-message>")):
        name, words = _COMMAND.search(text), _COMMAND_WORDS.search(text)
        ledger.prompt(f"{name[1] if name else ''} {words[1] if words else ''}".strip(), at)
        if name and name[1] == "/clear":
            ledger.stands(Phase.RESTING, at)  # a conversation begins with it
    elif _is_of_its_own(row, text):
        take_notification(ledger.subagents, text)
        ledger.stands(Phase.WORKING, at)
    elif text and not text.startswith("<") and not any(b.get("type") == "tool_result" for b in blocks):
        ledger.prompt(text, at)


def _assistant(ledger: Ledger, row: Json, at: datetime | None) -> None:
    message = object_at(row, "message")
    blocks = objects_at(message, "content")
    if row.get("isApiErrorMessage") is True:
        text = next((text_at(block, "text") for block in blocks), "")
        ledger.stands(Phase.ERROR, at, detail=text)
        return
    if text_at(message, "model") == "<synthetic>":
        return
    ledger.model = text_at(message, "model") or ledger.model
    _count(ledger, message)
    for block in blocks:
        match block.get("type"):
            case "text":
                ledger.said(text_at(block, "text"))
            case "thinking" | "redacted_thinking":
                ledger.thought()
            case "tool_use":
                call_id, tool, arguments = text_at(block, "id"), text_at(block, "name"), object_at(block, "input")
                ledger.called(call_id, tool, arguments, at, asks=tool in QUESTION_TOOLS, plan=tool in PLAN_TOOLS)
    if any(block.get("type") == "tool_use" for block in blocks):
        return
    stop = message.get("stop_reason")
    if stop == "tool_use":
        ledger.stands(Phase.TOOL, at)
    elif stop:
        _over(ledger, at)
    else:
        ledger.stands(Phase.WORKING, at)


def _over(ledger: Ledger, at: datetime | None) -> None:
    """Enter that a turn is over, unless what works behind it will have it go on."""
    if ledger.subagents.works_behind:
        ledger.stands(Phase.WORKING, at, detail=_WAITS)
    else:
        ledger.stands(Phase.OVER, at)


def _count(ledger: Ledger, message: Json) -> None:
    usage = object_at(message, "usage")
    if not usage:
        return
    ledger.token_count = sum(number_at(usage, key) for key in _SENT)
    if "[1m]" in ledger.model or ledger.token_count > USUAL_CONTEXT:
        ledger.context_limit = BIG_CONTEXT


def _take_own(ledger: Ledger, row: Json) -> None:
    """Enter one row of a subagent's own transcript."""
    _take(ledger, {**row, "isSidechain": False})


transcript = partial(JsonLinesTranscript, _find, _take, beside=lambda: ClaudeSubagents(_take_own).read)
"""A reader for the session's file, or for the newest of its folder when the conversation is not known."""
