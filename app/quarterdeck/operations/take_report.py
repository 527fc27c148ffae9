"""Take an agent's word on what it is doing, and keep a trail of every attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.lifecycle import status_of
from quarterdeck.core.pull_request import dedupe, parse_pull_request
from quarterdeck.core.redact import redact
from quarterdeck.core.text import clean
from quarterdeck.core.work_record import SelfReport, SelfState, apply_report, parse_self_state, refusal
from quarterdeck.errors import Refused, UsageError
from quarterdeck.ports.store import Level
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.contexts import WorkContext

NOTE_LENGTH = 2_000


async def report(
    context: WorkContext, session_id: str, state: str, *, note: str = "", pr_url: str | None = None
) -> WorkRecord:
    """Take a report of the session it is about; raises Refused with the reason when it cannot be true."""
    said = parse_self_state(state)
    if said is None:
        raise UsageError(f"{state!r} is not a state that an agent can report.", hint=f"One of: {', '.join(SelfState)}.")
    now = context.clock.now()
    # Masked before it is cut: half a secret looks like none.
    given = SelfReport(state=said, at=now, note=redact(clean(note))[:NOTE_LENGTH], pr_url=pr_url)
    reason: str | None = None
    before: WorkRecord | None = None

    def take(held: WorkRecord) -> WorkRecord:
        nonlocal reason, before
        before = held
        reason = refusal(held.lifecycle, given)
        return held if reason else _reported(held, given)

    after = await context.works.change_work((await context.record(session_id)).session_id, take)
    assert before is not None
    trail = {
        "state": said.value,
        "note": given.note,
        "pr_url": pr_url,
        "actor": context.own_session or "operator",
        "accepted": reason is None,
        "reason": reason,
        "before": _snapshot(before),
        "after": _snapshot(after),
    }
    await context.works.audit(after.session_id, now, trail)
    if reason is not None:
        told = {"state": said.value, "reason": reason}
        summary = f"A report of {session_id} was not taken"
        await context.tell("report.transition_rejected", summary, after.project, session_id, Level.WARN, **told)
        raise Refused(f"The report {said} was not accepted: {reason}.")
    return after


def _reported(record: WorkRecord, given: SelfReport) -> WorkRecord:
    found = parse_pull_request(given.pr_url) if given.pr_url else None
    return replace(
        record,
        lifecycle=apply_report(record.lifecycle, given, given.at),
        prs=dedupe([*record.prs, found]) if found else record.prs,
        report_state=given.state.value,
        report_note=given.note,
        reported_at=given.at,
        last_active_at=given.at,
    )


def _snapshot(record: WorkRecord) -> dict[str, object]:
    return {
        "status": status_of(record.lifecycle).value,
        "state": record.lifecycle.session.state.value,
        "reason": record.lifecycle.session.reason.value,
        "pr": record.lifecycle.pr.state.value,
    }
