"""A recording of one agent at one moment, as the tests read it: all that an observer sees, and nothing private."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck import __version__
from quarterdeck.core.foreign_json import parse_object
from quarterdeck.core.pane import Snapshot
from quarterdeck.core.private_words import HOME, PrivateWords
from quarterdeck.core.redact import masked_session
from quarterdeck.core.session import Need, SessionState
from quarterdeck.core.session_json import to_wire
from quarterdeck.core.text import clean_sgr
from quarterdeck.core.times import rfc3339
from quarterdeck.errors import Refused
from quarterdeck.foreign_files import LARGEST_FILE_BYTES, open_file, read_at, read_bytes
from quarterdeck.operations.program_versions import version_of
from quarterdeck.ports.agent import NO_TRACES
from quarterdeck.ports.mux import CaptureRequest
from quarterdeck.supervisor.agent_facts import conversation_of, home_of, started_at
from quarterdeck.supervisor.reports import glance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quarterdeck.core.pane import Pane
    from quarterdeck.core.session import Session
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.ports.agent import Agent, AgentTraces
    from quarterdeck.ports.agent_process import AgentHome, Program

_OF_NEED = {
    Need.PERMISSION: "waiting-permission",
    Need.QUESTION: "waiting-answer",
    Need.ERROR: "error",
    Need.FINISHED: "finished",
}
_OF_STATE = {
    SessionState.BUSY: "working",
    SessionState.ATTENTION: "waiting-permission",
    SessionState.ERROR: "error",
    SessionState.EXITED: "exited",
}
TRANSCRIPT_BYTES = 1024 * 1024
"""Read of a transcript's end."""
FIRST_ROWS, LAST_ROWS = 5, 400
OWN_FILE_BYTES = 64 * 1024
MACHINE_NUMBER = Path("/etc/machine-id")
_SQLITE = b"SQLite format 3"
_NAME = re.compile(r"[\w.+-]{1,60}")


class AgentRecording(Struct, frozen=True, kw_only=True):
    """Its files, by their names, and the folder they belong in."""

    folder: str
    """`SIZE/AGENT@VERSION/NAME`."""
    files: Mapping[str, str]
    truth: str


class _Seen(Struct, kw_only=True):
    """What was found out about the program in the pane."""

    agent: Agent | None = None
    program: Program | None = None
    home: AgentHome | None = None
    version: str = ""
    conversation: str = ""
    transcript: Path | None = None
    traces: AgentTraces = NO_TRACES


async def record(context: SessionContext, session: Session, *, truth: str = "", name: str = "") -> AgentRecording:
    """Record what an observer sees of a session now; `truth` says what it truly does, where its row is wrong."""
    look = await context.mux.look({session.pane_id} if session.pane_id else set())
    panes = look.panes if isinstance(look, Snapshot) else ()
    pane = next((pane for pane in panes if pane.pane_id == session.pane_id), None)
    if pane is None:
        raise Refused(f"{session.session_id} has no pane, so there is nothing to record.")
    screens = await context.mux.capture([CaptureRequest(pane.pane_id, colours=True)])
    table = await context.processes.look(at_once=True)
    family = table.family(pane.pid)
    seen = await asyncio.to_thread(_look_closely, context, session, pane, table.programs_below(pane.pid))
    words = _private_words(seen.home)
    now = context.clock.now()
    shown = to_wire(masked_session(session))
    said = truth or (_OF_NEED[session.needs] if session.needs else _OF_STATE.get(session.state, "idle"))
    facts = {
        "state": said,
        "at": rfc3339(now),
        "agent": seen.agent.spec.key if seen.agent else "",
        "version": seen.version,
        "quarterdeck": __version__,
        "title": pane.title,
        "command": pane.command,
        "width": pane.width,
        "height": pane.height,
        "alternate": pane.alternate,
        "cwd": pane.path,
        "seconds": 0.0,
        "programs": [
            {
                "pid": each.pid,
                "ppid": each.ppid,
                "command": each.name,
                "argv": words.hide_argv(each.argv),
                "started": f"{each.started:.15g}",
            }
            for each in family
        ],
        "conversation": seen.conversation,
        "transcript": _below_home(seen.transcript, seen.home),
        "files": {
            _below_home(file, seen.home): _own_file(file, words)
            for file in seen.traces.files
            if _below_home(file, seen.home)
        },
        "row": {key: shown.get(key) for key in ("state", "needs", "asks", "thought", "state_evidence", "tool")},
    }
    hidden = words.hide_in(facts)
    # Files are whole documents, whose texts have been seen to.
    hidden["files"] = facts["files"]
    files = {
        "facts.json": json.dumps(hidden, indent=1, ensure_ascii=False) + "\n",
        "screen.ansi": words.hide_on_screen(clean_sgr(screens.get(pane.pane_id, ""))),
    }
    if rows := await asyncio.to_thread(_reports, context, pane, words):
        files["reports.jsonl"] = _lines(rows)
    if seen.traces.rows:
        files["database.jsonl"] = _lines(words.hide_in(row) for row in seen.traces.rows)
    elif seen.transcript is not None and (text := await asyncio.to_thread(_transcript, seen.transcript, words)):
        files["transcript.jsonl"] = text
    key = seen.agent.spec.key if seen.agent else _word(pane.command)
    made_with = f"{key}@{_word(seen.version)}" if seen.version else key
    folder = f"{pane.width}x{pane.height}/{made_with}/{_word(name or said)}"
    return AgentRecording(folder=folder, files=files, truth=said)


