from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.agents.limits import reset_time, retry_time
from quarterdeck.agents.opencode_server import Answers, Server, ask, port_in, reading_of
from quarterdeck.core.report import Report, ReportState
from quarterdeck.core.session import Need, SessionState
from quarterdeck.core.subagent import SubagentState
from quarterdeck.ports.agent import ScreenLook
from quarterdeck.values import replace
from support.recordings import AGENTS, FULL, HERE, NOW, agent, recordings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAIN = "eb2316bf-3da4-41d5-bec4-9d217e01c4a0"


def report(key: str, event: str, second: float = 0, **payload: object) -> Report:
    return Report(
        agent=key,
        event=event,
        at=NOW + timedelta(seconds=second),
        payload={"session_id": MAIN, "hook_event_name": event, **payload},
    )


def told(key: str, *reports: Report, held: ReportState | None = None) -> ReportState:
    held = held or ReportState()
    for each in reports:
        held = agent(key).read_report(held, each)
    return held


def payload(key: str, name: str) -> Mapping[str, object]:
    found: Mapping[str, object] = json.loads((HERE / FULL / key / "hooks" / f"{name}.json").read_text())
    return found


def state(held: ReportState) -> SessionState | None:
    return held.reading.state if held.reading else None


def test_a_sub_agents_events_neither_end_nor_revive_the_main_agent() -> None:
    busy = told("claude", report("claude", "UserPromptSubmit", 0, prompt="p"))
    began = told("claude", report("claude", "SubagentStart", 1, agent_id="a1"), held=busy)
    stopped = told("claude", report("claude", "SubagentStop", 2, agent_id="a1"), held=began)
    assert [each.key for each in began.subagents] == ["a1"]
    assert stopped.subagents == ()
    assert state(stopped) is SessionState.BUSY

    over = told("claude", report("claude", "Stop", 3), held=stopped)
    late = told(
        "claude",
        report("claude", "PreToolUse", 4, agent_id="a2", tool_name="Bash", tool_input={"command": "ls"}),
        report("claude", "PostToolUse", 5, agent_id="a2", tool_name="Bash"),
        report("claude", "SubagentStop", 6, agent_id="a2"),
        report("claude", "Stop", 7, agent_id="a2"),
        held=over,
    )

    assert late.reading == over.reading
    assert late.tool == ""


def test_a_sub_agent_that_asks_makes_the_session_ask_until_it_is_answered() -> None:
    held = told("claude", report("claude", "UserPromptSubmit"))
    asked = told(
        "claude",
        report("claude", "PermissionRequest", 1, agent_id="a1", tool_name="Bash", tool_input={"command": "rm x"}),
        held=held,
    )
    assert asked.reading is not None
    assert asked.reading.needs is Need.PERMISSION
    assert asked.reading.question == "Bash: rm x"

    other = told("claude", report("claude", "PostToolUse", 2, agent_id="a2"), held=asked)
    answered = told("claude", report("claude", "PostToolUse", 3, agent_id="a1"), held=other)

    assert state(other) is SessionState.ATTENTION
    assert state(answered) is SessionState.BUSY


def test_tasks_that_go_on_after_the_turn_are_counted() -> None:
    tasks = [{"id": "1", "status": "running"}, {"id": "2", "status": "completed"}, {"id": "3", "status": "pending"}]

    held = told("claude", report("claude", "Stop", background_tasks=tasks, last_assistant_message="done"))

    assert held.background_tasks == 2
    assert held.last_text == "done"
    assert held.reading is not None
    assert held.reading.needs is Need.FINISHED


def test_a_reminder_keeps_the_words_of_the_request_before_it() -> None:
    held = told(
        "claude",
        Report(agent="claude", event="PermissionRequest", at=NOW, payload=payload("claude", "PermissionRequest.Bash")),
        Report(
            agent="claude",
            event="Notification",
            at=NOW + timedelta(seconds=6),
            payload=payload("claude", "Notification.permission_prompt"),
        ),
    )

    assert held.reading is not None
    assert held.reading.question == "Bash: touch made-by-agent.txt && sleep 6"
    assert held.reading.at == NOW + timedelta(seconds=6)


