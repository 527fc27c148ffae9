"""Qwen Code's own files: the file of each live process, and its chats, whose rows are Gemini CLI's in another order."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.agents.agent_files import agent_folder, began, family
from quarterdeck.agents.claude_files import folder_name
from quarterdeck.agents.claude_reports import PLAN_TOOLS, QUESTION_TOOLS
from quarterdeck.agents.json_lines import JsonLinesTranscript, newest_first
from quarterdeck.agents.ledger import Ledger, Phase
from quarterdeck.core.foreign_json import number_at, object_at, objects_at, parse_object, text_at, time_at
from quarterdeck.foreign_files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from quarterdeck.core.foreign_json import Json
    from quarterdeck.ports.agent_process import AgentHome, Program

LONGEST_ENTRY_BYTES = 64 * 1024
_AT_WORK = frozenset({Phase.WORKING, Phase.TOOL})
_TRIED_AGAIN = frozenset({408, 409, 429})
"""Refusals that the model is asked again after, as after every fault of its own."""


def config_folder(home: AgentHome | None) -> Path:
    """Where Qwen Code keeps its settings."""
    return agent_folder("QWEN_HOME", home, ".qwen")


def _runtime_folder(home: AgentHome | None) -> Path:
    """Where it keeps what it writes."""
    told = home.variable("QWEN_RUNTIME_DIR") if home is not None else ""
    return Path(told) if told else config_folder(home)


def conversation(program: Program, home: AgentHome | None) -> str:
    """The conversation a live process is in now: it starts itself anew below the one that was called (from 0.24)."""
    for pid in family(program.pid):
        file = _runtime_folder(home) / "sessions" / f"{pid}.json"
        try:
            found = parse_object(read_bytes(file, LONGEST_ENTRY_BYTES))
        except OSError:
            continue
        if found is not None and found.get("pid") == pid and began(pid) in text_at(found, "procStart").split(":"):
            return text_at(found, "sessionId")
    return ""


def _find(home: AgentHome | None, cwd: str, session_id: str) -> Iterable[Path]:
    root = _runtime_folder(home) / "projects"
    if session_id:
        direct = root / folder_name(cwd) / "chats" / f"{session_id}.jsonl"
        return [direct] if direct.is_file() else newest_first(root.glob(f"*/chats/{session_id}.jsonl"))
    return newest_first((root / folder_name(cwd) / "chats").glob("*.jsonl"))


def _take(ledger: Ledger, row: Json) -> None:
    """Enter one row."""
    ledger.session_id = text_at(row, "sessionId") or ledger.session_id
    at = time_at(row, "timestamp")
    ledger.updated_at = at or ledger.updated_at
    _enter(ledger, row, at)
    if ledger.phase is Phase.WORKING:
        # An interrupt before the model's first word is not written down, so that its screen knows better.
        ledger.stands(Phase.TOOL, at)


def _enter(ledger: Ledger, row: Json, at: datetime | None) -> None:
    match row.get("type"):
        case "user":
            text = _text(row)
            if text and text_at(row, "provenance") in {"", "real_user"}:
                ledger.prompt(text, at)
        case "assistant":
            _assistant(ledger, row, at)
        case "tool_result":
            _result(ledger, row, at)
        case "system" if text_at(row, "subtype") == "ui_telemetry":
            _told(ledger, object_at(row, "systemPayload", "uiEvent"), at)


def _text(row: Json) -> str:
    parts = objects_at(object_at(row, "message"), "parts")
    texts = (text_at(part, "text") for part in parts if part.get("thought") is not True)
    return "\n".join(text for text in texts if text and not text.startswith("<system-reminder>")).strip()


def _assistant(ledger: Ledger, row: Json, at: datetime | None) -> None:
    ledger.model = text_at(row, "model") or ledger.model
    ledger.token_count = number_at(object_at(row, "usageMetadata"), "promptTokenCount") or ledger.token_count
    parts = objects_at(object_at(row, "message"), "parts")
    if any(part.get("thought") is True for part in parts):
        ledger.thought()
    ledger.said(_text(row))
    calls = [object_at(part, "functionCall") for part in parts if "functionCall" in part]
    for call in calls:
        tool = text_at(call, "name")
        asks, plan = tool in QUESTION_TOOLS, tool in PLAN_TOOLS
        ledger.called(text_at(call, "id"), tool, object_at(call, "args"), at, asks=asks, plan=plan)
    if not calls:
        # What was not broken off has been counted before.
        ledger.stands(Phase.MAYBE_OVER if ledger.phase is Phase.MAYBE_OVER else Phase.INTERRUPTED, at)


def _result(ledger: Ledger, row: Json, at: datetime | None) -> None:
    told = object_at(row, "toolCallResult")
    status = text_at(told, "status")
    ledger.answered(text_at(told, "callId"), at, ok=status == "success")
    if status == "cancelled" and ledger.phase is Phase.WORKING:
        # What the operator did not allow ends the turn.
        ledger.stands(Phase.INTERRUPTED, at)


def _told(ledger: Ledger, event: Json, at: datetime | None) -> None:
    # What it asks beside the conversation has prompts of another name, though not always one of its own to ask.
    if not text_at(event, "prompt_id").startswith(f"{ledger.session_id}########"):
        return
    match text_at(event, "event.name"):
        case "qwen-code.api_response" if ledger.phase in _AT_WORK and text_at(event, "response_text"):
            ledger.stands(Phase.MAYBE_OVER, at)
        case "qwen-code.api_error" if not _is_tried_again(number_at(event, "status_code")):
            ledger.stands(Phase.ERROR, at, detail=text_at(event, "error_message"))


def _is_tried_again(status: int) -> bool:
    return status in _TRIED_AGAIN or not 400 <= status < 500


transcript = partial(JsonLinesTranscript, _find, _take)
"""A reader for the session's file, or for the newest of its folder when the conversation is not known."""
