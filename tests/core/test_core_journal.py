from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest

from quarterdeck.core.journal import BROUGHT_BACK, JournalEntry, Operation, Presence, Remedy, Step, remedies
from quarterdeck.core.lifecycle import PrPart, PrReason, PrState, WorkState, initial
from quarterdeck.core.pull_request import PullRequest
from quarterdeck.core.session import SessionId
from quarterdeck.core.work import Role, WorkStatus
from quarterdeck.core.work_record import WorkRecord, repaired
from quarterdeck.values import replace

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ALIVE, ABSENT, UNKNOWN = Presence.ALIVE, Presence.ABSENT, Presence.UNKNOWN


def entry(operation: Operation, *steps: Step) -> JournalEntry:
    return JournalEntry(
        operation=operation, session_id=SessionId("app-1"), project="app", owner="1:1", began_at=NOW, steps=steps
    )


@pytest.mark.parametrize(
    ("operation", "steps", "tmux", "expected"),
    [
        (Operation.SPAWN, [], ABSENT, []),
        (Operation.SPAWN, [Step.RESERVED], ABSENT, [Remedy.RELEASE]),
        (Operation.SPAWN, [Step.RESERVED, Step.WORKTREE], ABSENT, [Remedy.REMOVE_WORKTREE, Remedy.RELEASE]),
        (
            Operation.SPAWN,
            [Step.RESERVED, Step.WORKTREE, Step.FILES],
            UNKNOWN,
            [Remedy.REMOVE_FILES, Remedy.REMOVE_WORKTREE, Remedy.RELEASE],
        ),
        (
            Operation.SPAWN,
            [Step.RESERVED, Step.WORKTREE, Step.FILES, Step.LAUNCH],
            ABSENT,
            [Remedy.REMOVE_FILES, Remedy.REMOVE_WORKTREE, Remedy.RELEASE],
        ),
        (Operation.SPAWN, [Step.RESERVED, Step.WORKTREE, Step.FILES, Step.LAUNCH], UNKNOWN, [Remedy.WAIT]),
        (Operation.SPAWN, [Step.RESERVED, Step.WORKTREE, Step.FILES, Step.LAUNCH], ALIVE, [Remedy.MARK_RUNNING]),
        (Operation.KILL, [], ALIVE, []),
        (Operation.KILL, [Step.END_RUNTIME], ALIVE, [Remedy.END_RUNTIME, Remedy.REMOVE_WORKTREE, Remedy.MARK_ENDED]),
        (Operation.KILL, [Step.END_RUNTIME], ABSENT, [Remedy.REMOVE_WORKTREE, Remedy.MARK_ENDED]),
        (Operation.KILL, [Step.END_RUNTIME], UNKNOWN, [Remedy.WAIT]),
        (
            Operation.KILL,
            [Step.END_RUNTIME, Step.KEEP, Step.REMOVE_WORKTREE],
            ABSENT,
            [Remedy.REMOVE_WORKTREE, Remedy.MARK_ENDED],
        ),
        (Operation.RESTORE, [Step.WORKTREE], ABSENT, []),
        (Operation.RESTORE, [Step.WORKTREE, Step.END_RUNTIME], ABSENT, [Remedy.MARK_LOST]),
        (Operation.RESTORE, [Step.WORKTREE, Step.END_RUNTIME], ALIVE, []),
        (Operation.RESTORE, [Step.WORKTREE, Step.END_RUNTIME, Step.LAUNCH], ALIVE, [Remedy.MARK_RUNNING]),
        (Operation.RESTORE, [Step.WORKTREE, Step.END_RUNTIME, Step.LAUNCH], ABSENT, [Remedy.MARK_LOST]),
    ],
)
def test_what_was_cut_off_is_finished_or_undone(
    operation: Operation, steps: list[Step], tmux: Presence, expected: list[Remedy]
) -> None:
    assert list(remedies(entry(operation, *steps), tmux)) == expected


def test_a_worktree_that_a_restore_was_making_again_goes_until_an_agent_is_in_it() -> None:
    making = replace(entry(Operation.RESTORE, Step.WORKTREE), data={**BROUGHT_BACK, "other": "x"})
    begun = replace(making, steps=(Step.WORKTREE, Step.END_RUNTIME, Step.LAUNCH))

    assert remedies(making, UNKNOWN) == (Remedy.REMOVE_WORKTREE,)
    assert remedies(begun, ABSENT) == (Remedy.MARK_LOST,)


def test_a_worktree_that_was_to_be_left_is_left() -> None:
    left = replace(entry(Operation.KILL, Step.END_RUNTIME), data={"leftovers": "leave"})

    assert remedies(left, ABSENT) == (Remedy.MARK_ENDED,)


def test_nothing_is_removed_while_an_agent_may_be_running() -> None:
    destructive = {Remedy.REMOVE_WORKTREE, Remedy.REMOVE_FILES, Remedy.RELEASE}
    for size in range(len(Step) + 1):
        for steps in combinations(Step, size):
            if Step.LAUNCH in steps:
                for tmux in (ALIVE, UNKNOWN):
                    done = set(remedies(entry(Operation.SPAWN, *steps), tmux))
                    assert not done & destructive, (steps, tmux)


def record(
    name: str, *, role: Role = Role.WORKER, status: WorkStatus = WorkStatus.WORKING, minutes: int = 0
) -> WorkRecord:
    lifecycle = initial(role, NOW)
    pr = PullRequest(number=7, url="https://github.com/o/r/pull/7", owner="o", repo="r")
    if status is WorkStatus.PR_OPEN:
        lifecycle = type(lifecycle)(
            session=type(lifecycle.session)(
                kind=role, state=WorkState.IDLE, reason=lifecycle.session.reason, last_transition_at=NOW
            ),
            pr=PrPart(state=PrState.OPEN, reason=PrReason.IN_PROGRESS, number=7, url=pr.url),
        )
    return WorkRecord(
        session_id=SessionId(name),
        project="app",
        role=role,
        lifecycle=lifecycle,
        prs=(pr,),
        created_at=NOW + timedelta(minutes=minutes),
    )


def test_one_worker_owns_a_pull_request() -> None:
    tracking, newer = record("app-1", status=WorkStatus.PR_OPEN), record("app-2", minutes=5)

    changed = repaired([tracking, newer], NOW)

    assert [item.session_id for item in changed] == ["app-2"]
    assert changed[0].prs == ()
    assert not changed[0].finds_prs
    assert repaired([tracking, changed[0]], NOW) == []


def test_among_equals_the_newest_owns_the_pull_request() -> None:
    changed = repaired([record("app-1", minutes=9), record("app-2"), record("app-3")], NOW)

    assert {item.session_id for item in changed} == {"app-2", "app-3"}


def test_an_orchestrator_owns_no_pull_request() -> None:
    changed = repaired([record("app-orchestrator", role=Role.ORCHESTRATOR, status=WorkStatus.PR_OPEN)], NOW)

    assert changed[0].prs == ()
    assert changed[0].as_work().status == WorkStatus.WORKING
    assert repaired(changed, NOW) == []
