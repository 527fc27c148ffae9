"""Agents that work in one folder: each row tells of the conversation of its own process."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.agents.roster import Roster
from quarterdeck.core.pane import Pane, PaneId, TmuxSessionId, WindowId
from quarterdeck.core.session import Session, SessionState
from quarterdeck.ports.agent_process import AgentHome, Program
from quarterdeck.ports.clock import wall_clock
from quarterdeck.supervisor import agent_facts
from quarterdeck.supervisor.agent_facts import AgentFacts
from quarterdeck.supervisor.session_memory import SessionMemory, remembered
from quarterdeck.values import replace
from support.recordings import agent
from support.store import session

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

NOW = wall_clock()
FOLDER = "/work/demo"


class Folder:
    """Gemini CLIs in one folder, with their chat files; how old each is can be chosen."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.chats = home / ".gemini/tmp/demo/chats"
        self.chats.mkdir(parents=True)
        (home / ".gemini/projects.json").write_text(json.dumps({"projects": {FOLDER: "demo"}}))
        monkeypatch.setattr(agent_facts, "home_of", lambda program, agent: AgentHome(home))
        self.begun: dict[str, datetime] = {}
        monkeypatch.setattr(agent_facts, "started_at", lambda program: self.begun[program.started])
        self.claims = FileClaims()

    def chat(self, name: str, *, begun: int, written: int) -> str:
        """A conversation that was begun and last written so many minutes ago; answers its id."""
        conversation = f"{name * 8}-1111-2222-3333-444444444444"
        file = self.chats / f"session-2026-11-30T18-45-{name * 8}.jsonl"
        at = minutes_ago(begun).isoformat().replace("+00:00", "Z")
        rows = [
            {"sessionId": conversation, "startTime": at, "kind": "main"},
            {"id": name, "timestamp": at, "type": "user", "content": [{"text": f"to {name}"}]},
        ]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        os.utime(file, (minutes_ago(written).timestamp(),) * 2)
        return conversation

    def memory(self, number: int, *, begun: int, row: Session | None = None) -> SessionMemory:
        """What is remembered of a row whose program was started so many minutes ago."""
        pane = Pane(
            pane_id=PaneId(f"%{number}"), window_id=WindowId("@1"), tmux_id=TmuxSessionId("$1"), session_name="four",
            session_created=1_700_000_000, pid=os.getpid(), command="node", path=FOLDER,
        )  # fmt: skip
        made = remembered(row or session(number), pane)
        made.agent = agent("gemini")
        made.program = Program(pid=os.getpid(), command="node", argv=("node", "gemini"), started=str(number))
        self.begun[str(number)] = minutes_ago(begun)
        return made

    async def read(self, *memories: SessionMemory) -> list[str]:
        """The conversations that are read of them."""
        facts = AgentFacts(clock=Standing(), claims=self.claims, agents=Roster([agent("gemini")]))
        await facts.refresh(memories, moved=None)
        return [memory.view.session_id if memory.view else "" for memory in memories]


class Standing:
    """A clock that stands still."""

    def now(self) -> datetime:
        """The time at which all of this happens."""
        return NOW

    def monotonic(self) -> float:
        """The same, for waits."""
        return 1_000.0


def minutes_ago(minutes: int) -> datetime:
    """A time before now."""
    return NOW - timedelta(minutes=minutes)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """The folder of one test."""
    return Folder(tmp_path, monkeypatch)


async def test_each_has_the_conversation_that_began_with_it(folder: Folder) -> None:
    elder = folder.chat("a", begun=20, written=0)
    younger = folder.chat("b", begun=9, written=5)

    told = await folder.read(folder.memory(1, begun=21), folder.memory(2, begun=10))

    assert told == [elder, younger]


async def test_one_that_has_said_nothing_yet_does_not_take_what_an_elder_one_had(folder: Folder) -> None:
    had = folder.chat("a", begun=170, written=5)
    row = replace(session(1), conversation=had, tool="Gemini CLI", last_activity_at=minutes_ago(2))

    told = await folder.read(
        folder.memory(1, begun=180, row=replace(row, state=SessionState.IDLE)), folder.memory(2, begun=10)
    )

    assert told == [had, ""]


async def test_one_that_has_said_nothing_yet_does_not_have_an_ended_conversation(folder: Folder) -> None:
    folder.chat("a", begun=20, written=5)

    assert await folder.read(folder.memory(1, begun=1)) == [""]


async def test_one_that_goes_on_with_an_older_conversation_has_it_once_it_writes(folder: Folder) -> None:
    older = folder.chat("a", begun=20, written=0)

    assert await folder.read(folder.memory(1, begun=1)) == [older]


async def test_a_conversation_that_somebody_is_known_to_be_in_is_nobody_elses(folder: Folder) -> None:
    known = folder.chat("a", begun=5, written=0)
    other = folder.chat("b", begun=9, written=1)
    guessing, reported = folder.memory(1, begun=10), folder.memory(2, begun=10)
    before = await folder.read(guessing)
    reported.report = replace(reported.report, session_id=known)

    after = await folder.read(guessing, reported)

    assert before == [known]
    assert after == [other, known]


async def test_among_several_a_row_keeps_the_conversation_it_had(folder: Folder) -> None:
    newest, former = folder.chat("a", begun=4, written=0), folder.chat("b", begun=5, written=1)
    row = replace(session(1), conversation=former, tool="Gemini CLI", last_activity_at=minutes_ago(2))
    seen = folder.memory(1, begun=10, row=replace(row, state=SessionState.IDLE))

    told = await folder.read(seen, folder.memory(2, begun=11))

    assert told == [former, newest]


async def test_what_a_row_had_before_its_program_began_says_nothing(folder: Folder) -> None:
    newest, former = folder.chat("a", begun=4, written=0), folder.chat("b", begun=50, written=1)
    row = replace(session(1), conversation=former, tool="Gemini CLI", last_activity_at=minutes_ago(20))
    seen = folder.memory(1, begun=10, row=replace(row, state=SessionState.IDLE))

    told = await folder.read(seen, folder.memory(2, begun=11))

    assert told == [newest, former]
