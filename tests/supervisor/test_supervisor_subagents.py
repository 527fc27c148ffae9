"""What an agent runs besides itself, from its files to its row, and until its process ends."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from quarterdeck.agents.claude_files import folder_name
from quarterdeck.core.pane import Pane, PaneId, TmuxSessionId, WindowId
from quarterdeck.core.reading import Reading
from quarterdeck.core.report import ReportState
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.core.session_json import to_wire
from quarterdeck.core.subagent import Subagent, SubagentState
from quarterdeck.core.transcript import TranscriptView
from quarterdeck.ports.agent_process import Program
from quarterdeck.ports.clock import wall_clock
from quarterdeck.supervisor.session_memory import SessionMemory, remembered
from quarterdeck.values import replace
from support.post import ScriptedAgent
from support.recordings import agent
from support.store import NOON, session
from support.tmux_server import TmuxServer
from support.workers import until, watching

if TYPE_CHECKING:
    from pathlib import Path

PANE = Pane(
    pane_id=PaneId("%1"), window_id=WindowId("@1"), tmux_id=TmuxSessionId("$1"), session_name="one",
    session_created=1_700_000_000, pid=7, command="claude", path="/tmp", title="",
)  # fmt: skip
ONE = Subagent(name="Explore", thought="reads", key="a1", since=NOON)
IN_THE_FILE = TranscriptView(session_id="c1", subagents=(ONE,))
REPORTED = ReportState(session_id="c1", subagents=(Subagent(name="Plan", key="b1", since=NOON),), at=NOON)
IDLE = SubagentState.IDLE
RESTS = ReportState(session_id="c1", subagents=(
    Subagent(name="Plan", state=IDLE), Subagent(name="tester", state=IDLE, team="ours"),
), at=NOON)  # fmt: skip
WORKS = Reading(source=Source.TRANSCRIPT, state=SessionState.BUSY, cause="x", confidence=Confidence.HIGH, at=NOON)


def memory(**facts: Any) -> SessionMemory:
    held = remembered(session(1), PANE)
    known = {"agent": agent("claude"), "program": Program(pid=8, command="claude"), "report": REPORTED}
    for name, value in {**known, **facts}.items():
        setattr(held, name, value)
    return held


@pytest.mark.parametrize(
    ("facts", "names"),
    [
        pytest.param({}, ["Plan"], id="only its hooks tell"),
        pytest.param({"view": IN_THE_FILE}, ["Explore"], id="its transcript knows best"),
        pytest.param({"view": TranscriptView()}, ["Plan"], id="there is no transcript yet"),
        pytest.param({"report": RESTS}, ["tester"], id="only a teammate rests without having ended"),
        pytest.param({"conversation": "c2"}, [], id="the hooks told of another conversation"),
        pytest.param({"program": None, "view": IN_THE_FILE}, [], id="its process has ended"),
        pytest.param({"view": IN_THE_FILE, "program_since": NOON + timedelta(seconds=1)}, [], id="of the run before"),
        pytest.param({"view": IN_THE_FILE, "program_since": NOON}, ["Explore"], id="of this run"),
    ],
)
def test_what_runs_is_of_this_conversation_and_this_run(facts: dict[str, Any], names: list[str]) -> None:
    assert [each.name for each in memory(**facts).conclusion(WORKS).subagents] == names


@pytest.mark.parametrize("needs", [Need.PERMISSION, None])
def test_the_one_behind_an_open_request_asks_until_that_is_answered(needs: Need | None) -> None:
    silent = TranscriptView(session_id="c1", subagents=(replace(ONE, thought=None),))
    held = memory(view=silent, report=ReportState(session_id="c1", asked_by="a1", at=NOON))
    asks = Reading(
        source=Source.SCREEN, state=SessionState.ATTENTION, cause="x", confidence=Confidence.HIGH, at=NOON,
        needs=Need.PERMISSION, question="Bash:\nrm -r out\x1b[2J",
    )  # fmt: skip

    (told,) = held.conclusion(asks if needs else WORKS).subagents

    assert told.state is (SubagentState.ATTENTION if needs else SubagentState.BUSY)
    assert told.thought == ("Bash: rm -r out" if needs else None)


@pytest.mark.process
async def test_subagents_are_in_the_row_from_their_beginning_to_the_end_of_their_agent(
    short_folder: Path, private_home: Path
) -> None:
    with TmuxServer(short_folder / "s") as server:
        claude = ScriptedAgent(server, short_folder, "web")
        claude.start()
        claude.until_ready()
        claude.order("draft one")
        async with watching(server.socket, private_home) as watched:
            await until(lambda: (row := watched.row("web")) and row.conversation, "its conversation is known")
            call = {"type": "tool_use", "id": "t1", "name": "Agent", "input": {"name": "tester", "description": "Test"}}
            shell = {"type": "tool_use", "id": "t2", "name": "Bash", "input": {"command": "npm run dev"}}
            write(claude, "assistant", [call, shell])
            write(claude, "user", [{"type": "tool_result", "tool_use_id": "t2"}], backgroundTaskId="b1")
            claude.order("draft two")
            await until(lambda: names(watched.row("web")) == ["shell", "tester"], "both are in the row")

            write(claude, "user", [{"type": "tool_result", "tool_use_id": "t1"}])
            with transcript_of(claude).open("a") as file:
                file.write('{"type": "user", "message": {"content": [{"type": "tool_res')
            claude.order("draft three")
            await until(lambda: names(watched.row("web")) == ["shell"], "the one that was waited for is over")
            row = watched.need("web")
            assert to_wire(row)["subagents"] == [{"name": "shell", "state": "busy", "thought": "npm run dev"}]
            assert to_wire(row)["conversation"] == transcript_of(claude).stem

            server.run("respawn-pane", "-k", "-t", claude.pane_id, "cat")
            await until(lambda: names(watched.row("web")) == [], "what its agent left behind is not told of")


def names(row: Any) -> list[str]:
    return [each.name for each in row.subagents] if row else []


def transcript_of(claude: ScriptedAgent) -> Path:
    """Where it keeps its transcript, which it has not begun."""
    (entry,) = (claude.home / ".claude" / "sessions").glob("*.json")
    conversation = json.loads(entry.read_text())["sessionId"]
    return claude.home / ".claude" / "projects" / folder_name(str(claude.folder)) / f"{conversation}.jsonl"


def write(claude: ScriptedAgent, kind: str, content: list[dict[str, Any]], **result: object) -> None:
    """One more row of its transcript."""
    file = transcript_of(claude)
    message = {"role": kind, "content": content, "stop_reason": "tool_use"}
    row = {"type": kind, "sessionId": file.stem, "timestamp": wall_clock().isoformat(), "message": message}
    with file.open("a") as transcript:
        transcript.write(json.dumps({**row, "toolUseResult": result}) + "\n")
