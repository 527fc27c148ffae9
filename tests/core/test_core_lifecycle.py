from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.lifecycle import (
    PR_TRACKING,
    Lifecycle,
    PrPart,
    PrReason,
    PrState,
    RuntimePart,
    RuntimeReason,
    RuntimeState,
    WorkPart,
    WorkReason,
    WorkState,
    decide,
    dump,
    initial,
    is_orchestrator,
    is_restorable,
    is_terminal,
    keep_runtime_loss,
    parse,
    status_of,
    synthesise,
)
from quarterdeck.core.times import parse_time
from quarterdeck.core.work import Role, WorkStatus, parse_status
from quarterdeck.values import replace
from support.struct_of import struct_of

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
NO_PR = PrPart()
LATER = NOW + timedelta(minutes=1)

times = st.none() | st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants it bare
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
lifecycles = struct_of(
    Lifecycle,
    session=struct_of(
        WorkPart,
        kind=st.sampled_from(Role),
        state=st.sampled_from(WorkState),
        reason=st.sampled_from(WorkReason),
        started_at=times,
        completed_at=times,
        terminated_at=times,
        last_transition_at=times,
    ),
    pr=struct_of(
        PrPart,
        state=st.sampled_from(PrState),
        reason=st.sampled_from(PrReason),
        number=st.none() | st.integers(1, 9999),
        url=st.none() | st.text(),
        last_observed_at=times,
    ),
    runtime=struct_of(
        RuntimePart,
        state=st.sampled_from(RuntimeState),
        reason=st.sampled_from(RuntimeReason),
        last_observed_at=times,
        handle=st.none() | st.text(),
        tmux_name=st.none() | st.text(),
    ),
)


def made(
    state: WorkState,
    reason: WorkReason = WorkReason.TASK_IN_PROGRESS,
    pr: PrPart = NO_PR,
    runtime: RuntimeState = RuntimeState.UNKNOWN,
) -> Lifecycle:
    return Lifecycle(
        session=WorkPart(kind=Role.WORKER, state=state, reason=reason),
        pr=pr,
        runtime=RuntimePart(state=runtime),
    )


@pytest.mark.parametrize(
    ("state", "reason", "pr", "status"),
    [
        (WorkState.NOT_STARTED, WorkReason.SPAWN_REQUESTED, PrPart(), WorkStatus.SPAWNING),
        (WorkState.NEEDS_INPUT, WorkReason.AWAITING_USER_INPUT, PrPart(), WorkStatus.NEEDS_INPUT),
        (WorkState.STUCK, WorkReason.PROBE_FAILURE, PrPart(), WorkStatus.STUCK),
        (WorkState.DONE, WorkReason.RESEARCH_COMPLETE, PrPart(), WorkStatus.DONE),
        (WorkState.DETECTING, WorkReason.RUNTIME_LOST, PrPart(), WorkStatus.DETECTING),
        (WorkState.TERMINATED, WorkReason.MANUALLY_KILLED, PrPart(), WorkStatus.KILLED),
        (WorkState.TERMINATED, WorkReason.RUNTIME_LOST, PrPart(), WorkStatus.KILLED),
        (WorkState.TERMINATED, WorkReason.AUTO_CLEANUP, PrPart(), WorkStatus.CLEANUP),
        (WorkState.TERMINATED, WorkReason.PR_MERGED, PrPart(), WorkStatus.CLEANUP),
        (WorkState.TERMINATED, WorkReason.ERROR_IN_PROCESS, PrPart(), WorkStatus.ERRORED),
        (WorkState.TERMINATED, WorkReason.PROBE_FAILURE, PrPart(), WorkStatus.ERRORED),
        (WorkState.TERMINATED, WorkReason.PR_CREATED, PrPart(), WorkStatus.TERMINATED),
        (WorkState.IDLE, WorkReason.PR_CREATED, PrPart(state=PrState.MERGED), WorkStatus.MERGED),
        (WorkState.WORKING, WorkReason.PR_CREATED, PrPart(state=PrState.MERGED), WorkStatus.MERGED),
        (WorkState.WORKING, WorkReason.PR_CREATED, PrPart(state=PrState.CLOSED), WorkStatus.WORKING),
        (WorkState.IDLE, WorkReason.PR_CREATED, PrPart(), WorkStatus.IDLE),
        (WorkState.WORKING, WorkReason.TASK_IN_PROGRESS, PrPart(), WorkStatus.WORKING),
        *(
            (WorkState.IDLE, WorkReason.PR_CREATED, PrPart(state=PrState.OPEN, reason=reason), status)
            for reason, status in (
                (PrReason.CI_FAILING, WorkStatus.CI_FAILED),
                (PrReason.CHANGES_REQUESTED, WorkStatus.CHANGES_REQUESTED),
                (PrReason.REVIEW_PENDING, WorkStatus.REVIEW_PENDING),
                (PrReason.APPROVED, WorkStatus.APPROVED),
                (PrReason.MERGE_READY, WorkStatus.MERGEABLE),
                (PrReason.IN_PROGRESS, WorkStatus.PR_OPEN),
            )
        ),
        # What waits for somebody is said before what the pull request does.
        (WorkState.STUCK, WorkReason.PROBE_FAILURE, PrPart(state=PrState.MERGED), WorkStatus.STUCK),
        (WorkState.NEEDS_INPUT, WorkReason.PR_CREATED, PrPart(state=PrState.OPEN), WorkStatus.NEEDS_INPUT),
    ],
)
def test_the_status_follows_from_the_lifecycle(
    state: WorkState, reason: WorkReason, pr: PrPart, status: WorkStatus
) -> None:
    assert status_of(made(state, reason, pr)) is status


