"""Everything kept of a session we spawned: who it is for, where it works, and where its work stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.lifecycle import Lifecycle, PrPart, WorkReason, WorkState, decide, status_of
from quarterdeck.core.lifecycle_record import dump
from quarterdeck.core.self_report import SelfState
from quarterdeck.core.session import Ask, Need
from quarterdeck.core.work import PR_OWNING, PR_TRACKING, Role, Work
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from quarterdeck.core.pull_request import PullRequest
    from quarterdeck.core.session import SessionId


NO_NOTE = "It needs input, and has not said what."


class WorkRecord(Struct, frozen=True, kw_only=True):
    """One spawned session as the store keeps it."""

    session_id: SessionId
    project: str
    role: Role = Role.WORKER
    agent: str = ""
    model: str | None = None
    lifecycle: Lifecycle
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
        is_open = self.lifecycle.session.state is WorkState.NEEDS_INPUT
        if self.report_state != SelfState.NEEDS_INPUT or self.reported_at is None or not is_open:
            return None
        return Ask(kind=Need.QUESTION, text=self.report_note.strip() or NO_NOTE, since=self.reported_at)

    def as_work(self) -> Work:
        """As the session object shows it."""
        return Work(
            project=self.project,
            role=self.role.value,
            agent=self.agent,
            status=status_of(self.lifecycle).value,
            branch=self.branch,
            worktree=self.worktree,
            issue=self.issue,
            prs=tuple(pr.as_json() for pr in self.prs),
            lifecycle=dump(self.lifecycle),
            display_name=self.display_name,
            created_at=self.created_at,
            restored_at=self.restored_at,
        )


def without_question(record: WorkRecord, now: datetime) -> WorkRecord:
    """The record once the operator has answered: its agent is at work again."""
    if record.question is None:
        return record
    lifecycle = decide(record.lifecycle, now, state=WorkState.WORKING, reason=WorkReason.TASK_IN_PROGRESS)
    return replace(record, lifecycle=lifecycle)


def without_pr(record: WorkRecord, now: datetime) -> WorkRecord:
    """The record once somebody else owns its pull request: back at work where its status told of one."""
    lifecycle = decide(record.lifecycle, now, pr=PrPart())
    if status_of(record.lifecycle) in PR_TRACKING:
        lifecycle = decide(lifecycle, now, state=WorkState.WORKING, reason=WorkReason.TASK_IN_PROGRESS)
    return replace(record, prs=(), finds_prs=False, lifecycle=lifecycle)


def repaired(records: Iterable[WorkRecord], now: datetime) -> list[WorkRecord]:
    """The records that had to be put right, as they should be: orchestrators own no pull request, one worker each."""
    by_id = {record.session_id: record for record in records}
    changed: dict[SessionId, WorkRecord] = {}
    for record in by_id.values():
        if record.is_orchestrator and (record.prs or record.finds_prs or status_of(record.lifecycle) in PR_OWNING):
            lifecycle = record.lifecycle
            if status_of(lifecycle) in PR_OWNING:
                lifecycle = decide(lifecycle, now, state=WorkState.WORKING, reason=WorkReason.TASK_IN_PROGRESS)
            lifecycle = decide(lifecycle, now, pr=PrPart())
            changed[record.session_id] = replace(record, prs=(), finds_prs=False, lifecycle=lifecycle)
    claims: dict[str, list[WorkRecord]] = {}
    for record in by_id.values():
        if not record.is_orchestrator and record.prs:
            claims.setdefault(record.prs[0].identity, []).append(record)
    for holders in claims.values():
        owner = max(holders, key=_claim_strength)
        for record in holders:
            if record is not owner:
                changed[record.session_id] = without_pr(record, now)
    return list(changed.values())


def _claim_strength(record: WorkRecord) -> tuple[bool, float, str]:
    times = (record.last_active_at, record.restored_at, record.created_at)
    newest = max(at.timestamp() for at in times if at is not None)
    return status_of(record.lifecycle) in PR_TRACKING, newest, record.session_id
