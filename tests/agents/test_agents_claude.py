"""What only Claude Code has: its own words for what it waits for, panels beside its screen, work behind a turn."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.agents.side_panel import without_side_panel
from quarterdeck.core.reading import Reading
from quarterdeck.core.reading_ladder import decide
from quarterdeck.core.report import Report, ReportState
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.core.text import cell_width
from quarterdeck.ports.agent import BoxState
from quarterdeck.ports.agent_process import AgentHome, Program
from quarterdeck.values import replace
from support.recordings import FULL, NOW, Recording, agent, recordings

if TYPE_CHECKING:
    from pathlib import Path

CLAUDE = agent("claude")


def registry(home: Path, waits_for: str, *, status: str = "waiting") -> Reading:
    """What the file of a process says."""
    told = {"pid": 7, "sessionId": "one", "status": status, "waitingFor": waits_for, "statusUpdatedAt": 1}
    folder = home / ".claude" / "sessions"
    folder.mkdir(parents=True)
    (folder / "7.json").write_text(json.dumps(told))
    reading = CLAUDE.read_registry(Program(pid=7, command="claude"), at=NOW, home=AgentHome(home))
    assert reading is not None
    return reading


@pytest.mark.parametrize(
    ("waits_for", "needs"),
    [
        ("permission prompt", Need.PERMISSION),
        ("sandbox request", Need.PERMISSION),
        ("worker request", Need.PERMISSION),
        ("goal proposal", Need.PERMISSION),
        ("something new", Need.PERMISSION),
        ("input needed", Need.QUESTION),
    ],
)
def test_what_claude_waits_for_is_told_in_its_own_words(waits_for: str, needs: Need, tmp_path: Path) -> None:
    reading = registry(tmp_path, waits_for)

    assert (reading.state, reading.needs, reading.detail) == (SessionState.ATTENTION, needs, waits_for)
    assert reading.confidence is Confidence.HIGH


def test_a_list_or_page_that_is_open_asks_nothing(tmp_path: Path) -> None:
    reading = registry(tmp_path, "dialog open")

    assert (reading.state, reading.needs) == (SessionState.IDLE, None)
    asked = Reading(
        source=Source.SCREEN,
        state=SessionState.ATTENTION,
        cause="screen_question",
        confidence=Confidence.HIGH,
        at=NOW,
        needs=Need.QUESTION,
        question="Go on with another model?",
    )
    assert decide({each.source: each for each in (reading, asked)}, now=NOW) == asked, "seen there, so it does ask"


STOP = {"hook_event_name": "Stop", "session_id": "one", "last_assistant_message": "I sent one to look."}


@pytest.mark.parametrize(
    ("kind", "status", "state"),
    [
        ("subagent", "running", SessionState.BUSY),
        ("subagent", "completed", SessionState.IDLE),
        ("shell", "running", SessionState.IDLE),
    ],
)
def test_a_turn_that_agents_in_the_background_will_go_on_with_is_not_over(
    kind: str, status: str, state: SessionState
) -> None:
    tasks = [{"id": "a1", "type": kind, "status": status, "description": "Look around"}]

    held = CLAUDE.read_report(
        ReportState(), Report(agent="claude", event="Stop", at=NOW, payload=STOP | {"background_tasks": tasks})
    )

    assert held.reading is not None
    assert (held.reading.state, held.last_text) == (state, "I sent one to look.")
    assert held.reading.needs is (Need.FINISHED if state is SessionState.IDLE else None)


@pytest.mark.parametrize(("status", "state"), [("busy", SessionState.BUSY), ("idle", SessionState.IDLE)])
def test_a_lead_whose_team_works_is_as_busy_as_its_own_list_says(
    status: str, state: SessionState, tmp_path: Path
) -> None:
    tasks = [{"id": "t1", "type": "teammate", "status": "running", "description": "Check the tests"}]
    held = CLAUDE.read_report(
        ReportState(), Report(agent="claude", event="Stop", at=NOW, payload=STOP | {"background_tasks": tasks})
    )
    listed = registry(tmp_path, "", status=status)

    assert held.reading is not None
    assert decide({each.source: each for each in (held.reading, listed)}, now=NOW).state is state


left_side = st.lists(st.text("ab │─❯漢", max_size=12), min_size=8, max_size=20)


@given(
    left=left_side, right=st.text("xyz │─", max_size=20), under=st.sampled_from([(), ("─" * 100, "❯ words", "─" * 100)])
)
def test_what_stands_beside_claude_is_cut_off_at_its_border(
    left: list[str], right: str, under: tuple[str, ...]
) -> None:
    rows = [text + " " * (50 - cell_width(text)) + "│" + right for text in left]

    assert without_side_panel((*rows, *under)) == (*(text.rstrip() for text in left), *under)


def test_a_table_in_an_answer_is_no_panel() -> None:
    table = ("a" + " " * 49 + "│ b",) * 12

    assert without_side_panel((*table, "and so on")) == (*table, "and so on")
    assert without_side_panel((*table, "", "─" * 100, "❯", "─" * 100)) == (*table, "", "─" * 100, "❯", "─" * 100)
    assert without_side_panel(table[:5]) == table[:5]


def test_a_transcript_tells_a_turn_that_agents_go_on_with_from_one_that_is_over(tmp_path: Path) -> None:
    file = tmp_path / "one.jsonl"
    reader = CLAUDE.transcript(cwd="/work", claims=FileClaims(), path=file)
    assert reader is not None

    def after(*rows: dict[str, object]) -> SessionState | None:
        with file.open("a") as lines:
            lines.writelines(
                json.dumps(row | {"timestamp": NOW.isoformat(), "sessionId": "one"}) + "\n" for row in rows
            )
        view = reader.read()
        return view.reading.state if view and view.reading else None

    def assistant(stop: str, *blocks: dict[str, object]) -> dict[str, object]:
        return {"type": "assistant", "message": {"id": "m", "stop_reason": stop, "content": list(blocks)}}

    call: dict[str, object] = {"type": "tool_use", "id": "c1", "name": "Agent", "input": {"description": "Look around"}}
    begun = {"status": "async_launched", "agentId": "a1"}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": "begun"}
    turn_over: dict[str, object] = {"type": "system", "subtype": "turn_duration"}
    said: dict[str, object] = {"type": "text", "text": "One looks around."}
    over = "<task-notification><task-id>a1</task-id><status>completed</status></task-notification>"

    assert after({"type": "user", "message": {"content": "go"}}, assistant("tool_use", call)) is SessionState.BUSY
    after({"type": "user", "message": {"content": [result]}, "toolUseResult": begun})
    assert after(assistant("end_turn", said)) is SessionState.BUSY
    assert after(turn_over) is SessionState.BUSY
    assert after({"type": "user", "message": {"content": over}}) is SessionState.BUSY
    assert after(assistant("end_turn", said), turn_over) is SessionState.IDLE

    after({"type": "user", "message": {"content": "again"}}, assistant("tool_use", call))
    after({"type": "user", "message": {"content": [result]}, "toolUseResult": begun}, assistant("end_turn", said))
    assert after({"type": "system", "subtype": "agents_killed"}) is SessionState.IDLE


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ("You've hit your 5-hour limit · resets 11:47am (UTC)", datetime(2026, 11, 21, 11, 47, tzinfo=UTC)),
        ("You've hit your weekly limit · resets Dec 3, 3pm (Europe/Berlin)", datetime(2026, 12, 3, 14, tzinfo=UTC)),
        ("You've hit your Opus limit · resets Jan 2, 2027, 9am (UTC)", datetime(2027, 1, 2, 9, tzinfo=UTC)),
        ("You're out of usage credits · resets Dec 4, 9:30am (UTC)", datetime(2026, 12, 4, 9, 30, tzinfo=UTC)),
        ("5-hour limit reached · retrying in 7s (11:24pm) · attempt 5/5", None),
    ],
)
def test_when_a_usage_limit_ends_is_read_from_claudes_words(said: str, until: datetime | None) -> None:
    payload = {"session_id": "one", "error": "rate_limit", "last_assistant_message": said}

    held = CLAUDE.read_report(ReportState(), Report(agent="claude", event="StopFailure", at=NOW, payload=payload))

    assert held.reading is not None
    assert (held.reading.state, held.reading.until) == (SessionState.ERROR, until)


def test_claudes_list_of_sessions_takes_no_message_and_an_answer_like_it_changes_nothing() -> None:
    (listed,) = (each for each in recordings(FULL) if (each.made_with, each.name) == ("claude@2.1.332", "agents-view"))
    (rests,) = (each for each in recordings(FULL) if (each.made_with, each.name) == ("claude@2.1.332", "finished"))
    answer = "● Needs input\n  Working\n  Completed\n\n"

    assert CLAUDE.read_box(listed.look()).state is BoxState.COVERED
    assert CLAUDE.read_screen(listed.look()) is None
    assert CLAUDE.read_box(replace(rests.look(), text=answer + rests.screen)).state is BoxState.OPEN


@pytest.mark.parametrize(
    "recording",
    [each for each in recordings() if each.agent_key == "claude" and each.truth.startswith("waiting-")],
    ids=str,
)
def test_what_claude_asks_is_told_without_what_stands_beside_it_or_is_no_part_of_it(recording: Recording) -> None:
    reading = CLAUDE.read_screen(recording.look())

    assert reading is not None
    assert reading.choices
    for text in (reading.question, *reading.choices):
        assert "Tip:" not in text
        assert "│" not in text
        assert "files changed" not in text
