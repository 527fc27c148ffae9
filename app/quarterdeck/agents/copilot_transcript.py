"""Copilot CLI's session files: where they lie, which one a process shows, and what the rows mean."""

from __future__ import annotations

import re
import threading
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.agents.agent_files import agent_folder, open_paths
from quarterdeck.agents.json_lines import FileTail, JsonLinesTranscript, first_rows, newest_first
from quarterdeck.agents.ledger import Ledger, Phase
from quarterdeck.core.foreign_json import number_at, object_at, objects_at, text_at, time_at

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from quarterdeck.core.foreign_json import Json
    from quarterdeck.ports.agent_process import AgentHome, Program

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_HELD = re.compile(rf"/session-state/({_ID})/inuse\.\d+\.hold$")
_LOG = re.compile(r"/process-\d+-\d+\.log$")
_SHOWN = re.compile(rf" Registering foreground session: ({_ID})\s*$".encode())
ASK_TOOL = "ask_user"
PLAN_TOOL = "exit_plan_mode"


def config_folder(home: AgentHome | None) -> Path:
    """Where Copilot CLI keeps its files."""
    return agent_folder("COPILOT_HOME", home, ".copilot")


def conversation(program: Program, _home: AgentHome | None) -> str:
    """The conversation a live process shows: it holds a file of each one it has open, and logs which is in front."""
    opened = list(open_paths(program.pid, leave_out=lambda _: False))
    held = {found[1]: Path(path) for path in opened if (found := _HELD.search(path))}
    if len(held) < 2:
        return next(iter(held), "")
    for log in filter(_LOG.search, opened):
        shown = _log_of(Path(log)).shown()
        if shown in held:
            return shown
    return next((path.parent.name for path in newest_first(held.values())), "")


class _Log:
    """What a process logs, read as it grows. Safe for threads."""

    def __init__(self, path: Path) -> None:
        self._tail = FileTail(path)
        self._lock = threading.Lock()
        self._shown = ""

    def shown(self) -> str:
        """The conversation that was brought to the front last."""
        with self._lock:
            try:
                _, lines = self._tail.read()
            except OSError:
                return ""
            found = next((match[1] for line in reversed(lines) if (match := _SHOWN.search(line))), None)
            self._shown = found.decode() if found else self._shown
            return self._shown


_log_of = lru_cache(maxsize=64)(_Log)


def _find(home: AgentHome | None, cwd: str, session_id: str) -> Iterable[Path]:
    root = config_folder(home) / "session-state"
    if session_id:
        return [file] if (file := root / session_id / "events.jsonl").is_file() else []
    return (file for file in newest_first(root.glob("*/events.jsonl")) if _is_of(file, cwd))


def _is_of(path: Path, cwd: str) -> bool:
    return any(text_at(row, "data", "context", "cwd") == cwd for row in first_rows(path, 1))


def _take(ledger: Ledger, row: Json) -> None:
    """Enter one row. Those of its subagents name the agent they are of."""
    at, data = time_at(row, "timestamp"), object_at(row, "data")
    ledger.updated_at = at or ledger.updated_at
    if not text_at(row, "agentId"):
        _own(ledger, text_at(row, "type"), data, at)


