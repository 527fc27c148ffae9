"""What an agent says of its own work, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from datetime import datetime

FRESH = timedelta(minutes=5)
AHEAD = timedelta(seconds=60)
"""How far ahead of our clock a report may be and still count."""


class ReportState(StrEnum):
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
    "start": ReportState.STARTED,
    "ack": ReportState.STARTED,
    "acknowledge": ReportState.STARTED,
    "acknowledged": ReportState.STARTED,
    "work": ReportState.WORKING,
    "progress": ReportState.WORKING,
    "wait": ReportState.WAITING,
    "input": ReportState.NEEDS_INPUT,
    "blocked": ReportState.NEEDS_INPUT,
    "question": ReportState.NEEDS_INPUT,
    "ci": ReportState.FIXING_CI,
    "reviews": ReportState.ADDRESSING_REVIEWS,
    "addressing_review": ReportState.ADDRESSING_REVIEWS,
    "pr": ReportState.PR_CREATED,
    "draft": ReportState.DRAFT_PR_CREATED,
    "draft_pr": ReportState.DRAFT_PR_CREATED,
    "ready": ReportState.READY_FOR_REVIEW,
    "review": ReportState.READY_FOR_REVIEW,
    "complete": ReportState.COMPLETED,
}

_MEANS: dict[ReportState, tuple[WorkState, WorkReason]] = {
    ReportState.STARTED: (WorkState.WORKING, WorkReason.AGENT_ACKNOWLEDGED),
    ReportState.WORKING: (WorkState.WORKING, WorkReason.TASK_IN_PROGRESS),
    ReportState.WAITING: (WorkState.IDLE, WorkReason.AWAITING_EXTERNAL_REVIEW),
    ReportState.NEEDS_INPUT: (WorkState.NEEDS_INPUT, WorkReason.AWAITING_USER_INPUT),
    ReportState.FIXING_CI: (WorkState.WORKING, WorkReason.FIXING_CI),
    ReportState.ADDRESSING_REVIEWS: (WorkState.WORKING, WorkReason.RESOLVING_REVIEW_COMMENTS),
    ReportState.PR_CREATED: (WorkState.IDLE, WorkReason.PR_CREATED),
    ReportState.DRAFT_PR_CREATED: (WorkState.WORKING, WorkReason.TASK_IN_PROGRESS),
    ReportState.READY_FOR_REVIEW: (WorkState.IDLE, WorkReason.AWAITING_EXTERNAL_REVIEW),
    ReportState.COMPLETED: (WorkState.IDLE, WorkReason.RESEARCH_COMPLETE),
}
_OF_PR = frozenset({ReportState.PR_CREATED, ReportState.DRAFT_PR_CREATED, ReportState.READY_FOR_REVIEW})


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReport:
    """One report, as given."""

    state: ReportState
    at: datetime
    note: str = ""
    pr_url: str | None = None
    pr_number: int | None = None


def parse_report_state(text: str) -> ReportState | None:
    """Read a state as an agent writes it: any case, dashes or underscores, short forms."""
    word = text.strip().lower().replace("-", "_").replace(" ", "_")
    try:
        return ReportState(word)
    except ValueError:
        return _ALIASES.get(word)


def refusal(lifecycle: Lifecycle, report: AgentReport) -> str | None:
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


def apply_report(lifecycle: Lifecycle, report: AgentReport, now: datetime) -> Lifecycle:
    """The lifecycle after a report that was taken."""
    state, reason = _MEANS[report.state]
    pr = lifecycle.pr
    number = report.pr_number if report.pr_number is not None else _number_in(report.pr_url)
    is_known = bool(report.pr_url) or number is not None or pr.state is not PrState.NONE
    if report.state in _OF_PR and is_known:
        pr = replace(
            pr,
            state=PrState.OPEN,
            reason=PrReason.REVIEW_PENDING
            if report.state is ReportState.READY_FOR_REVIEW
            else PrReason.IN_PROGRESS,
            number=number if number is not None else pr.number,
            url=report.pr_url or pr.url,
            last_observed_at=now,
        )
    return decide(lifecycle, now, state=state, reason=reason, pr=pr)


def is_fresh(at: datetime, now: datetime) -> bool:
    """Whether a report still says what the session is doing."""
    return -AHEAD <= now - at <= FRESH


def _number_in(url: str | None) -> int | None:
    found = parse_pull_request(url) if url else None
    return found.number if found else None
