"""Claude Code's list of its live sessions: a small file for each process, those in the background too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.claude_files import config_folder
from quarterdeck.agents.json_lines import newest_first
from quarterdeck.core.foreign_json import parse_object, text_at, time_at
from quarterdeck.core.reading import UNBEGUN, Reading
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.foreign_files import read_bytes
from quarterdeck.ports.agent import AgentTraces
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.core.foreign_json import Json
    from quarterdeck.ports.agent_process import AgentHome, Program

LONGEST_SESSION_FILE = 64 * 1024
MOST_ENTRIES = 200
BACKGROUND = "bg"
"""The kind of those that run without a terminal."""
_SHOWS_OTHERS = {"agents", "attach"}
"""What `claude` is told to do where it has no conversation of its own."""
_STATES: Mapping[str, SessionState] = {
    "idle": SessionState.IDLE,
    "busy": SessionState.BUSY,
    "waiting": SessionState.ATTENTION,
    # Its turn is over, and a command that it started goes on behind.
    "shell": SessionState.IDLE,
}
_WAITS_FOR: Mapping[str, Need] = {
    "permission prompt": Need.PERMISSION,
    "sandbox request": Need.PERMISSION,
    "worker request": Need.PERMISSION,
    "goal proposal": Need.PERMISSION,
    "input needed": Need.QUESTION,
}
"""What it waits for, in its own words; anything else is some leave."""
_OWN_DIALOG = "dialog open"
"""It rests under a list or a page that was opened in it (`/model`, `/help`); only seldom does that ask something."""


def entries(home: AgentHome | None) -> Iterator[Json]:
    """The files of all processes, also those that were left behind; the newest first."""
    for file in newest_first((config_folder(home) / "sessions").glob("*.json"))[:MOST_ENTRIES]:
        found = _read_entry(file)
        if found is not None:
            yield found


def entry(program: Program, home: AgentHome | None = None) -> Json | None:
    """The file of the process whose conversation this process shows: its own, or that of one in the background.

    None when there is none, or when it was left behind by an earlier process of this number.
    """
    found = _read_entry(_entry_file(program, home))
    if found is None or found.get("pid") != program.pid:
        return _background_entry(_attached_to(program.argv), home)
    started = text_at(found, "procStart")
    if started and program.started and started != program.started:
        return None
    # Its conversation goes on in the background, and here is the list of all there are.
    return _background_entry(text_at(found, "parkedJobId"), home) or found


def _entry_file(program: Program, home: AgentHome | None) -> Path:
    return config_folder(home) / "sessions" / f"{program.pid}.json"


def live_files(program: Program, home: AgentHome | None) -> tuple[Path, ...]:
    """The file in which a live process says what it does."""
    return (_entry_file(program, home),)


def traces(program: Program, conversation: str, transcript: Path | None, home: AgentHome | None) -> AgentTraces:
    """The file of a live process."""
    del conversation, transcript
    return AgentTraces(files=(_entry_file(program, home),))


def _read_entry(file: Path) -> Json | None:
    try:
        return parse_object(read_bytes(file, LONGEST_SESSION_FILE))
    except OSError:
        return None


def _words(argv: Sequence[str]) -> list[str]:
    """A command line without its program and its options."""
    return [word for word in argv[1:] if not word.startswith("-")]


def _attached_to(argv: Sequence[str]) -> str:
    """The id or name in `claude attach WORD`."""
    words = _words(argv)
    at = words.index("attach") if "attach" in words[:2] else len(words)
    return next(iter(words[at + 1 :]), "")


def _background_entry(word: str, home: AgentHome | None) -> Json | None:
    """The file of the one in the background with this id, or the only one with this in its name."""
    if not word:
        return None
    behind = [each for each in entries(home) if each.get("kind") == BACKGROUND]
    named = [each for each in behind if word.casefold() in text_at(each, "name").casefold()]
    return next((each for each in behind if text_at(each, "jobId") == word), named[0] if len(named) == 1 else None)


def conversation(program: Program, home: AgentHome | None) -> str:
    """The conversation a live process is in now; the list of all sessions is in none, and no guess is made for it."""
    found = entry(program, home)
    if found is None:
        return UNBEGUN if _SHOWS_OTHERS & set(_words(program.argv)[:2]) else ""
    return text_at(found, "sessionId")


def read_registry(program: Program, at: datetime, home: AgentHome | None, _conversation: str = "") -> Reading | None:
    """What the file of a live process says."""
    found = entry(program, home)
    return reading_of(found, at) if found is not None else None


def reading_of(found: Json, at: datetime) -> Reading | None:
    """What such a file says."""
    status = text_at(found, "status")
    state = _STATES.get(status)
    if state is None:
        return None
    waits_for = text_at(found, "waitingFor")
    told = Reading(
        source=Source.REGISTRY,
        state=state,
        cause=f"registry_{status}",
        confidence=Confidence.HIGH,
        at=min(time_at(found, "statusUpdatedAt") or at, at),
        detail=waits_for,
        needs=_WAITS_FOR.get(waits_for, Need.PERMISSION) if state is SessionState.ATTENTION else None,
        conversation=text_at(found, "sessionId"),
    )
    if waits_for != _OWN_DIALOG or told.needs is None:
        return told
    # Unsure, so that a question is told by whoever sees one.
    return replace(told, state=SessionState.IDLE, cause="registry_dialog", confidence=Confidence.LOW, needs=None)
