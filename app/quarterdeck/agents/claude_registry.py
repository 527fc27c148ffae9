"""Claude Code's own list of live sessions: one small file per process, with what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.claude_transcript import config_folder
from quarterdeck.core.foreign_json import Json, parse_object, text_at, time_at
from quarterdeck.core.reading import Reading
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.foreign_files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.ports.agent import Program

LONGEST = 64 * 1024

_STATES: Mapping[str, SessionState] = {
    "idle": SessionState.IDLE,
    "busy": SessionState.BUSY,
    "waiting": SessionState.ATTENTION,
    # Its turn is over, and a command that it started goes on behind.
    "shell": SessionState.IDLE,
}
_ANSWERS = frozenset({"input needed", "dialog open", "worker request"})


def entry(program: Program, home: Path | None = None) -> Json | None:
    """The process's file; None when there is none, or when it was left behind by an earlier process of this number."""
    file = config_folder(home) / "sessions" / f"{program.pid}.json"
    try:
        found = parse_object(read_bytes(file, LONGEST))
    except OSError:
        return None
    if found is None or found.get("pid") != program.pid:
        return None
    started = text_at(found, "procStart")
    if started and program.started and started != program.started:
        return None
    return found


def conversation(program: Program, home: Path | None = None) -> str:
    """The conversation a live process is in now."""
    found = entry(program, home)
    return text_at(found, "sessionId") if found else ""


def read_registry(program: Program, at: datetime, home: Path | None = None) -> Reading | None:
    """What the file of a live process says."""
    found = entry(program, home)
    if found is None:
        return None
    status = text_at(found, "status")
    state = _STATES.get(status)
    if state is None:
        return None
    waits_for = text_at(found, "waitingFor")
    asks = state is SessionState.ATTENTION
    return Reading(
        source=Source.REGISTRY,
        state=state,
        cause=f"registry_{status}",
        confidence=Confidence.HIGH,
        at=min(time_at(found, "statusUpdatedAt") or at, at),
        detail=waits_for,
        needs=(Need.QUESTION if waits_for in _ANSWERS else Need.PERMISSION) if asks else None,
    )
