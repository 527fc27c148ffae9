"""Everything kept of a session we spawned: where its work stands, and what its agent reports of it."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 — records are checked by their types when they are read back
from datetime import datetime  # noqa: TC003
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core import lifecycle as life
from quarterdeck.core.pull_request import PullRequest, parse_pull_request
from quarterdeck.core.session import Ask, Need, SessionId
from quarterdeck.core.work import Role, Work
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterable


class SelfState(StrEnum):
    """What an agent may say it is doing. That it is done is for others to say."""

    STARTED = "started"
    WORKING = "working"
    WAITING = "waiting"
    NEEDS_INPUT = "needs_input"
    FIXING_CI = "fixing_ci"
    ADDRESSING_REVIEWS = "addressing_reviews"
    PR_CREATED = "pr_created"
    DRAFT_PR_CREATED = "draft_pr_created"
    READY_FOR_REVIEW = "ready_for_review"
    COMPLETED = "completed"


_SHORT_FORMS = {
    SelfState.STARTED: "start ack acknowledge acknowledged",
    SelfState.WORKING: "work progress",
    SelfState.WAITING: "wait",
    SelfState.NEEDS_INPUT: "input blocked question",
    SelfState.FIXING_CI: "ci",
    SelfState.ADDRESSING_REVIEWS: "reviews addressing_review",
    SelfState.PR_CREATED: "pr",
    SelfState.DRAFT_PR_CREATED: "draft draft_pr",
    SelfState.READY_FOR_REVIEW: "ready review",
    SelfState.COMPLETED: "complete",
}
_MEANT = {word: state for state, forms in _SHORT_FORMS.items() for word in (state.value, *forms.split())}
_MEANS: dict[SelfState, tuple[life.WorkState, life.WorkReason]] = {
    SelfState.STARTED: (life.WorkState.WORKING, life.WorkReason.AGENT_ACKNOWLEDGED),
    SelfState.WORKING: (life.WorkState.WORKING, life.WorkReason.TASK_IN_PROGRESS),
    SelfState.WAITING: (life.WorkState.IDLE, life.WorkReason.AWAITING_EXTERNAL_REVIEW),
    SelfState.NEEDS_INPUT: (life.WorkState.NEEDS_INPUT, life.WorkReason.AWAITING_USER_INPUT),
    SelfState.FIXING_CI: (life.WorkState.WORKING, life.WorkReason.FIXING_CI),
    SelfState.ADDRESSING_REVIEWS: (life.WorkState.WORKING, life.WorkReason.RESOLVING_REVIEW_COMMENTS),
    SelfState.PR_CREATED: (life.WorkState.IDLE, life.WorkReason.PR_CREATED),
    SelfState.DRAFT_PR_CREATED: (life.WorkState.WORKING, life.WorkReason.TASK_IN_PROGRESS),
    SelfState.READY_FOR_REVIEW: (life.WorkState.IDLE, life.WorkReason.AWAITING_EXTERNAL_REVIEW),
    SelfState.COMPLETED: (life.WorkState.IDLE, life.WorkReason.RESEARCH_COMPLETE),
}
_OF_PR = frozenset({SelfState.PR_CREATED, SelfState.DRAFT_PR_CREATED, SelfState.READY_FOR_REVIEW})


class SelfReport(Struct, frozen=True, kw_only=True):
    """One report, as given."""

    state: SelfState
    at: datetime
    note: str = ""
    pr_url: str | None = None


def parse_self_state(text: str) -> SelfState | None:
    """Read a state as an agent writes it: any case, dashes or underscores, short forms."""
    word = text.strip().lower().replace("-", "_").replace(" ", "_")
    return _MEANT.get(word)


def refusal(lifecycle: life.Lifecycle, report: SelfReport) -> str | None:
    """Why a report is not taken, or None when it is."""
    if report.pr_url and parse_pull_request(report.pr_url) is None:
        return f"{report.pr_url} is not the address of a pull request"
    work, pr, runtime = lifecycle.session, lifecycle.pr, lifecycle.runtime
    if work.kind is Role.ORCHESTRATOR:
        return "an orchestrator does not report"
    if work.state in (life.WorkState.TERMINATED, life.WorkState.DONE):
        return f"the session is {work.state}"
    if pr.state in (life.PrState.MERGED, life.PrState.CLOSED):
        return f"its pull request is {pr.state}"
    if runtime.state in (life.RuntimeState.MISSING, life.RuntimeState.EXITED):
        return f"its agent is {runtime.state}"
    return None


def apply_report(lifecycle: life.Lifecycle, report: SelfReport, now: datetime) -> life.Lifecycle:
    """The lifecycle after a report that was taken."""
    state, reason = _MEANS[report.state]
    pr = lifecycle.pr
    found = parse_pull_request(report.pr_url) if report.pr_url else None
    is_known = bool(report.pr_url) or pr.state is not life.PrState.NONE
    if report.state in _OF_PR and is_known:
        pr = replace(
            pr,
            state=life.PrState.OPEN,
            reason=life.PrReason.REVIEW_PENDING
            if report.state is SelfState.READY_FOR_REVIEW
            else life.PrReason.IN_PROGRESS,
            number=found.number if found else pr.number,
            url=report.pr_url or pr.url,
            last_observed_at=now,
        )
    return life.decide(lifecycle, now, state=state, reason=reason, pr=pr)


NO_NOTE = "It needs input, and has not said what."


class WorkRecord(Struct, frozen=True, kw_only=True):
    """One spawned session as the store keeps it."""

    session_id: SessionId
    project: str
    role: Role = Role.WORKER
    agent: str = ""
    model: str | None = None
    lifecycle: life.Lifecycle
    repository: str = ""
    """The operator's own checkout the worktree belongs to."""
    worktree: str | None = None
    branch: str | None = None
    tmux_server: str = ""
    tmux_name: str | None = None
    issue: str | None = None
    issue_title: str | None = None
    prompt: str | None = None
    """What the operator asked for."""
    display_name: str | None = None
    is_named_by_user: bool = False
    prs: tuple[PullRequest, ...] = ()
    finds_prs: bool = True
    """Whether pull requests of its branch are taken up on their own."""
    agent_session_id: str | None = None
    """The agent's own id of the conversation, for resuming it."""
    restore_fallback: str | None = None
    """Why the last restore began a new conversation."""
    created_at: datetime
    restored_at: datetime | None = None
    last_active_at: datetime | None = None
    report_state: str | None = None
    report_note: str = ""
    reported_at: datetime | None = None
    kept_ref: str | None = None
    """Where work that was not committed has been kept, when the worktree went; until the operator was told of it."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Small values that only one agent or poller knows the meaning of."""

    @property
    def is_orchestrator(self) -> bool:
        """Whether this is a project's orchestrator."""
        return self.role is Role.ORCHESTRATOR

    @property
    def question(self) -> Ask | None:
        """What its agent has reported to need of the operator, as long as that is open."""
        is_open = self.lifecycle.session.state is life.WorkState.NEEDS_INPUT
        if self.report_state != SelfState.NEEDS_INPUT or self.reported_at is None or not is_open:
            return None
        return Ask(kind=Need.QUESTION, text=self.report_note.strip() or NO_NOTE, since=self.reported_at)

    def as_work(self) -> Work:
        """As the session object shows it."""
        return Work(
            project=self.project,
            role=self.role.value,
            agent=self.agent,
            status=life.status_of(self.lifecycle).value,
            branch=self.branch,
            worktree=self.worktree,
            issue=self.issue,
            prs=tuple(pr.as_json() for pr in self.prs),
            lifecycle=life.dump(self.lifecycle),
            display_name=self.display_name,
            created_at=self.created_at,
            restored_at=self.restored_at,
        )