@pytest.mark.parametrize(
    ("key", "name", "event"),
    [
        ("claude", "PermissionRequest.AskUserQuestion", "PermissionRequest"),
        ("codex", "PreToolUse.request_user_input", "PreToolUse"),
        ("gemini", "BeforeTool.ask_user", "BeforeTool"),
        ("opencode", "question.asked", "question.asked"),
    ],
)
def test_a_question_comes_with_its_words_and_choices(key: str, name: str, event: str) -> None:
    held = told(key, Report(agent=key, event=event, at=NOW, payload=payload(key, name)))

    assert held.reading is not None
    assert held.reading.needs is Need.QUESTION
    assert held.reading.question == "Which colour should the button be?"
    assert held.reading.choices == ("Red", "Blue")


def test_codexs_hidden_thread_does_not_end_the_turn() -> None:
    real = payload("codex", "notify.agent-turn-complete")
    hidden = payload("codex", "notify.agent-turn-complete.title-thread")
    busy = told("codex", Report(agent="codex", event="UserPromptSubmit", at=NOW, payload=payload("codex", "Stop")))

    after_hidden = told("codex", Report(agent="codex", event=str(hidden["type"]), at=NOW, payload=hidden), held=busy)
    after_real = told("codex", Report(agent="codex", event=str(real["type"]), at=NOW, payload=real), held=busy)

    assert state(after_hidden) is SessionState.BUSY
    assert state(after_real) is SessionState.IDLE


def test_compaction_in_the_middle_of_a_turn_does_not_end_it() -> None:
    held = told(
        "claude",
        report("claude", "UserPromptSubmit", 0),
        report("claude", "PreCompact", 1, trigger="auto"),
        report("claude", "SessionStart", 2, source="compact"),
        report("claude", "PostCompact", 3, trigger="auto"),
    )
    assert state(held) is SessionState.BUSY

    assert state(told("claude", report("claude", "PostCompact", 4, trigger="manual"), held=held)) is SessionState.IDLE


def test_the_idle_reminder_does_not_hide_an_error() -> None:
    held = told(
        "claude",
        Report(agent="claude", event="StopFailure", at=NOW, payload=payload("claude", "StopFailure.server_error")),
        report("claude", "Notification", 60, notification_type="idle_prompt"),
    )

    assert state(held) is SessionState.ERROR


def test_opencodes_idle_after_an_error_does_not_hide_it_and_the_next_turn_clears_it() -> None:
    held = told(
        "opencode",
        Report(agent="opencode", event="session.error", at=NOW, payload=payload("opencode", "session.error")),
        Report(agent="opencode", event="session.idle", at=NOW, payload=payload("opencode", "session.idle")),
    )
    assert state(held) is SessionState.ERROR

    busy = Report(agent="opencode", event="session.status", at=NOW, payload=payload("opencode", "session.status.busy"))
    assert state(told("opencode", busy, held=held)) is SessionState.BUSY


def test_what_a_sub_agent_asks_stands_when_the_turn_of_the_main_one_is_over() -> None:
    asked = told(
        "claude",
        report("claude", "SubagentStart", 1, agent_id="a1", agent_type="Explore"),
        report("claude", "PermissionRequest", 2, agent_id="a1", tool_name="Bash", tool_input={"command": "rm x"}),
    )
    over = told("claude", report("claude", "Stop", 3, last_assistant_message="started it"), held=asked)
    answered = told("claude", report("claude", "PostToolUse", 4, agent_id="a1", tool_name="Bash"), held=over)
    done = told("claude", report("claude", "Stop", 5), held=answered)

    assert (state(over), over.asked_by, over.last_text) == (SessionState.ATTENTION, "a1", "started it")
    assert (state(answered), answered.asked_by) == (SessionState.BUSY, "")
    assert state(done) is SessionState.IDLE


def test_kilos_interrupt_before_the_model_answered_is_no_end_of_a_turn() -> None:
    def event(kind: str, second: int, **found: object) -> Report:
        told = {"type": kind, "properties": {"sessionID": "ses_1", **found}}
        return Report(agent="kilo", event=kind, at=NOW + timedelta(seconds=second), payload=told)

    held = told(
        "kilo",
        event("session.status", 0, status={"type": "busy"}),
        event("session.status", 1, status={"type": "idle"}),
        event("session.idle", 1),
        event("session.drain.interrupted", 1),
    )

    assert held.reading is not None
    assert (held.reading.state, held.reading.needs) == (SessionState.IDLE, None)


