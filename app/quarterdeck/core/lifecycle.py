"""The canonical lifecycle of a spawned session: where its work, its pull request and its process stand, and as kept."""

from __future__ import annotations

import re
from datetime import datetime  # noqa: TC003 — read at run time, with what is kept
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, convert, to_builtins
from msgspec.structs import asdict

from quarterdeck.core.pull_request import parse_pull_request
from quarterdeck.core.times import parse_time
from quarterdeck.core.work import Role, WorkStatus, parse_status
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection

LIFECYCLE_VERSION = 2


class WorkState(StrEnum):
    """Where the work of the session is."""

    NOT_STARTED = "not_started"
    WORKING = "working"
    IDLE = "idle"
    NEEDS_INPUT = "needs_input"
    STUCK = "stuck"
    DETECTING = "detecting"
    DONE = "done"
    TERMINATED = "terminated"


class WorkReason(StrEnum):
    """Why the work is there."""

    SPAWN_REQUESTED = "spawn_requested"
    AGENT_ACKNOWLEDGED = "agent_acknowledged"
    TASK_IN_PROGRESS = "task_in_progress"
    PR_CREATED = "pr_created"
    PR_CLOSED_WAITING_DECISION = "pr_closed_waiting_decision"
    FIXING_CI = "fixing_ci"
    RESOLVING_REVIEW_COMMENTS = "resolving_review_comments"
    AWAITING_USER_INPUT = "awaiting_user_input"
    AWAITING_EXTERNAL_REVIEW = "awaiting_external_review"
    RESEARCH_COMPLETE = "research_complete"
    MERGED_WAITING_DECISION = "merged_waiting_decision"
    MANUALLY_KILLED = "manually_killed"
    PR_MERGED = "pr_merged"
    AUTO_CLEANUP = "auto_cleanup"
    RUNTIME_LOST = "runtime_lost"
    AGENT_PROCESS_EXITED = "agent_process_exited"
    PROBE_FAILURE = "probe_failure"
    ERROR_IN_PROCESS = "error_in_process"


class PrState(StrEnum):
    """What became of the pull request."""

    NONE = "none"
    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


class PrReason(StrEnum):
    """What the pull request waits for."""

    NOT_CREATED = "not_created"
    IN_PROGRESS = "in_progress"
    CI_FAILING = "ci_failing"
    REVIEW_PENDING = "review_pending"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    MERGE_READY = "merge_ready"
    MERGED = "merged"
    CLOSED_UNMERGED = "closed_unmerged"
    CLEARED_ON_RESTORE = "cleared_on_restore"


class RuntimeState(StrEnum):
    """Whether the agent's process is there."""

    UNKNOWN = "unknown"
    ALIVE = "alive"
    EXITED = "exited"
    MISSING = "missing"
    PROBE_FAILED = "probe_failed"


class RuntimeReason(StrEnum):
    """How we know of the process, or why it is gone."""

    SPAWN_INCOMPLETE = "spawn_incomplete"
    PROCESS_RUNNING = "process_running"
    PROCESS_MISSING = "process_missing"
    TMUX_MISSING = "tmux_missing"
    MANUAL_KILL_REQUESTED = "manual_kill_requested"
    PR_MERGED_CLEANUP = "pr_merged_cleanup"
    AUTO_CLEANUP = "auto_cleanup"
    PROBE_ERROR = "probe_error"


class WorkPart(Struct, frozen=True, kw_only=True):
    """The `session` part: the work itself."""

    kind: Role
    state: WorkState
    reason: WorkReason
    started_at: datetime | None = None
    completed_at: datetime | None = None
    terminated_at: datetime | None = None
    last_transition_at: datetime | None = None


class PrPart(Struct, frozen=True, kw_only=True):
    """The `pr` part: the primary pull request."""

    state: PrState = PrState.NONE
    reason: PrReason = PrReason.NOT_CREATED
    number: int | None = None
    url: str | None = None
    last_observed_at: datetime | None = None


class RuntimePart(Struct, frozen=True, kw_only=True):
    """The `runtime` part: the process."""

    state: RuntimeState = RuntimeState.UNKNOWN
    reason: RuntimeReason = RuntimeReason.SPAWN_INCOMPLETE
    last_observed_at: datetime | None = None
    handle: str | None = None
    """The pane the agent was started in."""
    tmux_name: str | None = None


Part = TypeVar("Part", WorkPart, PrPart, RuntimePart)


class Lifecycle(Struct, frozen=True, kw_only=True):
    """All three questions, kept apart."""

    session: WorkPart
    pr: PrPart = PrPart()
    runtime: RuntimePart = RuntimePart()