@given(lifecycles)
def test_a_lifecycle_survives_being_written_and_read(lifecycle: Lifecycle) -> None:
    assert parse(dump(lifecycle), initial(Role.WORKER, NOW)) == lifecycle


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["version", "session", "pr", "runtime", "state", "kind", "x"]), inner)
        ),
        max_leaves=12,
    )
)
def test_anything_can_be_read_as_a_lifecycle(value: object) -> None:
    assert isinstance(parse(value, initial(Role.WORKER, NOW)), Lifecycle)


def test_missing_fields_are_filled_and_explicit_nulls_are_kept() -> None:
    fallback = synthesise(session_id="app-1", status="working", at=NOW, pr_url="https://github.com/o/r/pull/7")

    read = parse({"version": 2, "session": {"state": "idle"}, "pr": {"url": None}}, fallback)

    assert read.session.state is WorkState.IDLE
    assert read.session.reason is WorkReason.TASK_IN_PROGRESS
    assert read.pr.url is None
    assert read.pr.number == 7


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"version": 3, "session": {"state": "done"}},
        {"session": {"state": "gone"}},
        {"session": {"state": None}},
        {"session": []},
        {"session": "\ud800"},
        {"session": {"state": "\ud800"}},
        {"pr": {"number": "\ud800"}},
        {"pr": {"number": "7"}},
        {"pr": {"number": True}},
        {"runtime": {"tmux_name": 5}},
    ],
)
def test_an_impossible_lifecycle_counts_for_nothing(value: object) -> None:
    fallback = initial(Role.ORCHESTRATOR, NOW)

    assert parse(value, fallback) == fallback


@pytest.mark.parametrize("value", ["yesterday", 5, None, "", "2026-99-99"])
def test_a_time_that_is_none_becomes_none(value: object) -> None:
    assert parse_time(value) is None


def test_the_first_start_and_end_are_kept() -> None:
    lifecycle = decide(initial(Role.WORKER, NOW), NOW, state=WorkState.WORKING)
    again = decide(lifecycle, LATER, state=WorkState.IDLE)
    again = decide(again, LATER, state=WorkState.WORKING)
    ended = decide(again, NOW, state=WorkState.TERMINATED, reason=WorkReason.MANUALLY_KILLED)
    ended = decide(ended, LATER, state=WorkState.TERMINATED, reason=WorkReason.AUTO_CLEANUP)

    assert again.session.started_at == NOW
    assert ended.session.terminated_at == NOW
    assert ended.session.last_transition_at == LATER


