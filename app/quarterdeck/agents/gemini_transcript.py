"""Gemini CLI's chat file: where it lies, and what its rows mean."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.agents.gemini_reports import QUESTION_TOOL
from quarterdeck.agents.json_lines import JsonLinesTranscript, first_rows, newest_first
from quarterdeck.agents.ledger import Ledger, Phase
from quarterdeck.core.foreign_json import is_object, number_at, object_at, objects_at, parse_object, text_at, time_at
from quarterdeck.foreign_files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from quarterdeck.core.foreign_json import Json
    from quarterdeck.ports.agent_process import AgentHome

_ID_IN_NAME = 8
_REWRITTEN_WITHIN = timedelta(milliseconds=100)
"""After a turn that failed the history is written again, under new ids and with the time of that end."""
_CANCELLED = "Request cancelled."
_REFUSED = frozenset({"cancelled", "error"})


def config_folder(home: AgentHome | None) -> Path:
    """Where Gemini CLI keeps its files."""
    told = home.variable("GEMINI_CLI_HOME") if home else ""
    return (Path(told) if told else home.path if home else Path.home()) / ".gemini"


def _find(home: AgentHome | None, cwd: str, session_id: str) -> Iterable[Path]:
    root = config_folder(home)
    if session_id:
        found = newest_first(root.glob(f"tmp/*/chats/session-*-{session_id[:_ID_IN_NAME]}.jsonl"))
        # One that another Gemini has removed, for nothing was in it yet, is begun again without its first row.
        own = ([session_id], [""])
        return (each for each in found if [text_at(row, "sessionId") for row in first_rows(each, 1)] in own)
    return newest_first(chats(home, cwd))


def chats(home: AgentHome | None, cwd: str) -> Iterable[Path]:
    """The chats of a folder."""
    root = config_folder(home)
    folders = (root / "tmp" / name / "chats" for name in _project_names(root, cwd))
    return (file for folder in folders for file in folder.glob("session-*.jsonl"))


def _project_names(root: Path, cwd: str) -> Iterable[str]:
    try:
        known = parse_object(read_bytes(root / "projects.json"))
    except OSError:
        known = None
    name = text_at(known, "projects", cwd) if known else ""
    if name and "/" not in name and not name.startswith("."):
        yield name
    yield hashlib.sha256(cwd.encode()).hexdigest()


def take(ledger: Ledger, row: Json) -> None:
    """Enter one row. A message may be written again under the same id."""
    ledger.session_id = text_at(row, "sessionId") or text_at(row, "$set", "sessionId") or ledger.session_id
    at = time_at(row, "timestamp")
    if at is None:
        return
    ledger.updated_at = at
    kind = text_at(row, "type")
    if kind == "gemini":
        _count(ledger, row)
    ended = ledger.phase in {Phase.INTERRUPTED, Phase.ERROR}
    is_rewritten = ended and ledger.phase_at is not None and at <= ledger.phase_at + _REWRITTEN_WITHIN
    if is_rewritten and kind in {"user", "gemini"}:
        return
    match kind:
        case "user":
            _user(ledger, row, at)
        case "gemini":
            _gemini(ledger, row, at)
        case "error":
            ledger.stands(Phase.ERROR, at, detail=text_at(row, "content"))
        case "info" if text_at(row, "content").startswith(_CANCELLED):
            ledger.stands(Phase.INTERRUPTED, at)


def _user(ledger: Ledger, row: Json, at: datetime) -> None:
    content = row.get("content")
    parts = objects_at(row, "content")
    if any("functionResponse" in part for part in parts):
        if ledger.phase not in {Phase.INTERRUPTED, Phase.ERROR}:
            ledger.stands(Phase.WORKING, at)
        return
    texts = [content] if isinstance(content, str) else [text_at(part, "text") for part in parts]
    text = "\n".join(each for each in texts if each and not each.startswith("<session_context>")).strip()
    if text:
        ledger.prompt(text, at)


def _gemini(ledger: Ledger, row: Json, at: datetime) -> None:
    ledger.model = text_at(row, "model") or ledger.model
    if row.get("thoughts"):
        ledger.thought()
    content = row.get("content")
    parts = "\n".join(text_at(part, "text") for part in objects_at(row, "content"))
    text = content if isinstance(content, str) else parts
    calls = objects_at(row, "toolCalls")
    if text and not calls:
        ledger.said(text)
        ledger.stands(Phase.MAYBE_OVER, at)
    elif not calls:
        ledger.stands(Phase.TOOL, at)
    for call in calls:
        tool, arguments = text_at(call, "name"), object_at(call, "args")
        status = text_at(call, "status")
        ledger.called(text_at(call, "id"), tool, arguments, at, asks=tool == QUESTION_TOOL)
        if status:
            ledger.answered(text_at(call, "id"), time_at(call, "timestamp") or at, ok=status not in _REFUSED)


def _count(ledger: Ledger, row: Json) -> None:
    tokens = row.get("tokens")
    if is_object(tokens):
        ledger.token_count = number_at(tokens, "input")


transcript = partial(JsonLinesTranscript, _find, take)
"""A reader for the session's file, or for the newest of its project when the conversation is not known."""
