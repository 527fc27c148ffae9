"""The small tables: rest states, signs, interpreters, confidence of causes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import quarterdeck
from quarterdeck.core.process_tree import is_interpreter
from quarterdeck.core.reading import cause_of, fallback_rest_state, rest_state_from_idle
from quarterdeck.core.session import Need, RestState, SessionState, ThoughtState
from quarterdeck.core.state_signs import LIMITED, OF_NEED, OF_STATE, STATE_SIGNS
from quarterdeck.tui.rows.session_row import Kind

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "rests"),
    [
        pytest.param("exited", "deep_sleep deep_sleep deep_sleep", id="exited"),
        pytest.param("idle", "active drowsy sleeping", id="idle"),
        pytest.param("busy", "active active active", id="busy"),
        pytest.param("error", "active active active", id="error"),
        pytest.param("attention", "active active active", id="attention"),
    ],
)
def test_rest_of_a_placeholder_follows_its_thought(state: str, rests: str) -> None:
    thoughts = (ThoughtState.ACTIVE, ThoughtState.HOLDING, ThoughtState.SLEEPING)

    assert [fallback_rest_state(SessionState(state), thought) for thought in thoughts] == rests.split()


@pytest.mark.parametrize(
    ("state", "silence", "wanted"),
    [
        pytest.param("idle", timedelta(seconds=29.999), RestState.ACTIVE, id="just before 30 s"),
        pytest.param("idle", timedelta(seconds=30), RestState.DROWSY, id="exactly 30 s"),
        pytest.param("idle", timedelta(hours=2), RestState.DROWSY, id="two hours are still only drowsy"),
        pytest.param("idle", timedelta(hours=-1), RestState.ACTIVE, id="activity in the future"),
        pytest.param("busy", timedelta(hours=2), RestState.ACTIVE, id="busy"),
        pytest.param("error", timedelta(hours=2), RestState.ACTIVE, id="error"),
        pytest.param("attention", timedelta(hours=2), RestState.ACTIVE, id="attention"),
        pytest.param("exited", timedelta(0), RestState.DEEP_SLEEP, id="exited"),
    ],
)
def test_silence_makes_an_idle_session_drowsy_and_no_more(state: str, silence: timedelta, wanted: RestState) -> None:
    assert rest_state_from_idle(SessionState(state), NOON - silence, NOON) is wanted


def test_every_kind_of_state_has_its_sign() -> None:
    assert set(OF_NEED) == {LIMITED, *(need.value for need in Need)}
    assert set(OF_STATE) == {state.value for state in SessionState}
    assert {*OF_NEED.values(), *OF_STATE.values()} <= set(STATE_SIGNS) == {kind.value for kind in Kind}


def test_the_sign_of_a_state_stands_in_one_table_alone() -> None:
    telling = {sign.sign for sign in STATE_SIGNS.values() if sign.sign in "▲◆○◌≠◔"}
    app = Path(quarterdeck.__file__).parent
    # What agents draw themselves, and what is put in place of it, says nothing of our states.
    others = {app / "core" / "state_signs.py", app / "tui" / "widgets" / "line.py", *(app / "agents").iterdir()}

    assert len(telling) == 6
    for file in set(app.rglob("*.py")) - others:
        assert not telling & set(file.read_text(encoding="utf-8")), file


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("node", True), ("python3.11", True), ("pypy3", True), ("npx", True), ("bash", False), ("nodemon", False)],
)
def test_an_interpreter_is_known_with_any_version(name: str, wanted: bool) -> None:
    assert is_interpreter(name) is wanted


@pytest.mark.parametrize(
    ("confidence", "causes"),
    [
        pytest.param(
            "high",
            "osc133_command osc133_prompt error_pattern process_exit startup_missing_tmux liveness_no_children"
            " liveness_has_children",
            id="high",
        ),
        pytest.param(
            "medium",
            "fallback_non_prompt_output fallback_prompt_detected output_silence_expired local_input dismiss_attention"
            " error_timer_expired attention_timer_expired",
            id="medium",
        ),
        pytest.param("low", "initial_state tmux_reconcile_missing persistence_stale never_heard_of", id="low"),
    ],
)
def test_each_cause_has_its_confidence(confidence: str, causes: str) -> None:
    assert {cause_of(cause).confidence for cause in causes.split()} == {confidence}
