"""What the reports of any agent have in common: identity, order, and claims made from them.

A report tells of a moment. What it claims holds for a stated time; then whoever sees the present may say otherwise,
because interrupts, refusals and some errors are never reported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from quarterdeck.core.foreign_json import TEXT_LENGTH, text_at
from quarterdeck.core.reading import Reading
from quarterdeck.core.report import Report, ReportState
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.values import replace

if TYPE_CHECKING:
    from datetime import datetime

WORKING_LASTS = 5.0
"""An interrupt is not reported, so work must be seen elsewhere soon."""
ASKING_LASTS = 2.0
"""An answer is not reported, so an ask must be seen elsewhere soon."""
RESTING_LASTS = 5.0

Handler = Callable[[ReportState, Report], ReportState]


def fold(
    held: ReportState,
    report: Report,
    handlers: Mapping[str, Handler],
    identify: Callable[[ReportState, Report], ReportState],
) -> ReportState:
    """Fold one report in: a late one changes nothing, an unknown event only tells who speaks."""
    if held.at is not None and report.at < held.at:
        return held
    known = replace(identify(held, report), at=report.at)
    handler = handlers.get(report.event)
    return handler(known, report) if handler else known


def working(
    held: ReportState, report: Report, *, tool: str = "", detail: str = "", lasts: float | None = WORKING_LASTS
) -> ReportState:
    """Claim that the agent is at work."""
    return _claim(held, report, SessionState.BUSY, tool=tool, detail=detail or tool, lasts=lasts)


def asking(
    held: ReportState,
    report: Report,
    needs: Need,
    *,
    question: str,
    choices: tuple[str, ...] = (),
    asked_by: str = "",
    lasts: float | None = ASKING_LASTS,
) -> ReportState:
    """Claim that the agent waits for the operator, and for what."""
    state = _claim(held, report, SessionState.ATTENTION, needs=needs, question=question, choices=choices, lasts=lasts)
    return replace(state, asked_by=asked_by)


def finished(
    held: ReportState, report: Report, *, text: str = "", sure: bool = True, lasts: float | None = RESTING_LASTS
) -> ReportState:
    """Claim that the agent's turn is over."""
    state = replace(held, last_text=text[:TEXT_LENGTH] or held.last_text, tool="", asked_by="")
    return _claim(state, report, SessionState.IDLE, needs=Need.FINISHED, lasts=lasts, sure=sure)


def resting(held: ReportState, report: Report, *, detail: str = "", lasts: float | None = RESTING_LASTS) -> ReportState:
    """Claim that the agent is idle and waits for nobody."""
    return _claim(replace(held, tool="", asked_by=""), report, SessionState.IDLE, detail=detail, lasts=lasts)


def failed(
    held: ReportState, report: Report, *, text: str, until: datetime | None = None, lasts: float | None = RESTING_LASTS
) -> ReportState:
    """Claim that the turn ended in an error, which may last until a limit is over."""
    state = replace(held, tool="", asked_by="", error_at=report.at)
    return _claim(state, report, SessionState.ERROR, needs=Need.ERROR, detail=text, until=until, lasts=lasts)


def gone(held: ReportState, report: Report) -> ReportState:
    """Claim that the agent has ended; its pane may live on."""
    state = replace(held, tool="", asked_by="", subagents=frozenset(), background_tasks=0)
    return _claim(state, report, SessionState.IDLE, detail="the agent ended", lasts=RESTING_LASTS)


def identified(held: ReportState, report: Report, *, sub_agent: bool = False) -> ReportState:
    """Who speaks, from the fields that most agents share. Another conversation starts from nothing."""
    payload = report.payload
    session_id = text_at(payload, "session_id")
    if sub_agent:
        return held
    if session_id and held.session_id and session_id != held.session_id:
        held = ReportState(reading=held.reading, at=held.at, cwd=held.cwd)
    return replace(
        held,
        session_id=session_id or held.session_id,
        transcript_path=text_at(payload, "transcript_path") or held.transcript_path,
        cwd=text_at(payload, "cwd") or held.cwd,
        model=text_at(payload, "model") or held.model,
    )


def _claim(
    held: ReportState,
    report: Report,
    state: SessionState,
    *,
    needs: Need | None = None,
    question: str = "",
    choices: tuple[str, ...] = (),
    tool: str = "",
    detail: str = "",
    until: datetime | None = None,
    lasts: float | None = None,
    sure: bool = True,
) -> ReportState:
    reading = Reading(
        source=Source.HOOK,
        state=state,
        cause="hook_" + report.event.replace(".", "_").replace("-", "_"),
        confidence=Confidence.HIGH if sure else Confidence.LOW,
        at=report.at,
        detail=detail[:500],
        needs=needs,
        question=question[:TEXT_LENGTH],
        choices=choices,
        lasts=lasts,
        until=until,
    )
    return replace(held, reading=reading, tool=tool or ("" if state is not SessionState.BUSY else held.tool))