def test_opencodes_child_sessions_are_sub_agents() -> None:
    def event(kind: str, session: str, second: int, **more: object) -> Report:
        found = {"type": kind, "properties": {"sessionID": session, **more}}
        return Report(agent="opencode", event=kind, at=NOW + timedelta(seconds=second), payload=found)

    held = told(
        "opencode",
        event("session.status", "main", 0, status={"type": "busy"}),
        event("session.created", "child", 1, info={"id": "child", "parentID": "main"}),
        event("session.idle", "child", 2),
        event("session.error", "child", 3, error={"name": "APIError"}),
    )

    assert [(each.key, each.state) for each in held.subagents] == [("child", SubagentState.IDLE)]
    assert held.session_id == "main"
    assert state(held) is SessionState.BUSY
    asked = told("opencode", event("permission.asked", "child", 4, permission="bash"), held=held)
    assert state(asked) is SessionState.ATTENTION
    assert (
        state(told("opencode", event("permission.replied", "child", 5, reply="once"), held=asked)) is SessionState.BUSY
    )


def test_a_report_that_comes_late_changes_nothing() -> None:
    held = told("claude", report("claude", "UserPromptSubmit", 10, prompt="new"))

    late = told("claude", report("claude", "Stop", 5), held=held)

    assert late == held


def test_another_conversation_in_the_same_pane_starts_from_nothing() -> None:
    held = told("claude", report("claude", "UserPromptSubmit", 0, prompt="old", transcript_path="/old.jsonl"))

    cleared = told(
        "claude",
        report("claude", "SessionEnd", 1, reason="clear"),
        replace(report("claude", "SessionStart", 2), payload={"session_id": "other", "source": "clear"}),
        held=held,
    )

    assert (cleared.session_id, cleared.transcript_path, cleared.last_prompt) == ("other", "", "")
    assert state(cleared) is SessionState.IDLE


@pytest.mark.parametrize("key", ["claude", "codex"])
def test_the_late_end_of_the_conversation_before_says_nothing_of_this_one(key: str) -> None:
    held = told(key, report(key, "Stop", 1, last_assistant_message="done"))
    late = replace(report(key, "SessionEnd", 2), payload={"session_id": "the one before", "reason": "other"})

    assert told(key, late, held=held) == held


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    ["tool_name", "tool_input", "questions", "properties", "status", "info", "details", "agent_id"]
)


@pytest.mark.parametrize("key", AGENTS)
@given(data=st.data())
def test_no_payload_breaks_a_reader(key: str, data: st.DataObject) -> None:
    names = sorted({name for file in (HERE / FULL / key / "hooks").iterdir() for name in [file.name.split(".json")[0]]})
    events = sorted({name.split(".")[0] for name in names} | {".".join(name.split(".")[:2]) for name in names})
    event = data.draw(st.sampled_from(events))
    held = told(
        key, Report(agent=key, event=event, at=NOW, payload=data.draw(st.dictionaries(FIELDS, JSON, max_size=4)))
    )

    assert held.at == NOW


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("You've hit your limit · resets 3pm (UTC)", datetime(2026, 11, 21, 15, tzinfo=UTC)),
        ("5-hour limit reached ∙ resets 3:30am (Europe/Berlin)", datetime(2026, 11, 22, 2, 30, tzinfo=UTC)),
        ("Claude AI usage limit reached|1795248000", datetime.fromtimestamp(1795248000, UTC)),
        ("limit resets Nov 23, 5pm (UTC)", datetime(2026, 11, 23, 17, tzinfo=UTC)),
        ("Please try again in 1 hour 5 minutes.", NOW + timedelta(minutes=65)),
        ("try again in 20s", NOW + timedelta(seconds=20)),
        ("try again in 3 days", NOW + timedelta(days=3)),
        (
            "Usage limit reached for all Pro models.\nAccess resets at 10:12 PM UTC.",
            datetime(2026, 11, 21, 22, 12, tzinfo=UTC),
        ),
        ("You exceeded your current quota. Please retry in 3600s.", NOW + timedelta(hours=1)),
        (
            "You have exhausted your capacity on this model. Your quota will reset after 1h4m8s.",
            NOW + timedelta(seconds=3848),
        ),
        ("You have exhausted your daily quota on this model.", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("API Error: 500 Internal server error", None),
        ("it resets 3 counters", None),
        ("resets 99pm", None),
        ("resets 3pm (Nowhere/Land)", "some"),
        (f"try again in {'9' * 400} days", "some"),
        ("resets Nov 21, 3am (UTC)", datetime(2026, 11, 21, 3, tzinfo=UTC)),
        ("resets Jan 2, 3am (UTC)", datetime(2027, 1, 2, 3, tzinfo=UTC)),
    ],
)
def test_the_end_of_a_limit_is_read_where_it_is_told(text: str, wanted: datetime | str | None) -> None:
    found = reset_time(text, NOW)

    if wanted == "some":
        assert found is not None
    else:
        assert found == wanted


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_a_limit_that_ends_after_summer_time_ends_by_the_clock_of_then() -> None:
    summer = datetime(2026, 10, 24, 9, tzinfo=UTC)

    assert reset_time("resets Oct 27 at 2pm", summer) == datetime(2026, 10, 27, 13, tzinfo=UTC)
    assert reset_time("resets 3:30am", summer) == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)
    assert reset_time("resets 3pm", summer) == datetime(2026, 10, 24, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("You exceeded your current quota. [retrying in 59m attempt #3", 59),
        ("⠋ Retrying (1/3) in 3600s... (escape to cancel)", 60),
        ("Retrying in 1h 4m", 64),
        ("[retrying in 30s attempt #2", None),
        ("refused [retrying attempt #1", None),
        ("it says to retry in 2 hours", None),
        ("retrying in 99999999h", None),
    ],
)
def test_an_agent_that_tries_again_much_later_stands_still_until_then(text: str, minutes: int | None) -> None:
    assert retry_time(text, NOW) == (None if minutes is None else NOW + timedelta(minutes=minutes))


