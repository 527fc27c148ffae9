"""OpenCode's database: the session of a folder, and what its last messages mean."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, cast

from quarterdeck.agents.gist import tool_gist
from quarterdeck.agents.json_lines import WRITTEN_LATE
from quarterdeck.agents.ledger import Ledger, Phase
from quarterdeck.agents.opencode_plugin import ABORTED
from quarterdeck.agents.subagent_book import TASK_TOOLS, with_thought
from quarterdeck.core.foreign_json import EMPTY, number_at, object_at, parse_object, text_at, time_at
from quarterdeck.foreign_files import require_database
from quarterdeck.ports.agent import NO_TRACES, AgentTraces
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.agents.opencode_family import OpenCodeFamily
    from quarterdeck.core.foreign_json import Json
    from quarterdeck.core.subagent import Subagent
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.ports.agent import Claims
    from quarterdeck.ports.agent_process import AgentHome, Program

log = logging.getLogger(__name__)

MESSAGES_READ = 60
LOCK_WAIT = 0.5
_REFUSALS = ("rejected permission", "dismissed this question", "rejected the question")

_SESSIONS = """
select id from session where directory = ?1 and parent_id is null and time_updated >= ?2
order by time_updated desc limit 20
"""
_SESSION = "select cost, time_updated from session where id = ?"
_MESSAGES = "select id, data, time_updated from message where session_id = ? order by id desc limit ?"
# Outputs of tools can be megabytes, and nothing here needs them.
_PARTS = """
select message_id, case when length(data) > 65536 then json_remove(data, '$.state.output', '$.state.metadata')
                        else data end
