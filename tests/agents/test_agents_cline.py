"""Cline: which conversation a process is in, and what its two files tell together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.core.session import Need, SessionState
from quarterdeck.ports.agent_process import AgentHome, Program
from support.recordings import agent

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.core.reading import Reading

ID = "1796076337453_j4qof"
CWD = "/work/demo"
PROMPT = {"role": "user", "ts": 1796076374826, "content": [{"type": "text", "text": "<user_input>Do it.</user_input>"}]}
SAID = {"role": "assistant", "ts": 1796076376224, "content": [{"type": "text", "text": "Done."}]}
CALL = {"type": "tool_use", "id": "c1", "name": "run_commands", "input": {"commands": ["touch x"]}}
CALLED = {"role": "assistant", "ts": 1796076376224, "content": [CALL]}
FAILED = {**SAID, "metadata": {"displayRole": "error"}}


def written(home: Path, status: str, *messages: object, pid: int = 42) -> Path:
    """A session as Cline keeps it."""
    folder = home / ".cline" / "data" / "sessions" / ID
    folder.mkdir(parents=True, exist_ok=True)
    described = {"session_id": ID, "pid": pid, "status": status, "cwd": CWD, "started_at": "2026-11-30T22:05:37.478Z"}
    (folder / f"{ID}.json").write_text(json.dumps(described))
    file = folder / f"{ID}.messages.json"
    file.write_text(json.dumps({"sessionId": ID, "messages": messages}))
    return file


def reading(home: Path) -> Reading | None:
    reader = agent("cline").transcript(cwd=CWD, claims=FileClaims(), home=AgentHome(home))
    assert reader is not None
    view = reader.read()
    return view.reading if view else None


@pytest.mark.parametrize(
    ("status", "messages", "state", "needs"),
    [
        ("running", (PROMPT,), SessionState.BUSY, None),
        ("running", (PROMPT, SAID), SessionState.BUSY, None),  # the next prompt is not written before its answer is
        ("running", (PROMPT, FAILED), SessionState.BUSY, None),
        ("pending", (PROMPT, CALLED), SessionState.ATTENTION, Need.PERMISSION),
        ("idle", (PROMPT, SAID), SessionState.IDLE, Need.FINISHED),
        ("idle", (PROMPT, FAILED), SessionState.ERROR, Need.ERROR),
        ("idle", (PROMPT,), SessionState.IDLE, None),
    ],
)
def test_status_and_messages_tell_together_what_it_does(
    status: str, messages: tuple[object, ...], state: SessionState, needs: Need | None, tmp_path: Path
) -> None:
    written(tmp_path, status, *messages)

    found = reading(tmp_path)

    assert found is not None
    assert (found.state, found.needs) == (state, needs)
    if status == "pending":
        assert found.question == "run_commands: touch x"


def test_a_half_written_file_changes_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, "idle", PROMPT, SAID)
    reader = agent("cline").transcript(cwd=CWD, claims=FileClaims(), home=AgentHome(tmp_path))
    assert reader is not None
    before = reader.read()

    file.write_text(file.read_text()[:40])

    assert before is not None
    assert before.turns == ("Do it.",)
    assert reader.read() == before


def test_its_conversation_is_the_one_that_names_its_process_or_that_it_goes_on_with(tmp_path: Path) -> None:
    home = AgentHome(tmp_path)
    written(tmp_path, "idle", PROMPT, SAID, pid=42)
    resumed = Program(pid=44, command="cline", argv=("cline", "--tui", "--id", ID))

    found = [
        agent("cline").conversation(each, home=home)
        for each in (Program(pid=42, command="cline"), resumed, Program(pid=45, command="cline"))
    ]

    assert found == [ID, ID, ""]