def test_what_a_screen_counts_down_is_when_it_works_again() -> None:
    foot = "   ⬝⬝⬝⬝⬝■■■ You exceeded your current quota. [retrying in 1h attempt #1]            esc interrupt"
    line = "─" * 80
    pi = f" Error: 429 refused\n ⠋ Retrying (1/3) in 3600s... (escape to cancel)\n{line}\n\n{line}\n ~/work\n"
    box = "\n".join(("  ┃", "  ┃  Build · Mock Model Mock", "  ╹" + "▀" * 100, foot))

    for key, screen in (("opencode", box), ("kilo", box), ("pi", pi)):
        found = agent(key).read_screen(ScreenLook(text=screen, at=NOW))
        assert found is not None, key
        assert (found.state, found.until) == (SessionState.BUSY, NOW + timedelta(hours=1)), key


# ---- OpenCode's server


@pytest.mark.parametrize(
    ("after", "until"),
    [
        (3_600_000, NOW + timedelta(hours=1)),
        (30_000, None),
        (-5_000, None),
        (10**18, None),
        ("soon", None),
        (True, None),
    ],
)
def test_a_server_that_tries_again_much_later_says_when(after: object, until: datetime | None) -> None:
    told = NOW.timestamp() * 1000 + after if isinstance(after, int) and not isinstance(after, bool) else after
    status = {"type": "retry", "attempt": 1, "message": "quota", "next": told}
    payload = {"properties": {"sessionID": "ses_1", "status": status}}
    report = Report(agent="opencode", event="session.status", at=NOW, payload=payload)
    reported = agent("opencode").read_report(ReportState(), report).reading

    for found in (reading_of(Answers({"ses_1": status}, (), ()), NOW), reported):
        assert found is not None
        assert (found.state, found.until) == (SessionState.BUSY, until)
    both = Answers({"ses_1": status, "ses_2": {"type": "busy"}}, (), ())
    assert reading_of(both, NOW).until is None, "one of its helpers works"


@pytest.mark.parametrize(
    "recording",
    [each for each in recordings(FULL) if each.agent_key == "opencode" and (each.folder / "api.json").exists()],
    ids=str,
)
def test_opencodes_server_tells_every_state_but_the_reason_of_rest(recording: object) -> None:
    from support.recordings import Recording, verdict

    assert isinstance(recording, Recording)
    told_by_server = json.loads((recording.folder / "api.json").read_text())
    if recording.truth == "exited" or "/session/status" not in told_by_server:
        return
    answers = Answers(told_by_server["/session/status"], told_by_server["/permission"], told_by_server["/question"])

    reading = reading_of(answers, NOW)

    if recording.truth == "error":
        assert reading.state is SessionState.IDLE
    else:
        assert verdict(reading, recording.truth) == "right"
    if recording.truth.startswith("waiting"):
        assert reading.question
        assert reading.choices


def test_a_port_is_taken_from_the_command_line_alone() -> None:
    assert port_in(("opencode", "--port", "4096")) == 4096
    assert port_in(("opencode", "--port=81")) == 81
    assert port_in(("opencode", "--port", "0")) == 0
    assert port_in(("opencode", "--port", "x")) == 0
    assert port_in(("opencode", "--port")) == 0
    assert port_in(("opencode",)) == 0


def test_a_server_that_does_not_answer_says_nothing() -> None:
    assert ask(Server(pid=0, port=1)) is None
