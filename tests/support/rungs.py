"""What each rung of the ladder says of a recorded agent, as the supervisor would have heard it."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, cast

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.core.report import Report, ReportState
from quarterdeck.ports.agent_process import AgentHome, Program
from quarterdeck.runtime.agent_loading import load_agents
from quarterdeck.values import replace

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.agents.roster import Roster
    from quarterdeck.core.reading import Reading
    from support.recordings import Recording

RUNGS = ("hook", "registry", "transcript", "title", "screen")

PROMPTED = {
    "claude": "UserPromptSubmit",
    "codex": "UserPromptSubmit",
    "gemini": "BeforeAgent",
    "opencode": "session.status.busy",
    "qwen": "UserPromptSubmit",
}
ASKED_LEAVE = {
    "claude": "PermissionRequest.Bash",
    "codex": "PermissionRequest.Bash",
    "gemini": "Notification.ToolPermission",
    "opencode": "permission.asked",
    "qwen": "PermissionRequest.run_shell_command",
}
ASKED = {
    "claude": "PermissionRequest.AskUserQuestion",
    "codex": "PreToolUse.request_user_input",
    "gemini": "BeforeTool.ask_user",
    "opencode": "question.asked",
    "qwen": "PreToolUse.ask_user_question",
}
BEFORE = {
    "interrupted": PROMPTED,
    "permission-denied": ASKED_LEAVE,
    "permission-granted": ASKED_LEAVE,
    "working-tool": ASKED_LEAVE,
    "question-answered": ASKED,
    "question-refused": ASKED,
    "interrupted-early": PROMPTED,
    "interrupted-queued": PROMPTED,
}
"""What the hooks had told before a recording began, where it began in the middle of a turn."""


def rungs(recording: Recording, folder: Path) -> dict[str, Reading | None]:
    """What each rung says, at the moment of the recording."""
    now = recording.seen_at + timedelta(seconds=0.3)
    still_for = 0.3 if recording.truth == "working" else 3.0
    return {
        "hook": reported(recording).reading,
        "registry": _registry(recording, folder),
        "transcript": _transcript(recording, folder),
        "title": recording.agent.read_title(recording.title, at=now, still_for=still_for),
        "screen": recording.agent.read_screen(replace(recording.look(still_for=still_for), at=now)),
    }


def reported(recording: Recording) -> ReportState:
    """What the hooks' reports add up to."""
    held = ReportState()
    began = recording.seen_at - timedelta(seconds=cast("float", recording.facts["seconds"]))
    event = BEFORE.get(recording.name, {}).get(recording.agent_key)
    if event is not None and (recording.folder.parent / "hooks").exists():
        held = recording.agent.read_report(held, payload_report(recording, event, began - timedelta(seconds=3)))
    for report in recording.reports(before=recording.seen_at):
        held = recording.agent.read_report(held, report)
    return held


def payload_report(recording: Recording, name: str, at: datetime) -> Report:
    """A recorded payload as a report."""
    payload = json.loads((recording.folder.parent / "hooks" / f"{name}.json").read_text())
    event = payload.get("hook_event_name") or payload.get("type") or name
    return Report(agent=recording.agent_key, event=event, at=at, payload=payload)


def _registry(recording: Recording, folder: Path) -> Reading | None:
    told = recording.facts.get("registry")
    if not isinstance(told, dict):
        return _own_files(recording, folder)
    sessions = folder / ".claude" / "sessions"
    sessions.mkdir(parents=True, exist_ok=True)
    (sessions / f"{told['pid']}.json").write_text(json.dumps(told))
    program = Program(pid=told["pid"], command="claude", argv=("claude",), started=told["procStart"])
    return recording.agent.read_registry(program, at=recording.seen_at + timedelta(seconds=1), home=AgentHome(folder))


def _own_files(recording: Recording, folder: Path) -> Reading | None:
    """What the files say that the agent keeps beside its transcript."""
    found = _agents().detect(recording.programs)
    if found is None or not recording.facts.get("files"):
        return None
    recording.files_in(folder)
    return recording.agent.read_registry(found[1], at=recording.seen_at, home=AgentHome(folder))


@cache
def _agents() -> Roster:
    return load_agents({})


def _transcript(recording: Recording, folder: Path) -> Reading | None:
    path = recording.transcript_in(folder)
    if path is None:
        return None
    cwd, named = str(recording.facts.get("cwd", "$HOME/work/demo")), str(recording.facts.get("conversation", ""))
    reader = recording.agent.transcript(cwd=cwd, claims=FileClaims(), session_id=named, path=path)
    assert reader is not None
    view = reader.read()
    return view.reading if view else None