def initial(kind: Role, now: datetime) -> Lifecycle:
    """The lifecycle of a session that is about to be made; an orchestrator works from its first moment."""
    is_at_work = kind is Role.ORCHESTRATOR
    part = WorkPart(
        kind=kind,
        state=WorkState.WORKING if is_at_work else WorkState.NOT_STARTED,
        reason=WorkReason.TASK_IN_PROGRESS if is_at_work else WorkReason.SPAWN_REQUESTED,
        started_at=now if is_at_work else None,
        last_transition_at=now,
    )
    return Lifecycle(session=part)


_ENDED = frozenset({WorkState.DONE, WorkState.TERMINATED})


def decide(
    lifecycle: Lifecycle,
    now: datetime,
    *,
    state: WorkState | None = None,
    reason: WorkReason | None = None,
    pr: PrPart | None = None,
    runtime: RuntimePart | None = None,
) -> Lifecycle:
    """Apply a decision: move the work, replace the other parts, and keep the timestamps true.

    The first start, completion and termination are kept; a session that is not over has neither of the last two.
    """
    part = lifecycle.session
    if state is not None:
        part = replace(part, state=state, reason=reason or part.reason, last_transition_at=now)
    if part.state is WorkState.WORKING and part.started_at is None:
        part = replace(part, started_at=now)
    if part.state is WorkState.DONE and part.completed_at is None:
        part = replace(part, completed_at=now)
    if part.state is WorkState.TERMINATED and part.terminated_at is None:
        part = replace(part, terminated_at=now)
    if part.state not in _ENDED:
        part = replace(part, completed_at=None, terminated_at=None)
    return Lifecycle(session=part, pr=pr or lifecycle.pr, runtime=runtime or lifecycle.runtime)


_SIMPLE_STATUS = {
    WorkState.NOT_STARTED: WorkStatus.SPAWNING,
    WorkState.NEEDS_INPUT: WorkStatus.NEEDS_INPUT,
    WorkState.STUCK: WorkStatus.STUCK,
    WorkState.DONE: WorkStatus.DONE,
    WorkState.DETECTING: WorkStatus.DETECTING,
}
_ENDED_STATUS = {
    WorkReason.MANUALLY_KILLED: WorkStatus.KILLED,
    WorkReason.RUNTIME_LOST: WorkStatus.KILLED,
    WorkReason.AUTO_CLEANUP: WorkStatus.CLEANUP,
    WorkReason.PR_MERGED: WorkStatus.CLEANUP,
    WorkReason.ERROR_IN_PROCESS: WorkStatus.ERRORED,
    WorkReason.PROBE_FAILURE: WorkStatus.ERRORED,
}
_OPEN_PR_STATUS = {
    PrReason.CI_FAILING: WorkStatus.CI_FAILED,
    PrReason.CHANGES_REQUESTED: WorkStatus.CHANGES_REQUESTED,
    PrReason.REVIEW_PENDING: WorkStatus.REVIEW_PENDING,
    PrReason.APPROVED: WorkStatus.APPROVED,
    PrReason.MERGE_READY: WorkStatus.MERGEABLE,
}
PR_TRACKING = frozenset({WorkStatus.PR_OPEN, *_OPEN_PR_STATUS.values()})
PR_OWNING = PR_TRACKING | {WorkStatus.MERGED}
"""Statuses that only make sense while the session owns a pull request."""


def status_of(lifecycle: Lifecycle) -> WorkStatus:
    """The one word for a lifecycle; the first rule that fits wins."""
    work = lifecycle.session
    if simple := _SIMPLE_STATUS.get(work.state):
        return simple
    if work.state is WorkState.TERMINATED:
        return _ENDED_STATUS.get(work.reason, WorkStatus.TERMINATED)
    if lifecycle.pr.state is PrState.MERGED:
        return WorkStatus.MERGED
    if lifecycle.pr.state is PrState.OPEN:
        return _OPEN_PR_STATUS.get(lifecycle.pr.reason, WorkStatus.PR_OPEN)
    return WorkStatus.IDLE if work.state is WorkState.IDLE else WorkStatus.WORKING


_GONE = frozenset({RuntimeState.MISSING, RuntimeState.EXITED})


def is_terminal(lifecycle: Lifecycle) -> bool:
    """Whether nothing more is expected of the session."""
    return lifecycle.session.state in _ENDED or lifecycle.pr.state is PrState.MERGED or lifecycle.runtime.state in _GONE


def is_restorable(lifecycle: Lifecycle) -> bool:
    """Whether the session may be brought back: it is over, and no agent of its runs.

    A merged session whose agent is alive is at work, not dead: starting it afresh would end that agent.
    """
    return is_terminal(lifecycle) and lifecycle.runtime.state is not RuntimeState.ALIVE


