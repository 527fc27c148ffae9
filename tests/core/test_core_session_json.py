"""What scripts get to see."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from quarterdeck.core.events import (
    CreatedReason,
    DeleteMode,
    EndedShown,
    Event,
    Health,
    LookFailed,
    ServerChanged,
    SessionChanged,
    SessionCreated,
    SessionDeleted,
    SessionForgotten,
    WorkerHealth,
)
from quarterdeck.core.pane import PaneId
from quarterdeck.core.repo_theme import RepoTheme
from quarterdeck.core.session import (
    ActionCue,
    ActionCueKind,
    Ask,
    Confidence,
    Evidence,
    ExitReason,
    Need,
    Session,
    SessionId,
    SessionState,
    Source,
)
from quarterdeck.core.session_json import EVENT_NAMES, event_to_wire, plain, to_wire
from quarterdeck.core.subagent import Subagent
from quarterdeck.core.times import rfc3339
from quarterdeck.core.work import Work
from quarterdeck.values import replace

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BARE = Session(session_id=SessionId("sess_1"), tmux_name="0", tmux_server="/tmp/s")
CONTRACT = """
    session_id tmux_name tmux_server pane_id state state_evidence needs asks current_command cwd tool token_count
    context_limit thought thought_state thought_source thought_updated_at rest_state commit_candidate action_cues
    objective_changed_at last_skill is_stale attached_clients transport_health last_activity_at repo_theme_id
    cost_usd model work conversation limited_until subagents window_index window_name pane_index rows_in_session
    kind place
"""


def test_a_bare_session_has_every_field_of_the_contract_and_no_other() -> None:
    wire = to_wire(BARE)

    assert list(wire) == CONTRACT.split()
    assert json.loads(json.dumps(wire)) == wire
    assert (wire["state"], wire["needs"], wire["work"], wire["last_activity_at"]) == ("idle", None, None, None)
    assert wire["state_evidence"] == {
        "cause": "initial_state",
        "confidence": "low",
        "observed_at": None,
        "source": "silence",
        "detail": "",
    }


def test_a_full_session_is_plain_json() -> None:
    full = replace(
        BARE,
        pane_id=PaneId("%3"),
        state=SessionState.ATTENTION,
        state_evidence=Evidence(
            cause="c", confidence=Confidence.HIGH, observed_at=NOON, source=Source.HOOK, detail="d"
        ),
        needs=Need.PERMISSION,
        asks=Ask(kind=Need.PERMISSION, text="May I?", choices=("Yes", "No"), since=NOON),
        action_cues=(ActionCue(kind=ActionCueKind.COMMIT_READY, evidence=("edit_seen",)),),
        last_activity_at=datetime(2026, 1, 1, 14, tzinfo=timezone(timedelta(hours=2))),
        subagents=(Subagent(name="Explore", thought="reads", key="a1", since=NOON),),
        work=Work(project="deck", prs=({"url": "u", "at": NOON},), lifecycle={"session": {"state": "x"}}),
    )

    wire = json.loads(json.dumps(to_wire(full)))

    assert wire["asks"] == {
        "kind": "permission",
        "text": "May I?",
        "choices": ["Yes", "No"],
        "since": "2026-01-01T12:00:00.000Z",
    }
    assert wire["subagents"] == [{"name": "Explore", "state": "busy", "thought": "reads"}]
    assert wire["action_cues"] == [
        {
            "kind": "commit_ready",
            "evidence": ["edit_seen"],
            "source": "transcript",
            "confidence": "deterministic",
            "status": "active",
        }
    ]
    assert wire["last_activity_at"] == "2026-01-01T12:00:00.000Z"
    assert " ".join(wire["work"]) == (
        "project role agent status branch worktree issue prs lifecycle display_name created_at restored_at"
    )
    assert wire["work"]["prs"] == [{"url": "u", "at": "2026-01-01T12:00:00.000Z"}]


def test_times_are_utc_with_z() -> None:
    assert rfc3339(datetime(2026, 1, 1, 13, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))) == (
        "2026-01-01T12:00:00.123Z"
    )


def test_sets_are_listed_in_order() -> None:
    assert plain(frozenset({"b", "a"})) == ["a", "b"]


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        pytest.param(
            SessionCreated(
                session=BARE,
                reason=CreatedReason.RUNTIME_DISCOVERY,
                theme=RepoTheme("#AAAAAA", "#BBBBBB", "#CCCCCC", "#DDDDDD"),
                at=NOON,
            ),
            {"event": "session.created", "session_id": "sess_1", "reason": "runtime_discovery"},
            id="created",
        ),
        pytest.param(
            SessionChanged(before=BARE, after=replace(BARE, state=SessionState.BUSY, title="x"), at=NOON),
            {"event": "session.changed", "changed": ["state"], "state": "busy", "previous_state": "idle"},
            id="changed",
        ),
        pytest.param(
            SessionDeleted(session=BARE, reason=ExitReason.PROCESS_EXIT, mode=DeleteMode.DETACH_BRIDGE, at=NOON),
            {
                "event": "session.deleted",
                "reason": "process_exit",
                "delete_mode": "detach_bridge",
                "tmux_session_alive": False,
            },
            id="deleted",
        ),
        pytest.param(
            SessionForgotten(session_id=SessionId("sess_1"), at=NOON),
            {"event": "session.forgotten", "session_id": "sess_1"},
            id="forgotten",
        ),
        pytest.param(
            ServerChanged(before="", after="1:2", at=NOON),
            {"event": "server.changed", "before": "", "after": "1:2"},
            id="server",
        ),
        pytest.param(
            LookFailed(message="no answer", failures=2, at=NOON),
            {"event": "look.failed", "message": "no answer", "failures": 2},
            id="failed look",
        ),
        pytest.param(
            WorkerHealth(worker="watcher", health=Health.HEALTHY, at=NOON),
            {"event": "worker.health", "worker": "watcher", "health": "healthy"},
            id="health",
        ),
    ],
)
def test_an_event_is_one_object_with_name_and_time(event: Event, wanted: dict[str, object]) -> None:
    wire = json.loads(json.dumps(event_to_wire(event)))

    assert wire["at"] == "2026-01-01T12:00:00.000Z"
    assert wanted.items() <= wire.items()


def test_every_event_that_scripts_are_told_has_a_name() -> None:
    assert set(EVENT_NAMES) | {EndedShown} == set(Event.__args__)