def without_question(record: WorkRecord, now: datetime) -> WorkRecord:
    """The record once the operator has answered: its agent is at work again."""
    if record.question is None:
        return record
    lifecycle = life.decide(
        record.lifecycle, now, state=life.WorkState.WORKING, reason=life.WorkReason.TASK_IN_PROGRESS
    )
    return replace(record, lifecycle=lifecycle)


def without_pr(record: WorkRecord, now: datetime) -> WorkRecord:
    """The record once it owns no pull request any more: back at work where its status told of one."""
    lifecycle = life.decide(record.lifecycle, now, pr=life.PrPart())
    if life.status_of(record.lifecycle) in (life.PR_OWNING if record.is_orchestrator else life.PR_TRACKING):
        lifecycle = life.decide(lifecycle, now, state=life.WorkState.WORKING, reason=life.WorkReason.TASK_IN_PROGRESS)
    return replace(record, prs=(), finds_prs=False, lifecycle=lifecycle)


def repaired(records: Iterable[WorkRecord], now: datetime) -> list[WorkRecord]:
    """The records that had to be put right, as they should be: orchestrators own no pull request, one worker each."""
    wrong: list[WorkRecord] = []
    claims: dict[str, list[WorkRecord]] = {}
    for record in records:
        if record.is_orchestrator:
            if record.prs or record.finds_prs or life.status_of(record.lifecycle) in life.PR_OWNING:
                wrong.append(record)
        elif record.prs:
            claims.setdefault(record.prs[0].identity, []).append(record)
    for holders in claims.values():
        owner = max(holders, key=_claim_strength)
        wrong += [record for record in holders if record is not owner]
    return [without_pr(record, now) for record in wrong]


def _claim_strength(record: WorkRecord) -> tuple[bool, float, str]:
    times = (record.last_active_at, record.restored_at, record.created_at)
    newest = max(at.timestamp() for at in times if at is not None)
    return life.status_of(record.lifecycle) in life.PR_TRACKING, newest, record.session_id