def _own(ledger: Ledger, kind: str, data: Json, at: datetime | None) -> None:
    match kind:
        case "session.start" | "session.resume":
            ledger.session_id = text_at(data, "sessionId") or ledger.session_id
            ledger.model = text_at(data, "selectedModel") or ledger.model
            if kind == "session.resume":
                ledger.stands(Phase.RESTING, at)
        case "session.model_change":
            ledger.model = text_at(data, "newModel") or ledger.model
        case "session.usage_record":
            _usage(ledger, object_at(data, "usage"))
        case "user.message":
            _user(ledger, data, at)
        case "assistant.turn_start" | "session.compaction_start":
            ledger.stands(Phase.WORKING, at)
        case "assistant.message":
            _said(ledger, data, at)
        case "assistant.turn_end" if ledger.phase is Phase.MAYBE_OVER:
            ledger.stands(Phase.OVER, at)
        case "session.compaction_complete":
            ledger.stands(Phase.RESTING, at)
        case "tool.execution_start":
            _called(ledger, data, at)
        case "tool.execution_complete" if not data.get("isUserRequested"):
            ledger.answered(text_at(data, "toolCallId"), at, ok=data.get("success") is True)
        case "permission.requested" if not data.get("resolvedByHook"):
            ledger.wants_leave(_wanted(object_at(data, "permissionRequest")), at)
        case "permission.completed" if ledger.phase is Phase.LEAVE:
            ledger.stands(Phase.TOOL, at, detail=ledger.current_tool)
        case "abort":
            ledger.stands(Phase.INTERRUPTED, at)
        case "session.error":
            ledger.stands(Phase.ERROR, at, detail=text_at(data, "message"))


def _user(ledger: Ledger, data: Json, at: datetime | None) -> None:
    text = text_at(data, "content").strip()
    # What the program says to the model by itself names its source.
    if text and text_at(data, "source") in {"", "user"}:
        ledger.prompt(text, at)
    else:
        ledger.stands(Phase.WORKING, at)


def _said(ledger: Ledger, data: Json, at: datetime | None) -> None:
    if data.get("reasoningText") or data.get("reasoningOpaque"):
        ledger.thought()
    ledger.said(text_at(data, "content"))
    if not objects_at(data, "toolRequests"):
        ledger.stands(Phase.MAYBE_OVER, at)


def _called(ledger: Ledger, data: Json, at: datetime | None) -> None:
    tool, arguments = text_at(data, "toolName"), object_at(data, "arguments")
    call = text_at(data, "toolCallId")
    if tool == ASK_TOOL:
        ledger.called(call, tool, {"questions": _questions(arguments)}, at, asks=True)
    elif tool == PLAN_TOOL:
        ledger.called(call, tool, {"plan": text_at(arguments, "summary")}, at, asks=False, plan=True)
    else:
        ledger.called(call, tool, arguments, at, asks=False)


def _questions(arguments: Json) -> list[object]:
    """The fields of a form, each as a question with its choices."""
    fields = object_at(arguments, "requestedSchema", "properties")
    choices = [_choices(object_at(fields, name)) for name in fields]
    message = text_at(arguments, "message") or text_at(arguments, "question")
    title = next((text_at(object_at(fields, name), "title") for name in fields), "")
    told = "\n".join(filter(None, (message, title)))
    options = choices[0] if choices else _words(arguments.get("choices"))
    first = {"question": told, "options": [{"label": label} for label in options]}
    # Where there are several fields, the choices of the first one answer only that.
    return [first, *({"question": ""} for _ in choices[1:])]


def _choices(field: Json) -> list[str]:
    words = _words(field.get("enumNames")) or _words(field.get("enum")) or _words(object_at(field, "items").get("enum"))
    told = objects_at(field, "oneOf") or objects_at(field, "items", "anyOf")
    return words or [text_at(each, "title") for each in told]


def _words(value: object) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _wanted(request: Json) -> str:
    """What leave is asked for, in one line."""
    keys = ("fullCommandText", "fileName", "url", "path", "toolTitle", "toolName", "intention")
    told = next((text for key in keys if (text := text_at(request, key))), "")
    kind = text_at(request, "kind")
    return f"{kind}: {told}" if kind and told else told or kind


def _usage(ledger: Ledger, usage: Json) -> None:
    if text_at(usage, "interactionType") in {"", "conversation-agent"}:
        ledger.token_count = number_at(usage, "inputTokens") or ledger.token_count
        ledger.context_limit = number_at(usage, "maxPromptTokens") or ledger.context_limit


transcript = partial(JsonLinesTranscript, _find, _take)
"""A reader for the session's file, or for the newest of its folder when the conversation is not known."""
