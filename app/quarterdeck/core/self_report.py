"""What an agent says of its own work, and what follows from it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.lifecycle import (
    Lifecycle,
    PrReason,
    PrState,
    RuntimeState,
    WorkReason,
    WorkState,
    decide,
)
from quarterdeck.core.pull_request import parse_pull_request
from quarterdeck.core.work import Role
from quarterdeck.values import replace

if TYPE_CHECKING:
    from datetime import datetime


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


_ALIASES = {
    "start": SelfState.STARTED,
    "ack": SelfState.STARTED,
    "acknowledge": SelfState.STARTED,
    "acknowledged": SelfState.STARTED,
    "work": SelfState.WORKING,
    "progress": SelfState.WORKING,
    "wait": SelfState.WAITING,
    "input": SelfState.NEEDS_INPUT,
    "blocked": SelfState.NEEDS_INPUT,
    "question": SelfState.NEEDS_INPUT,
    "ci": SelfState.FIXING_CI,
    "reviews": SelfState.ADDRESSING_REVIEWS,
    "addressing_review": SelfState.ADDRESSING_REVIEWS,
    "pr": SelfState.PR_CREATED,
    "draft": SelfState.DRAFT_PR_CREATED,
    "draft_pr": SelfState.DRAFT_PR_CREATED,
    "ready": SelfState.READY_FOR_REVIEW,
    "review": SelfState.READY_FOR_REVIEW,
    "complete": SelfState.COMPLETED,
}

_MEANS: dict[SelfState, tuple[WorkState, WorkReason]] = {
    SelfState.STARTED: (WorkState.WORKING, WorkReason.AGENT_ACKNOWLEDGED),
    SelfState.WORKING: (WorkState.WORKING, WorkReason.TASK_IN_PROGRESS),
    SelfState.WAITING: (WorkState.IDLE, WorkReason.AWAITING_EXTERNAL_REVIEW),
    SelfState.NEEDS_INPUT: (WorkState.NEEDS_INPUT, WorkReason.AWAITING_USER_INPUT),
    SelfState.FIXING_CI: (WorkState.WORKING, WorkReason.FIXING_CI),
    SelfState.ADDRESSING_REVIEWS: (WorkState.WORKING, WorkReason.RESOLVING_REVIEW_COMMENTS),
    SelfState.PR_CREATED: (WorkState.IDLE, WorkReason.PR_CREATED),
    SelfState.DRAFT_PR_CREATED: (WorkState.WORKING, WorkReason.TASK_IN_PROGRESS),
    SelfState.READY_FOR_REVIEW: (WorkState.IDLE, WorkReason.AWAITING_EXTERNAL_REVIEW),
    SelfState.COMPLETED: (WorkState.IDLE, WorkReason.RESEARCH_COMPLETE),
}
_OF_PR = frozenset({SelfState.PR_CREATED, SelfState.DRAFT_PR_CREATED, SelfState.READY_FOR_REVIEW})


class SelfReport(Struct, frozen=True, kw_only=True):
    """One report, as given."""

    state: SelfState
    at: datetime
    note: str = ""
    pr_url: str | None = None
    pr_number: int | None = None


def parse_self_state(text: str) -> SelfState | None:
    """Read a state as an agent writes it: any case, dashes or underscores, short forms."""
    word = text.strip().lower().replace("-", "_").replace(" ", "_")
    try:
        return SelfState(word)
    except ValueError:
        return _ALIASES.get(word)


def refusal(lifecycle: Lifecycle, report: SelfReport) -> str | None:
    """Why a report is not taken, or None when it is."""
    number = _number_in(report.pr_url)
    if report.pr_url and number is None:
        return f"{report.pr_url} is not the address of a pull request"
    if report.pr_number is not None and number is not None and report.pr_number != number:
        return f"the pull request's number {report.pr_number} contradicts its address {report.pr_url}"
    checks = (
        (lifecycle.session.kind is Role.ORCHESTRATOR, "an orchestrator does not report"),
        (
            lifecycle.session.state in (WorkState.TERMINATED, WorkState.DONE),
            f"the session is {lifecycle.session.state}",
        ),
        (lifecycle.pr.state in (PrState.MERGED, PrState.CLOSED), f"its pull request is {lifecycle.pr.state}"),
        (
            lifecycle.runtime.state in (RuntimeState.MISSING, RuntimeState.EXITED),
            f"its agent is {lifecycle.runtime.state}",
        ),
    )
    return next((why for applies, why in checks if applies), None)


def apply_report(lifecycle: Lifecycle, report: SelfReport, now: datetime) -> Lifecycle:
    """The lifecycle after a report that was taken."""
    state, reason = _MEANS[report.state]
    pr = lifecycle.pr
    number = report.pr_number if report.pr_number is not None else _number_in(report.pr_url)
    is_known = bool(report.pr_url) or number is not None or pr.state is not PrState.NONE
    if report.state in _OF_PR and is_known:
        pr = replace(
            pr,
            state=PrState.OPEN,
            reason=PrReason.REVIEW_PENDING if report.state is SelfState.READY_FOR_REVIEW else PrReason.IN_PROGRESS,
            number=number if number is not None else pr.number,
            url=report.pr_url or pr.url,
            last_observed_at=now,
        )
    return decide(lifecycle, now, state=state, reason=reason, pr=pr)


def _number_in(url: str | None) -> int | None:
    found = parse_pull_request(url) if url else None
    return found.number if found else None
