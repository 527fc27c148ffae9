"""pi's session files: where they lie, which one a process is in, and what the rows mean."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.agents.agent_files import agent_folder, began_at, named, working_folder
from quarterdeck.agents.json_lines import JsonLinesTranscript, first_rows, newest_first
from quarterdeck.agents.ledger import Ledger, Phase
from quarterdeck.core.foreign_json import number_at, object_at, objects_at, text_at, time_at

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from quarterdeck.core.foreign_json import Json
    from quarterdeck.ports.agent_process import AgentHome, Program

_NOT_KEPT = re.compile(r"[/\\:]")
_TRIED_AGAIN = re.compile(
    r"overloaded|provider.?returned.?error|rate.?limit|too many requests|429|50[0234]|service.?unavailable"
    r"|server.?error|internal.?error|network.?error|connection.?(?:error|refused|lost)|websocket.?(?:closed|error)"
    r"|other side closed|fetch failed|upstream.?connect|reset before headers|socket hang up|ended without"
    r"|timed? out|timeout|terminated|retry delay",
    re.IGNORECASE,
)
"""Errors after which it tries again by itself, by its own pattern."""
MOST_TRIES = 4
"""The first one and three more, unless it is told otherwise."""
BEGINS_WITHIN = timedelta(seconds=8)
"""So soon after its start a process begins its first session."""
CLOCKS_DIFFER = timedelta(seconds=1)
ASK_TOOLS = frozenset({"question", "questionnaire", "ask", "ask_user"})
"""Of its extensions: none of its own asks."""


def config_folder(home: AgentHome | None) -> Path:
    """Where pi keeps its files."""
    return agent_folder("PI_CODING_AGENT_DIR", home, ".pi/agent")


def _folder(home: AgentHome | None, cwd: str) -> Path:
    """Where the sessions of a working folder lie."""
    told = home.variable("PI_CODING_AGENT_SESSION_DIR") if home else ""
    if told:
        return Path(told)
    return config_folder(home) / "sessions" / f"--{_NOT_KEPT.sub('-', cwd.lstrip('/'))}--"


def _find(home: AgentHome | None, cwd: str, session_id: str) -> Iterable[Path]:
    files = newest_first(_folder(home, cwd).glob(f"*{session_id}.jsonl"))
    return (file for file in files if _is_of(file, cwd, session_id))


def _is_of(path: Path, cwd: str, session_id: str) -> bool:
    head = next(iter(first_rows(path, 1)), None)
    if head is None or head.get("type") != "session":
        return False
    return text_at(head, "id") == session_id if session_id else text_at(head, "cwd") == cwd


def conversation(program: Program, home: AgentHome | None) -> str:
    """The conversation a live process is in; "" when that cannot be told, for it keeps no file open and names none.

    One that began right after the process is its own. Where more was written since, that is its own too, unless another
    pi works in the folder.
    """
    cwd, start = working_folder(program.pid), began_at(program.pid)
    if not cwd or start is None:
        return ""
    written = [each for file in newest_first(_folder(home, cwd).glob("*.jsonl")) if (each := _head(file, cwd, start))]
    if not written:
        return ""
    if len(written) == 1 and _is_first_of(start, written[0]):
        return written[0][0]
    others = [began_at(pid) for pid in named("pi") if pid != program.pid and working_folder(pid) == cwd]
    if not others:
        return written[0][0]
    own = [each for each in written if not any(other and _is_first_of(other, each) for other in others)]
    return own[0][0] if len(own) == 1 and _is_first_of(start, own[0]) else ""


def _head(path: Path, cwd: str, start: datetime) -> tuple[str, datetime] | None:
    """Id and beginning of a session of this folder that was written since `start`."""
    try:
        is_written = path.stat().st_mtime >= start.timestamp()
    except OSError:
        return None
    head = next(iter(first_rows(path, 1)), None) if is_written else None
    begun = time_at(head, "timestamp") if head and text_at(head, "cwd") == cwd else None
    return (text_at(head, "id"), begun) if head and begun else None


def _is_first_of(start: datetime, session: tuple[str, datetime]) -> bool:
    """Whether a session began so soon after a process that it is its first."""
    return -CLOCKS_DIFFER <= session[1] - start <= BEGINS_WITHIN


def _take(ledger: Ledger, row: Json) -> None:
    """Enter one row."""
    at = time_at(row, "timestamp")
    ledger.updated_at = at or ledger.updated_at
    match text_at(row, "type"):
        case "session":
            ledger.session_id = text_at(row, "id") or ledger.session_id
        case "model_change":
            ledger.model = text_at(row, "modelId") or ledger.model
        case "message":
            _message(ledger, object_at(row, "message"), at)


def _message(ledger: Ledger, message: Json, at: datetime | None) -> None:
    match text_at(message, "role"):
        case "user":
            content = message.get("content")
            texts = (
                [content]
                if isinstance(content, str)
                else [text_at(part, "text") for part in objects_at(message, "content")]
            )
            ledger.prompt("\n".join(filter(None, texts)).strip(), at)
        case "assistant":
            _assistant(ledger, message, at)
        case "toolResult":
            ledger.answered(text_at(message, "toolCallId"), at, ok=message.get("isError") is not True)


def _assistant(ledger: Ledger, message: Json, at: datetime | None) -> None:
    ledger.model = text_at(message, "model") or ledger.model
    parts = objects_at(message, "content")
    if any(text_at(part, "type") == "thinking" for part in parts):
        ledger.thought()
    ledger.said("\n".join(text_at(part, "text") for part in parts if text_at(part, "type") == "text"))
    usage = object_at(message, "usage")
    sent = sum(number_at(usage, key) for key in ("input", "cacheRead", "cacheWrite"))
    ledger.token_count = sent or ledger.token_count
    cost = object_at(usage, "cost").get("total")
    if isinstance(cost, int | float) and cost > 0:
        ledger.cost_usd = (ledger.cost_usd or 0.0) + cost
    for part in parts:
        if text_at(part, "type") == "toolCall":
            tool, arguments = text_at(part, "name"), object_at(part, "arguments")
            ledger.called(text_at(part, "id"), tool, arguments, at, asks=tool in ASK_TOOLS)
    _ended(ledger, message, at)


def _ended(ledger: Ledger, message: Json, at: datetime | None) -> None:
    """What an answer's end says of the turn."""
    told = text_at(message, "errorMessage")
    match text_at(message, "stopReason"):
        case "stop" | "length":
            ledger.stands(Phase.OVER, at)
        case "aborted":
            ledger.stands(Phase.INTERRUPTED, at)
        case "error" if _TRIED_AGAIN.search(told) and ledger.tries + 1 < MOST_TRIES:
            ledger.stands(Phase.WORKING, at, detail=told)
            ledger.tries += 1
            return
        case "error":
            ledger.stands(Phase.ERROR, at, detail=told)
    ledger.tries = 0


transcript = partial(JsonLinesTranscript, _find, _take)
"""A reader for the session's file, or for the newest of its folder when the conversation is not known."""