from part where session_id = ? and message_id >= ? order by message_id, id
"""
_LAST_TOOL = """
select json_remove(data, '$.state.output', '$.state.metadata') from part
where session_id = ? and json_extract(data, '$.type') = 'tool' order by id desc limit 1
"""
_TURNS = "select count(*) from message where session_id = ? and json_extract(data, '$.role') = 'user'"


class OpenCodeDatabase:
    """Implements ports.Transcript. The database is opened for each read, and never written."""

    def __init__(
        self,
        family: OpenCodeFamily,
        *,
        cwd: str,
        claims: Claims,
        session_id: str = "",
        since: datetime | None = None,
        path: Path | None = None,
        home: AgentHome | None = None,
    ) -> None:
        self._file = path or family.database(home)
        self._cwd = cwd
        self._claims = claims
        self._wanted = session_id
        self._since_ms = (since - WRITTEN_LATE).timestamp() * 1000 if since is not None else 0.0
        self._session = ""
        self._version: tuple[object, ...] = ()
        self._view: TranscriptView | None = None

    @property
    def path(self) -> Path | None:
        """The database, once our session is found in it."""
        return self._file if self._session else None

    def read(self) -> TranscriptView | None:
        """Take in what changed since; None while there is no session."""
        if not self._file.is_file():
            return None
        version = self._file_version()
        if version == self._version and self._view is not None:
            return self._view
        try:
            with closing(opened(self._file)) as database:
                if not self._session:
                    self._find(database)
                if not self._session:
                    return None
                self._view, self._version = self._look(database), version
        except (sqlite3.Error, OSError):
            # Another version's tables, a lock held for long, no file at all: what was known before still stands.
            log.info("OpenCode's database cannot be read", exc_info=True)
        return self._view

    def close(self) -> None:
        """Let go of the session, so that another reader may claim it."""
        self._claims.release(self)
        self._session, self._view, self._version = "", None, ()

    def _file_version(self) -> tuple[object, ...]:
        """Changes whenever something was written: the database, or its log."""
        found: list[object] = []
        for file in (self._file, self._file.with_name(self._file.name + "-wal")):
            try:
                facts = file.stat()
                found += [facts.st_ino, facts.st_size, facts.st_mtime_ns]
            except OSError:
                found.append(None)
        return tuple(found)

    def _find(self, database: sqlite3.Connection) -> None:
        found = [self._wanted] if self._wanted else []
        if not found:
            found = [str(row[0]) for row in database.execute(_SESSIONS, (self._cwd, self._since_ms)).fetchall()]
        for each in found:
            if self._claims.claim(self._file.with_name(f"{self._file.name}#{each}"), self):
                self._session = each
                return

    def _look(self, database: sqlite3.Connection) -> TranscriptView:
        ledger = Ledger()
        ledger.session_id = self._session
        messages = database.execute(_MESSAGES, (self._session, MESSAGES_READ)).fetchall()[::-1]
        parts: dict[str, list[Json]] = {}
        if messages:
            for message_id, data in database.execute(_PARTS, (self._session, messages[0][0])):
                parts.setdefault(str(message_id), []).append(parse_object(data) or EMPTY)
        for message_id, data, _ in messages:
            take(ledger, parse_object(data) or EMPTY, parts.get(str(message_id), []))
        totals = database.execute(_SESSION, (self._session,)).fetchone()
        if totals:
            cost, updated = cast("tuple[float | None, float]", totals)
            ledger.cost_usd = float(cost) if cost is not None else None
            ledger.updated_at = time_at({"at": updated}, "at") or ledger.updated_at
        ledger.turn_count = int(database.execute(_TURNS, (self._session,)).fetchone()[0])
        view = ledger.view()
        children = _children(parts)
        told = tuple(_with_child(database, each, children.get(each.key, "")) for each in view.subagents)
        return replace(view, subagents=told)


def opened(file: Path) -> sqlite3.Connection:
    """A database, to be read only. Raises OSError and sqlite3.Error."""
    require_database(file)
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=LOCK_WAIT)


_RECORDED = {
    "session": "select * from session where id = ?1",
    "message": "select * from (select * from message where session_id = ?1 order by id desc limit 60) order by id",
    "part": "select * from (select * from part where session_id = ?1 order by id desc limit 300) order by id",
}


def traces(program: Program, conversation: str, transcript: Path | None, home: AgentHome | None) -> AgentTraces:
    """The last rows of a conversation, for a recording."""
    del program, home
    rows: list[dict[str, object]] = []
    if transcript is None:
        return NO_TRACES
    with suppress(sqlite3.Error, OSError), closing(opened(transcript)) as database:
        database.row_factory = sqlite3.Row
        for table, query in _RECORDED.items():
            for row in map(dict, database.execute(query, (conversation,))):
                data = {"data": parse_object(row["data"])} if "data" in row else {}
                rows.append({"table": table, **row, **data})
    return AgentTraces(rows=tuple(rows))


def _children(parts: Mapping[str, list[Json]]) -> dict[str, str]:
    """The sessions that tool calls have begun: call → session."""
    told = (part for each in parts.values() for part in each if text_at(part, "tool") in TASK_TOOLS)
    return {text_at(part, "callID"): text_at(part, "state", "metadata", "sessionId") for part in told}


def _with_child(database: sqlite3.Connection, one: Subagent, session: str) -> Subagent:
    """The subagent with the tool that its session runs now, before what it was asked."""
    found = database.execute(_LAST_TOOL, (session,)).fetchone() if session else None
    part = (parse_object(found[0]) or EMPTY) if found else EMPTY
    tool = ""
    if text_at(part, "state", "status") == "running":
        tool = tool_gist(text_at(part, "tool"), object_at(part, "state", "input"))
    return with_thought(replace(one, key=session or one.key), tool, one.thought or "")


def take(ledger: Ledger, message: Json, parts: list[Json]) -> None:
    """Enter one message with its parts into the ledger."""
    created, completed = time_at(message, "time", "created"), time_at(message, "time", "completed")
    if message.get("role") == "user":
        typed = (part for part in parts if part.get("type") == "text" and part.get("synthetic") is not True)
        ledger.prompt("\n".join(text_at(part, "text") for part in typed), created)
        return
    ledger.model = text_at(message, "modelID") or ledger.model
    tokens = object_at(message, "tokens")
    sent = number_at(tokens, "input") + number_at(tokens, "cache", "read") + number_at(tokens, "cache", "write")
    if sent:
        ledger.token_count = sent
    ledger.stands(Phase.WORKING, created)
    refused = any(_part(ledger, part) for part in parts)
    error = object_at(message, "error")
    if text_at(error, "name") == ABORTED:
        ledger.stands(Phase.INTERRUPTED, completed)
    elif error:
        ledger.stands(Phase.ERROR, completed, detail=text_at(error, "data", "message") or text_at(error, "name"))
    elif completed and refused:
        ledger.stands(Phase.INTERRUPTED, completed)
    elif completed and text_at(message, "finish") not in {"tool-calls", "unknown", ""}:
        ledger.stands(Phase.OVER, completed)
    elif completed:
        ledger.stands(Phase.WORKING, completed)


def _part(ledger: Ledger, part: Json) -> bool:
    """Enter one part of a message; answers whether it is a tool call that the operator refused."""
    match part.get("type"):
        case "text":
            ledger.said(text_at(part, "text"))
        case "reasoning":
            ledger.thought()
        case "tool":
            state = object_at(part, "state")
            tool, call_id, status = text_at(part, "tool"), text_at(part, "callID"), text_at(state, "status")
            begun = time_at(state, "time", "start") or ledger.phase_at
            ledger.called(call_id, tool, object_at(state, "input"), begun, asks=tool == "question")
            if status in {"completed", "error"}:
                exit_code = object_at(state, "metadata").get("exit")
                ok = status == "completed" and not exit_code
                ledger.answered(call_id, time_at(state, "time", "end"), ok=ok)
            if object_at(state, "metadata").get("dismissed") is True:
                return True
            return status == "error" and any(words in text_at(state, "error") for words in _REFUSALS)
    return False
