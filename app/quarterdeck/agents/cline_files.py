"""Cline's own files: a conversation is a description with its status, and messages, each written whole every time."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.agents.json_lines import newest_first
from quarterdeck.agents.ledger import Ledger, Phase
from quarterdeck.core.foreign_json import number_at, object_at, objects_at, parse_object, text_at, time_at
from quarterdeck.foreign_files import file_stamp, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from quarterdeck.core.foreign_json import Json
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.ports.agent import Claims
    from quarterdeck.ports.agent_process import AgentHome, Program

log = logging.getLogger(__name__)

SESSIONS_LOOKED_AT = 64
LONGEST_CONVERSATION = 16 * 1024 * 1024
_ASK_TOOL = "ask_question"
_ENDED = frozenset({Phase.OVER, Phase.ERROR, Phase.INTERRUPTED})
_UNDER_WAY = frozenset({Phase.WORKING, Phase.TOOL, Phase.ASKED})
_USER_INPUT = re.compile(r"</?user_input\b[^>]*>")
_SESSION_ID = re.compile(r"[\w-]{1,100}")


def _sessions(home: AgentHome | None) -> Path:
    return (home.path if home else Path.home()) / ".cline" / "data" / "sessions"


def _described(home: AgentHome | None) -> Iterator[tuple[Path, Json]]:
    """The newest sessions' own descriptions."""
    folders = _newest(_sessions(home).glob("*/*.json"))
    for file in folders:
        try:
            found = parse_object(read_bytes(file))
        except OSError:
            continue
        if found is not None:
            yield file, found


def _newest(files: Iterable[Path]) -> list[Path]:
    """Descriptions of sessions, the newest first; their messages are left out."""
    return newest_first(file for file in files if file.stem == file.parent.name)[:SESSIONS_LOOKED_AT]


def _entry(program: Program, home: AgentHome | None) -> tuple[Path, Json] | None:
    """The session of a live process: the newest that names it, or the one it was told to go on with."""
    for file, found in _described(home):
        if found.get("pid") == program.pid or file.stem in program.argv:
            return file, found
    return None


def live_files(program: Program, home: AgentHome | None) -> tuple[Path, ...]:
    """The file in which a live process says what it does."""
    found = _entry(program, home)
    return (found[0],) if found else ()


def conversation(program: Program, home: AgentHome | None) -> str:
    """The conversation a live process is in now."""
    found = _entry(program, home)
    return text_at(found[1], "session_id") if found else ""