@given(lifecycles, st.sampled_from(WorkState))
def test_a_session_that_is_not_over_has_no_end(lifecycle: Lifecycle, state: WorkState) -> None:
    part = decide(lifecycle, NOW, state=state).session

    if state is WorkState.TERMINATED:
        assert part.terminated_at is not None
    elif state is WorkState.DONE:
        assert part.completed_at is not None
    else:
        assert part.completed_at is None
        assert part.terminated_at is None


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        ("spawning", WorkState.NOT_STARTED, WorkReason.SPAWN_REQUESTED),
        ("nonsense", WorkState.NOT_STARTED, WorkReason.SPAWN_REQUESTED),
        ("starting", WorkState.WORKING, WorkReason.TASK_IN_PROGRESS),
        ("needs_input", WorkState.NEEDS_INPUT, WorkReason.AWAITING_USER_INPUT),
        ("stuck", WorkState.STUCK, WorkReason.PROBE_FAILURE),
        ("errored", WorkState.TERMINATED, WorkReason.ERROR_IN_PROCESS),
        ("killed", WorkState.TERMINATED, WorkReason.MANUALLY_KILLED),
        ("terminated", WorkState.TERMINATED, WorkReason.MANUALLY_KILLED),
        ("cleanup", WorkState.TERMINATED, WorkReason.MANUALLY_KILLED),
        ("done", WorkState.DONE, WorkReason.RESEARCH_COMPLETE),
        ("merged", WorkState.IDLE, WorkReason.MERGED_WAITING_DECISION),
        ("idle", WorkState.IDLE, WorkReason.AWAITING_EXTERNAL_REVIEW),
        ("ci_failed", WorkState.WORKING, WorkReason.TASK_IN_PROGRESS),
    ],
)
def test_a_record_without_a_lifecycle_gets_one(status: str, state: WorkState, reason: WorkReason) -> None:
    lifecycle = synthesise(session_id="app-1", status=status, at=NOW)

    assert (lifecycle.session.state, lifecycle.session.reason) == (state, reason)
    assert lifecycle.session.started_at == (None if parse_status(status) is WorkStatus.SPAWNING else NOW)
    assert lifecycle.pr.state is (PrState.MERGED if status == "merged" else PrState.NONE)


def test_a_synthesised_lifecycle_knows_its_pull_request_and_its_role() -> None:
    lifecycle = synthesise(
        session_id="app-orchestrator", status="pr_open", at=NOW, pr_url="https://github.com/o/r/pull/12"
    )

    assert lifecycle.pr == PrPart(
        state=PrState.OPEN, reason=PrReason.IN_PROGRESS, number=12, url="https://github.com/o/r/pull/12"
    )
    assert lifecycle.session.kind is Role.ORCHESTRATOR


@pytest.mark.parametrize(
    ("lifecycle", "terminal", "restorable"),
    [
        (made(WorkState.WORKING), False, False),
        (made(WorkState.DONE), True, True),
        (made(WorkState.TERMINATED, runtime=RuntimeState.MISSING), True, True),
        (made(WorkState.WORKING, runtime=RuntimeState.EXITED), True, True),
        (made(WorkState.DETECTING, runtime=RuntimeState.MISSING), True, True),
        (made(WorkState.DETECTING, runtime=RuntimeState.PROBE_FAILED), False, False),
        (made(WorkState.IDLE, pr=PrPart(state=PrState.MERGED), runtime=RuntimeState.MISSING), True, True),
        # Its agent is well: bringing it back would end it.
        (made(WorkState.IDLE, pr=PrPart(state=PrState.MERGED), runtime=RuntimeState.ALIVE), True, False),
    ],
)
def test_what_is_over_can_be_brought_back_unless_its_agent_lives(
    lifecycle: Lifecycle, terminal: bool, restorable: bool
) -> None:
    assert is_terminal(lifecycle) is terminal
    assert is_restorable(lifecycle) is restorable


@pytest.mark.parametrize(
    ("session_id", "role", "expected"),
    [
        ("app-orchestrator", None, True),
        ("app-orchestrator-3", None, True),
        ("app-3", None, False),
        ("app-3", "orchestrator", True),
        ("web-orchestrator", None, False),
        ("app-orchestrator-x", None, False),
    ],
)
def test_an_orchestrator_is_known_by_role_or_name(session_id: str, role: str | None, expected: bool) -> None:
    assert is_orchestrator(session_id, role, "app", ["app", "web"]) is expected


def test_a_worker_of_a_project_named_like_an_orchestrator_is_a_worker() -> None:
    assert not is_orchestrator("app-orchestrator-3", None, "app", ["app", "app-orchestrator"])


def test_a_lost_runtime_is_detected_once_and_never_ends_the_session() -> None:
    gone = RuntimePart(state=RuntimeState.MISSING, reason=RuntimeReason.TMUX_MISSING)
    working = made(WorkState.WORKING, runtime=RuntimeState.ALIVE)

    lost = keep_runtime_loss(working, NOW, gone)

    assert lost is not None
    assert lost.session.state is WorkState.DETECTING
    assert lost.runtime == gone
    assert keep_runtime_loss(lost, LATER, gone) is None
    assert keep_runtime_loss(made(WorkState.TERMINATED), NOW, gone) is None
    assert keep_runtime_loss(working, NOW, replace(gone, state=RuntimeState.PROBE_FAILED)) is None


def test_statuses_that_track_a_pull_request_come_from_one() -> None:
    derived = {status_of(made(WorkState.IDLE, pr=PrPart(state=PrState.OPEN, reason=reason))) for reason in PrReason}

    assert derived == PR_TRACKING
