"""What a look adds to what is known of a session."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.agents.roster import Roster
from quarterdeck.core.pane import Pane, PaneId, TmuxSessionId, WindowId
from quarterdeck.core.projection import KnownFacts, Seen, project, shows_as
from quarterdeck.core.reading import Reading
from quarterdeck.core.report import ReportState
from quarterdeck.core.session import (
    Ask,
    Confidence,
    Evidence,
    ExitReason,
    Need,
    Session,
    SessionState,
    Source,
    TransportHealth,
)
from quarterdeck.ports.agent_process import Program
from quarterdeck.ports.clock import SystemClock
from quarterdeck.supervisor.agent_facts import AgentFacts
from quarterdeck.supervisor.session_memory import remembered
from quarterdeck.values import replace
from support.recordings import agent
from support.store import NOON, session

if TYPE_CHECKING:
    from pathlib import Path

PANE = Pane(
    pane_id=PaneId("%1"), window_id=WindowId("@1"), tmux_id=TmuxSessionId("$1"), session_name="one",
    session_created=1_700_000_000, pid=7, command="sh", path="/tmp", title="a title",
)  # fmt: skip
OF_THE_PANE: list[dict[str, Any]] = [
    {}, {"pane_id": PaneId("%2")}, {"tmux_id": TmuxSessionId("$2")}, {"session_name": "two"}, {"session_created": 5},
    {"pid": 8}, {"window_index": 3}, {"window_name": "logs"}, {"pane_index": 1},
    {"command": ""}, {"command": "vi"}, {"path": ""}, {"path": "/"}, {"title": ""},
]  # fmt: skip
OF_THE_ROW: list[dict[str, Any]] = [
    {}, {"is_stale": True}, {"transport_health": TransportHealth.DEGRADED}, {"exit_reason": ExitReason.PROCESS_EXIT},
    {"exit_status": 0}, {"ended_at": NOON}, {"created_at": None}, {"thought": "something else"}, {"cwd": "/elsewhere"},
]  # fmt: skip


OF_THE_LOOK: list[dict[str, Any]] = [
    {}, {"clients": 1}, {"incarnation": "next"}, {"is_bound": True}, {"rows": 2},
]  # fmt: skip


def look_at(pane: Pane, **facts: Any) -> Seen:
    known: dict[str, Any] = {"pane": pane, "clients": 0, "incarnation": "run"}
    return Seen(**known | facts)


def seen(row: Session, pane: Pane, **facts: Any) -> Session:
    return project(row, KnownFacts(seen=look_at(pane, **facts)), NOON)


@given(st.sampled_from(OF_THE_PANE), st.sampled_from(OF_THE_ROW), st.sampled_from(OF_THE_LOOK))
def test_a_row_is_made_again_exactly_when_it_would_differ(
    of_pane: dict[str, Any], of_row: dict[str, Any], of_look: dict[str, Any]
) -> None:
    known = replace(seen(session(1), PANE), **of_row)
    pane = replace(PANE, **of_pane)

    assert shows_as(known, look_at(pane, **of_look)) == (seen(known, pane, **of_look) is known)


@pytest.mark.parametrize(
    ("kept", "now_shown", "is_kept"),
    [
        pytest.param({}, {}, True, id="the same program"),
        pytest.param({"pid": 0}, {}, True, id="as it was read from the store"),
        pytest.param({}, {"pid": 4001}, False, id="another program in the pane"),
        pytest.param({}, {"pane_id": "%9"}, False, id="another pane"),
        pytest.param({"pid": 0}, {"pane_id": "%9"}, False, id="another pane while nobody watched"),
    ],
)
def test_what_is_known_of_one_program_is_not_said_of_another(
    kept: dict[str, Any], now_shown: dict[str, Any], is_kept: bool
) -> None:
    known = seen(session(1), PANE)
    ask = Ask(kind=Need.PERMISSION, text="rm -rf build", since=NOON)
    told = Evidence(cause="screen_asks", confidence=Confidence.HIGH)
    asking = replace(known, state=SessionState.ATTENTION, needs=Need.PERMISSION, asks=ask, state_evidence=told, **kept)
    after = seen(asking, replace(PANE, **now_shown))

    says = (after.state, after.needs, after.asks, after.state_evidence.cause)
    nothing = (SessionState.IDLE, None, None, "initial_state")
    assert says == ((SessionState.ATTENTION, Need.PERMISSION, ask, "screen_asks") if is_kept else nothing)


@pytest.mark.parametrize(
    ("kept", "ended_after", "needs"),
    [
        pytest.param(None, 1, None, id="it was looked at before"),
        pytest.param(None, 60, Need.FINISHED, id="it ended while nobody watched"),
        pytest.param(Need.FINISHED, 1, Need.FINISHED, id="nobody has looked yet"),
    ],
)
def test_a_turn_that_was_looked_at_is_no_news_when_the_console_opens_again(
    kept: Need | None, ended_after: int, needs: Need | None
) -> None:
    evidence = Evidence(cause="stop", confidence=Confidence.HIGH, observed_at=NOON, source=Source.HOOK)
    known = replace(session(1), state=SessionState.IDLE, needs=kept, state_evidence=evidence)
    ended = Reading(
        source=Source.TRANSCRIPT, state=SessionState.IDLE, cause="turn_over", confidence=Confidence.HIGH,
        at=NOON + timedelta(seconds=ended_after), needs=Need.FINISHED,
    )  # fmt: skip
    memory = remembered(known, PANE)
    memory.program_since = NOON - timedelta(hours=1)
    memory.report = ReportState(reading=ended)

    assert memory.conclusion(ended).needs is needs


@pytest.mark.parametrize(
    ("command", "program", "runs"),
    [
        pytest.param("codex", None, True, id="by the command's name alone"),
        pytest.param("node", "node", True, id="in an interpreter"),
        pytest.param("MainThread", "MainThread", True, id="by whatever name it has given itself"),
        pytest.param("sh", "codex", True, id="in what we start it with"),
        pytest.param("vim", "codex", False, id="an editor in front of it"),
        pytest.param("node", None, False, id="an interpreter of something else"),
        pytest.param("bash", None, False, id="its shell"),
    ],
)
def test_a_session_says_itself_whether_its_agent_is_in_front(command: str, program: str | None, runs: bool) -> None:
    known = replace(session(1), tool="Codex", agent="codex")
    pane = replace(PANE, command=command)
    memory = remembered(known, pane)
    memory.agent = agent("codex")
    memory.program = Program(pid=8, command=program) if program else None
    found = Roster([agent("codex")]).detect([Program(pid=0, command=command)])
    memory.in_front = found[0] if found else None

    read = KnownFacts(conclusion=memory.conclusion(memory.reading(NOON)))
    after = project(known, read, NOON)

    assert (after.agent, after.tool, after.runs_agent) == ("codex", "Codex", runs)


@pytest.mark.process
async def test_the_conversation_a_process_is_in_counts_for_more_than_the_one_it_last_reported(tmp_path: Path) -> None:
    home = tmp_path / "home"
    sessions = home / ".claude" / "sessions"
    sessions.mkdir(parents=True)
    process = await asyncio.create_subprocess_exec("/bin/sleep", "60", env={"HOME": str(home)})
    entry = {"pid": process.pid, "sessionId": "the-one-it-is-in-now", "status": "idle"}
    (sessions / f"{process.pid}.json").write_text(json.dumps(entry))
    memory = remembered(session(1), PANE)
    memory.agent = agent("claude")
    memory.program = Program(pid=process.pid, command="claude", argv=("claude",), started="")
    memory.report = ReportState(session_id="the-one-it-has-left", at=NOON)

    await AgentFacts(clock=SystemClock(), claims=FileClaims(), agents=Roster([])).refresh([memory], moved=None)
    process.kill()
    await process.wait()

    read = KnownFacts(conclusion=memory.conclusion(memory.reading(NOON)))
    assert project(session(1), read, NOON).conversation == "the-one-it-is-in-now"
