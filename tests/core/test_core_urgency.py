"""Who stands first in the table, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.session import (
    ActionCue,
    ActionCueKind,
    Ask,
    Confidence,
    Evidence,
    Need,
    RestState,
    Session,
    SessionId,
    SessionState,
    ThoughtState,
    TransportHealth,
)
from quarterdeck.core.urgency import (
    UrgencyTier,
    natural_key,
    needs_attention,
    pressure,
    sort_key,
    tier,
    waits,
)
from quarterdeck.values import replace

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SURE = Evidence(cause="rule", confidence=Confidence.HIGH, observed_at=NOON)


def row(name: str = "work", **fields: object) -> Session:
    base = Session(
        session_id=SessionId(f"sess_{name}"),
        tmux_name=name,
        tmux_server="/tmp/s",
        state_evidence=SURE,
        last_activity_at=NOON,
    )
    # The fields of many types arrive through one mapping.
    return replace(base, **fields)  # type: ignore[arg-type]


def cue(kind: str) -> tuple[ActionCue, ...]:
    return (ActionCue(kind=ActionCueKind(kind)),)


@pytest.mark.parametrize(
    ("fields", "score", "rank"),
    [
        pytest.param({}, 1, 0, id="idle shell"),
        pytest.param({"state": SessionState.BUSY}, 12, 0, id="busy"),
        pytest.param({"state": SessionState.ATTENTION}, 45, 3, id="attention"),
        pytest.param({"state": SessionState.ERROR}, 55, 2, id="error"),
        pytest.param({"needs": Need.ERROR}, 55, 2, id="an agent's error"),
        pytest.param({"needs": Need.ERROR, "state": SessionState.ERROR}, 55, 2, id="an error once"),
        pytest.param({"rest_state": RestState.SLEEPING}, 35, 1, id="sleeping"),
        pytest.param({"rest_state": RestState.DEEP_SLEEP}, 20, 1, id="deep sleep"),
        pytest.param({"runs_agent": True}, 35, 3, id="idle agent"),
        pytest.param({"runs_agent": True, "needs": Need.FINISHED}, 35, 3, id="finished agent"),
        pytest.param({"runs_agent": True, "thought_state": ThoughtState.ACTIVE}, 1, 0, id="thinks"),
        pytest.param({"tool": "Codex"}, 1, 0, id="agent that is not in front"),
        pytest.param({"commit_candidate": True}, 25, 4, id="commit candidate"),
        pytest.param({"action_cues": cue("awaiting_user")}, 55, 5, id="awaiting user"),
        pytest.param({"action_cues": cue("commit_ready")}, 45, 4, id="commit ready"),
        pytest.param({"action_cues": cue("validation_missing_after_edit")}, 40, 3, id="not tested"),
        pytest.param({"action_cues": cue("dirty_check_missing")}, 35, 3, id="not seen"),
        pytest.param({"needs": Need.PERMISSION}, 70, 7, id="permission"),
        pytest.param({"needs": Need.QUESTION}, 70, 6, id="question"),
        pytest.param({"state_evidence": Evidence(cause="x")}, 15, 1, id="unobserved"),
        pytest.param({"state_evidence": replace(SURE, confidence=Confidence.MEDIUM)}, 15, 1, id="not sure"),
        pytest.param({"is_stale": True}, 10, 1, id="stale"),
        pytest.param({"transport_health": TransportHealth.DEGRADED}, 20, 1, id="transport"),
        pytest.param({"needs": Need.QUESTION, "action_cues": cue("awaiting_user")}, 99, 6, id="never over 99"),
    ],
)
def test_pressure_is_the_sum_of_what_presses(fields: dict[str, object], score: int, rank: int) -> None:
    assert pressure(row("work", **fields)) == (score, rank)


@pytest.mark.parametrize(
    ("fields", "place", "wanted"),
    [
        pytest.param({}, UrgencyTier.LIVE, (False, False), id="idle shell"),
        pytest.param({"state": SessionState.BUSY}, UrgencyTier.LIVE, (False, False), id="busy"),
        pytest.param({"needs": Need.PERMISSION}, UrgencyTier.ASKS, (True, True), id="permission"),
        pytest.param({"needs": Need.QUESTION}, UrgencyTier.ASKS, (True, True), id="question"),
        pytest.param({"action_cues": cue("awaiting_user")}, UrgencyTier.WANTS_A_LOOK, (False, True), id="reminder"),
        pytest.param({"needs": Need.ERROR}, UrgencyTier.FAILED, (True, True), id="error"),
        pytest.param({"state": SessionState.ERROR}, UrgencyTier.FAILED, (False, True), id="a shell's error passes"),
        pytest.param({"needs": Need.FINISHED}, UrgencyTier.WANTS_A_LOOK, (True, True), id="finished"),
        pytest.param({"state": SessionState.ATTENTION}, UrgencyTier.WANTS_A_LOOK, (True, True), id="attention"),
        pytest.param({"commit_candidate": True}, UrgencyTier.WANTS_A_LOOK, (False, True), id="commit candidate"),
        pytest.param({"rest_state": RestState.SLEEPING}, UrgencyTier.LIVE, (False, False), id="sleeping"),
        pytest.param({"runs_agent": True}, UrgencyTier.LIVE, (False, False), id="seen idle agent"),
        pytest.param(
            {"state": SessionState.EXITED, "needs": Need.ERROR}, UrgencyTier.GONE, (False, False), id="exited"
        ),
        pytest.param({"is_stale": True, "needs": Need.QUESTION}, UrgencyTier.GONE, (True, True), id="stale"),
    ],
)
def test_each_row_has_its_place(fields: dict[str, object], place: UrgencyTier, wanted: tuple[bool, bool]) -> None:
    session = row("work", **fields)

    assert tier(session) is place
    assert (waits(session), needs_attention(session)) == wanted


def test_what_waits_comes_first_then_what_waits_longest_then_names() -> None:
    def asked(name: str, minutes: int) -> Session:
        since = NOON - timedelta(minutes=minutes)
        return row(name, needs=Need.QUESTION, asks=Ask(kind=Need.QUESTION, text="?", since=since))

    wanted = [
        asked("patient", 30),
        asked("new", 1),
        row("failed", needs=Need.ERROR),
        row("done", needs=Need.FINISHED),
        row("2"),
        row("10", state=SessionState.BUSY),
        row("b"),
        row("gone", is_stale=True),
    ]
    shuffled = Random(1).sample(wanted, len(wanted))

    assert [each.tmux_name for each in sorted(shuffled, key=sort_key)] == [each.tmux_name for each in wanted]


def test_a_working_row_keeps_its_place_when_it_prints() -> None:
    quiet = row("a", state=SessionState.BUSY)

    assert sort_key(quiet) == sort_key(replace(quiet, last_activity_at=NOON + timedelta(hours=1)))


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        pytest.param(["10", "2", "1"], ["1", "2", "10"], id="numbers"),
        pytest.param(["w10", "w2", "W1"], ["W1", "w2", "w10"], id="numbers in names"),
        pytest.param(["b", "a", "", "7"], ["", "7", "a", "b"], id="numbers before names"),
        pytest.param(["a1b10", "a1b9"], ["a1b9", "a1b10"], id="several numbers"),
    ],
)
def test_names_sort_as_people_count(names: list[str], wanted: list[str]) -> None:
    assert sorted(names, key=natural_key) == wanted


@given(st.text(max_size=8), st.text(max_size=8))
def test_any_two_names_can_be_compared(one: str, other: str) -> None:
    assert (natural_key(one) < natural_key(other)) + (natural_key(other) < natural_key(one)) <= 1


def test_what_presses_adds_up() -> None:
    assert pressure(row(commit_candidate=True, is_stale=True)) == (35, 4)
    assert pressure(row(runs_agent=True, rest_state=RestState.SLEEPING)) == (70, 3)