def _look_closely(context: SessionContext, session: Session, pane: Pane, programs: tuple[Program, ...]) -> _Seen:
    found = context.agents.detect(programs)
    if found is None:
        return _Seen()
    agent, program = found
    seen = _Seen(agent=agent, program=program, home=home_of(program, agent), version=version_of(program, agent.spec))
    seen.conversation = conversation_of(agent, program, pane.title)
    seen.transcript = context.transcript(session.session_id)
    reader = agent.transcript(
        cwd=pane.path,
        claims=_NobodysClaims(),
        session_id=seen.conversation or session.conversation or "",
        since=started_at(program),
        path=seen.transcript,
        home=seen.home,
    )
    if reader is not None:
        view = reader.read()
        seen.transcript = reader.path or seen.transcript
        seen.conversation = seen.conversation or (view.session_id if view else "")
        reader.close()
    seen.traces = agent.traces(program, seen.conversation, transcript=seen.transcript, home=seen.home)
    return seen


class _NobodysClaims:
    """Implements ports.Claims for who only looks: whoever else reads a file goes on doing so."""

    def claim(self, path: Path, owner: object) -> bool:
        """Everything may be looked at."""
        del path, owner
        return True

    def release(self, owner: object) -> None:
        """Nothing was taken."""
        del owner


def _private_words(home: AgentHome | None) -> PrivateWords:
    user = ""
    with suppress(OSError, KeyError):
        user = getpass.getuser()
    number = ""
    with suppress(OSError):
        number = read_bytes(MACHINE_NUMBER, OWN_FILE_BYTES).decode(errors="replace").strip()
    homes = [str(Path.home()), *([str(home.path)] if home else [])]
    return PrivateWords(homes=tuple(homes), user=user, hosts=(socket.gethostname().partition(".")[0], number))


def _below_home(file: Path | None, home: AgentHome | None) -> str:
    """The file's name with `$HOME` in front; "" for one that is elsewhere."""
    root = home.path if home else Path.home()
    return f"{HOME}/{file.relative_to(root)}" if file is not None and file.is_relative_to(root) else ""


def _own_file(file: Path, words: PrivateWords) -> str:
    try:
        data = read_bytes(file, OWN_FILE_BYTES)
    except OSError:
        return ""
    found = parse_object(data)
    return words.hide(data.decode(errors="replace")) if found is None else json.dumps(words.hide_in(found))


def _reports(context: SessionContext, pane: Pane, words: PrivateWords) -> list[object]:
    """What hooks have reported of the pane and nobody has taken yet."""
    found = [report for report in glance(context.places.spool, since=0.0).values() if report is not None]
    theirs = sorted((report for report in found if report.pane_id == pane.pane_id), key=lambda report: report.at)
    return [
        {"at": rfc3339(each.at), "event": each.event, "payload": words.hide_in(dict(each.payload))} for each in theirs
    ]


def _transcript(file: Path, words: PrivateWords) -> str:
    """The first rows of a transcript and its last."""
    try:
        if file.suffix == ".json":
            return _row(read_bytes(file, LARGEST_FILE_BYTES), words)
        handle = open_file(file)
    except OSError:
        return ""
    try:
        size = os.fstat(handle).st_size
        start = read_at(handle, 0, TRANSCRIPT_BYTES)
        end = read_at(handle, size - TRANSCRIPT_BYTES, TRANSCRIPT_BYTES) if size > TRANSCRIPT_BYTES else b""
    finally:
        os.close(handle)
    if start.startswith(_SQLITE):
        return ""
    found = [*start.split(b"\n")[: FIRST_ROWS if end else None], *end.split(b"\n")[1:]]
    rows = [row for row in found if row.strip()]
    kept = rows if len(rows) <= FIRST_ROWS + LAST_ROWS else [*rows[:FIRST_ROWS], *rows[-LAST_ROWS:]]
    return "".join(_row(row, words) for row in kept)


def _row(row: bytes, words: PrivateWords) -> str:
    found = parse_object(row)
    if found is None:
        return f"{words.hide(row.decode(errors='replace'))}\n"
    return f"{json.dumps(words.hide_in(found), ensure_ascii=False)}\n"


def _lines(rows: Iterable[object]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False, default=str)}\n" for row in rows)


def _word(text: str) -> str:
    """The text as a name of a folder."""
    return "-".join(_NAME.findall(text)).strip(".-") or "unknown"
