from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.lifecycle import (
    Lifecycle,
    PrPart,
    PrReason,
    PrState,
    RuntimePart,
    RuntimeState,
    WorkReason,
    WorkState,
    decide,
    initial,
)
from quarterdeck.core.work import Role
from quarterdeck.core.work_record import SelfReport, SelfState, apply_report, parse_self_state, refusal
from quarterdeck.values import replace

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
URL = "https://github.com/acme/web/pull/7"


def worker() -> Lifecycle:
    return decide(initial(Role.WORKER, NOW), NOW, state=WorkState.WORKING)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("working", SelfState.WORKING),
        (" Needs-Input ", SelfState.NEEDS_INPUT),
        ("fixing ci", SelfState.FIXING_CI),
        ("ready", SelfState.READY_FOR_REVIEW),
        ("complete", SelfState.COMPLETED),
        ("done", None),
        ("", None),
    ],
)
def test_states_are_read_as_agents_write_them(text: str, expected: SelfState | None) -> None:
    assert parse_self_state(text) is expected


@given(st.text())
def test_any_text_can_be_a_report_state(text: str) -> None:
    assert parse_self_state(text) in (None, *SelfState)


@pytest.mark.parametrize(
    ("state", "work", "reason"),
    [
        (SelfState.STARTED, WorkState.WORKING, WorkReason.AGENT_ACKNOWLEDGED),
        (SelfState.WORKING, WorkState.WORKING, WorkReason.TASK_IN_PROGRESS),
        (SelfState.WAITING, WorkState.IDLE, WorkReason.AWAITING_EXTERNAL_REVIEW),
        (SelfState.NEEDS_INPUT, WorkState.NEEDS_INPUT, WorkReason.AWAITING_USER_INPUT),
        (SelfState.FIXING_CI, WorkState.WORKING, WorkReason.FIXING_CI),
        (SelfState.ADDRESSING_REVIEWS, WorkState.WORKING, WorkReason.RESOLVING_REVIEW_COMMENTS),
        (SelfState.PR_CREATED, WorkState.IDLE, WorkReason.PR_CREATED),
        (SelfState.DRAFT_PR_CREATED, WorkState.WORKING, WorkReason.TASK_IN_PROGRESS),
        (SelfState.READY_FOR_REVIEW, WorkState.IDLE, WorkReason.AWAITING_EXTERNAL_REVIEW),
        (SelfState.COMPLETED, WorkState.IDLE, WorkReason.RESEARCH_COMPLETE),
    ],
)
def test_a_report_moves_the_work(state: SelfState, work: WorkState, reason: WorkReason) -> None:
    after = apply_report(worker(), SelfReport(state=state, at=NOW), NOW)

    assert (after.session.state, after.session.reason) == (work, reason)
    assert after.pr == PrPart(), "a pull request nobody named is not made up"


def test_a_report_of_a_pull_request_opens_it() -> None:
    opened = apply_report(worker(), SelfReport(state=SelfState.PR_CREATED, at=NOW, pr_url=URL), NOW)
    ready = apply_report(opened, SelfReport(state=SelfState.READY_FOR_REVIEW, at=NOW), NOW)

    assert opened.pr == PrPart(state=PrState.OPEN, reason=PrReason.IN_PROGRESS, number=7, url=URL, last_observed_at=NOW)
    assert ready.pr.reason is PrReason.REVIEW_PENDING
    assert ready.pr.url == URL


@pytest.mark.parametrize(
    ("lifecycle", "report", "word"),
    [
        (initial(Role.ORCHESTRATOR, NOW), SelfReport(state=SelfState.WORKING, at=NOW), "orchestrator"),
        (
            decide(worker(), NOW, state=WorkState.TERMINATED),
            SelfReport(state=SelfState.WORKING, at=NOW),
            "terminated",
        ),
        (decide(worker(), NOW, state=WorkState.DONE), SelfReport(state=SelfState.WORKING, at=NOW), "done"),
        (replace(worker(), pr=PrPart(state=PrState.MERGED)), SelfReport(state=SelfState.WORKING, at=NOW), "merged"),
        (replace(worker(), pr=PrPart(state=PrState.CLOSED)), SelfReport(state=SelfState.WORKING, at=NOW), "closed"),
        (
            replace(worker(), runtime=RuntimePart(state=RuntimeState.EXITED)),
            SelfReport(state=SelfState.WORKING, at=NOW),
            "exited",
        ),
        (worker(), SelfReport(state=SelfState.PR_CREATED, at=NOW, pr_url="nonsense"), "not the address"),
    ],
)
def test_reports_that_cannot_be_true_are_refused_with_the_reason(
    lifecycle: Lifecycle, report: SelfReport, word: str
) -> None:
    assert word in (refusal(lifecycle, report) or "")


def test_a_plausible_report_is_taken() -> None:
    assert refusal(worker(), SelfReport(state=SelfState.PR_CREATED, at=NOW, pr_url=URL)) is None