def _changed(file: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return None


class ClineTranscript:
    """Implements ports.Transcript: a conversation that is one JSON document, read anew whenever it was written anew."""

    def __init__(
        self,
        *,
        cwd: str,
        claims: Claims,
        session_id: str = "",
        since: datetime | None = None,
        path: Path | None = None,
        home: AgentHome | None = None,
    ) -> None:
        self._wanted = (home, cwd, session_id)
        self._since = since
        self._claims = claims
        self._given = path
        self._path: Path | None = None
        self._stamp: object = None
        self._view: TranscriptView | None = None

    @property
    def path(self) -> Path | None:
        """The file it reads, once found."""
        return self._path

    def read(self) -> TranscriptView | None:
        """Take in what was written since; None while there is none."""
        self._path = self._path or next((file for file in self._found() if self._claims.claim(file, self)), None)
        if self._path is None:
            return None
        beside = _description(self._path)
        stamp = (file_stamp(self._path), file_stamp(beside))
        if stamp == self._stamp:
            return self._view
        try:
            document = parse_object(read_bytes(self._path, LONGEST_CONVERSATION))
            described = parse_object(read_bytes(beside)) if stamp[1] else None
        except OSError:
            log.info("transcript cannot be read", exc_info=True)
            self.close()
            return None
        if document is not None:  # else it is being written
            status = text_at(described, "status") if described else ""
            self._stamp, self._view = stamp, _view_of(document, status, _changed(beside))
        return self._view

    def close(self) -> None:
        """Let go of the file, so that another session may claim it."""
        self._claims.release(self)
        self._path = self._stamp = self._view = None

    def _found(self) -> Iterable[Path]:
        home, cwd, session_id = self._wanted
        if self._given is not None:
            return [self._given] if self._given.is_file() else []
        if session_id:
            file = _sessions(home) / session_id / f"{session_id}.messages.json"
            return [file] if _SESSION_ID.fullmatch(session_id) and file.is_file() else []
        return self._of_folder(home, cwd)

    def _of_folder(self, home: AgentHome | None, cwd: str) -> Iterator[Path]:
        for file, found in _described(home):
            begun = time_at(found, "started_at")
            is_young = self._since is None or (begun is not None and begun >= self._since)
            messages = file.with_name(f"{file.stem}.messages.json")
            if text_at(found, "cwd") == cwd and is_young and messages.is_file():
                yield messages


def _description(messages: Path) -> Path:
    return messages.with_name(f"{messages.name.partition('.')[0]}.json")


def _view_of(document: Json, status: str, changed: datetime | None) -> TranscriptView:
    """What its messages and its status add up to: a message is not written before the turn has got on."""
    ledger = Ledger()
    ledger.session_id = text_at(document, "sessionId")
    for message in objects_at(document, "messages"):
        at = time_at(message, "ts")
        ledger.updated_at = at or ledger.updated_at
        if message.get("role") == "user":
            _user(ledger, message, at)
        else:
            _assistant(ledger, message, at)
    if status == "running" and ledger.phase in _ENDED:
        ledger.stands(Phase.WORKING, changed)
    elif status == "idle" and ledger.phase in _UNDER_WAY:
        ledger.stands(Phase.INTERRUPTED, changed)
    elif status == "pending":
        ledger.wants_leave(ledger.current_tool, changed)
    return ledger.view()


def _user(ledger: Ledger, message: Json, at: datetime | None) -> None:
    parts = objects_at(message, "content")
    for part in parts:
        if text_at(part, "type") == "tool_result":
            ledger.answered(text_at(part, "tool_use_id"), at, ok=part.get("is_error") is not True)
    text = _USER_INPUT.sub("", "\n".join(text_at(part, "text") for part in parts)).strip()
    if text:
        ledger.prompt(text, at)


def _assistant(ledger: Ledger, message: Json, at: datetime | None) -> None:
    ledger.model = text_at(message, "modelInfo", "id") or ledger.model
    metrics = object_at(message, "metrics")
    sent = sum(number_at(metrics, key) for key in ("inputTokens", "cacheReadTokens", "cacheWriteTokens"))
    ledger.token_count = sent or ledger.token_count
    parts = objects_at(message, "content")
    text = "\n".join(text_at(part, "text") for part in parts if text_at(part, "type") == "text")
    if text_at(message, "metadata", "displayRole") == "error":
        ledger.stands(Phase.ERROR, at, detail=text)
        return
    ledger.said(text)
    calls = [part for part in parts if text_at(part, "type") == "tool_use"]
    if not calls:
        ledger.stands(Phase.OVER, at)
    for call in calls:
        tool, arguments = text_at(call, "name"), object_at(call, "input")
        ledger.called(text_at(call, "id"), tool, _asked(arguments), at, asks=tool == _ASK_TOOL)


def _asked(arguments: Json) -> Json:
    """A question's and a command's arguments in the words that others use."""
    commands = arguments.get("commands")
    if isinstance(commands, list):
        return {"command": "\n".join(each for each in commands if isinstance(each, str))}
    options = arguments.get("options")
    if not isinstance(options, list) or "question" not in arguments:
        return arguments
    labels = [{"label": option} for option in options if isinstance(option, str)]
    return {"questions": [{"question": arguments["question"], "options": labels}]}