def is_orchestrator(session_id: str, role: str | None, prefix: str, all_prefixes: Collection[str] = ()) -> bool:
    """Whether a session is its project's orchestrator, numbered ones of older data included."""
    if role == Role.ORCHESTRATOR or session_id == f"{prefix}-orchestrator":
        return True
    if not re.fullmatch(re.escape(prefix) + r"-orchestrator-\d+", session_id):
        return False
    # A project whose prefix ends in "-orchestrator" numbers its workers just like that.
    return not any(other != prefix and re.fullmatch(re.escape(other) + r"-\d+", session_id) for other in all_prefixes)


def keep_runtime_loss(lifecycle: Lifecycle, now: datetime, runtime: RuntimePart) -> Lifecycle | None:
    """What a reader may write when it finds the process gone: detecting, once, and never the end.

    None when there is nothing to write; saying it again would restart the clock of the detection.
    """
    if runtime.state not in _GONE or lifecycle.session.state in (*_ENDED, WorkState.DETECTING):
        return None
    return decide(lifecycle, now, state=WorkState.DETECTING, reason=WorkReason.RUNTIME_LOST, runtime=runtime)


def dump(lifecycle: Lifecycle) -> dict[str, Any]:
    """The lifecycle as plain JSON values."""
    return {"version": LIFECYCLE_VERSION, **to_builtins(lifecycle)}


def parse(value: object, fallback: Lifecycle) -> Lifecycle:
    """Read a kept lifecycle.

    Valid fields win, explicit nulls included; missing ones come from `fallback`; a value that is not a lifecycle at
    all, or holds an impossible field, counts for nothing as a whole.
    """
    if not isinstance(value, dict) or value.get("version", LIFECYCLE_VERSION) != LIFECYCLE_VERSION:
        return fallback
    try:
        return Lifecycle(
            session=_part(fallback.session, value.get("session", {})),
            pr=_part(fallback.pr, value.get("pr", {})),
            runtime=_part(fallback.runtime, value.get("runtime", {})),
        )
    except ValueError:
        # What does not fit, and also words with a lone surrogate in the place of others.
        return fallback


def _part(fallback: Part, value: object) -> Part:
    kept = convert(value, dict[str, Any])
    # A time that cannot be read is none; of anything else that makes the whole impossible.
    kept = {name: parse_time(held) if name.endswith("_at") else held for name, held in kept.items()}
    return convert(asdict(fallback) | kept, type(fallback))


_FROM_STATUS: dict[WorkStatus, tuple[WorkState, WorkReason]] = {
    WorkStatus.SPAWNING: (WorkState.NOT_STARTED, WorkReason.SPAWN_REQUESTED),
    WorkStatus.NEEDS_INPUT: (WorkState.NEEDS_INPUT, WorkReason.AWAITING_USER_INPUT),
    WorkStatus.STUCK: (WorkState.STUCK, WorkReason.PROBE_FAILURE),
    WorkStatus.ERRORED: (WorkState.TERMINATED, WorkReason.ERROR_IN_PROCESS),
    WorkStatus.KILLED: (WorkState.TERMINATED, WorkReason.MANUALLY_KILLED),
    WorkStatus.TERMINATED: (WorkState.TERMINATED, WorkReason.MANUALLY_KILLED),
    WorkStatus.CLEANUP: (WorkState.TERMINATED, WorkReason.MANUALLY_KILLED),
    WorkStatus.DONE: (WorkState.DONE, WorkReason.RESEARCH_COMPLETE),
    WorkStatus.MERGED: (WorkState.IDLE, WorkReason.MERGED_WAITING_DECISION),
    WorkStatus.IDLE: (WorkState.IDLE, WorkReason.AWAITING_EXTERNAL_REVIEW),
}


def synthesise(
    *, session_id: str, status: str, at: datetime, role: str | None = None, pr_url: str | None = None
) -> Lifecycle:
    """Make a lifecycle out of what a record without one tells."""
    known = parse_status(status)
    is_lead = role == Role.ORCHESTRATOR or session_id.endswith("-orchestrator")
    state, reason = _FROM_STATUS.get(known, (WorkState.WORKING, WorkReason.TASK_IN_PROGRESS))
    pr = PrPart()
    number = found.number if pr_url and (found := parse_pull_request(pr_url)) else None
    if known is WorkStatus.MERGED:
        pr = PrPart(state=PrState.MERGED, reason=PrReason.MERGED, number=number, url=pr_url or None)
    elif pr_url:
        pr = PrPart(state=PrState.OPEN, reason=PrReason.IN_PROGRESS, number=number, url=pr_url)
    work = WorkPart(
        kind=Role.ORCHESTRATOR if is_lead else Role.WORKER,
        state=state,
        reason=reason,
        started_at=None if known is WorkStatus.SPAWNING else at,
        completed_at=at if state is WorkState.DONE else None,
        terminated_at=at if state is WorkState.TERMINATED else None,
        last_transition_at=at,
    )
    return Lifecycle(session=work, pr=pr)
