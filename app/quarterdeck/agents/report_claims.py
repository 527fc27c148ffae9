"""What the reports of any agent have in common: identity, order, and claims made from them.

A report tells of a moment. What it claims holds for a stated time; then whoever sees the present may say otherwise,
because interrupts, refusals and some errors are never reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.foreign_json import TEXT_LENGTH, text_at
from quarterdeck.core.reading import Reading
from quarterdeck.core.report import Report, ReportState
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from quarterdeck.core.subagent import Subagent

    Handler = Callable[[ReportState, Report], ReportState]

REPORTED_WORK_SECONDS = 5.0
"""An interrupt is not reported, so work must be seen elsewhere soon."""
REPORTED_ASK_SECONDS = 2.0
"""An answer is not reported, so an ask must be seen elsewhere soon."""
REPORTED_REST_SECONDS = 5.0
REPORTED_SUBAGENTS = 200
"""So many are held at most; those that began longest ago go first."""


def identified(held: ReportState, report: Report) -> ReportState:
    """Who speaks, from the fields that most agents share. Another conversation starts from nothing."""
    payload = report.payload
    session_id = text_at(payload, "session_id")
    if session_id and held.session_id and session_id != held.session_id:
        held = ReportState(reading=held.reading, at=held.at, cwd=held.cwd)
    return replace(
        held,
        session_id=session_id or held.session_id,
        transcript_path=text_at(payload, "transcript_path") or held.transcript_path,
        cwd=text_at(payload, "cwd") or held.cwd,
        model=text_at(payload, "model") or held.model,
    )


def fold(held: ReportState, report: Report, told: Handler, identify: Handler = identified) -> ReportState:
    """Fold one report in: a late one changes nothing, and one that `told` does not know only says who speaks."""
    if held.at is not None and report.at < held.at:
        return held
    return told(replace(identify(held, report), at=report.at), report)


def with_subagent(held: ReportState, one: Subagent) -> ReportState:
    """What is held, with this one told of, anew where it was before."""
    told = {each.key: each for each in held.subagents} | {one.key: one}
    return replace(held, subagents=tuple(told.values())[-REPORTED_SUBAGENTS:])


def without_subagent(held: ReportState, key: str) -> ReportState:
    """What is held, without this one."""
    return replace(held, subagents=tuple(each for each in held.subagents if each.key != key))


def working(
    held: ReportState, report: Report, *, tool: str = "", detail: str = "", until: datetime | None = None
) -> ReportState:
    """Claim that the agent is at work, or that it tries again at a time by itself."""
    state = replace(held, tool=tool or held.tool)
    return _claim(state, report, SessionState.BUSY, detail=detail or tool, until=until, lasts=REPORTED_WORK_SECONDS)


def asking(
    held: ReportState, report: Report, needs: Need, question: str, choices: tuple[str, ...] = (), *, asked_by: str = ""
) -> ReportState:
    """Claim that the agent waits for the operator, and for what."""
    state = replace(held, tool="", asked_by=asked_by)
    return _claim(
        state, report, SessionState.ATTENTION, needs, question=question, choices=choices, lasts=REPORTED_ASK_SECONDS
    )


def finished(held: ReportState, report: Report, *, text: str = "", sure: bool = True) -> ReportState:
    """Claim that the agent's turn is over."""
    state = replace(held, last_text=text[:TEXT_LENGTH] or held.last_text, tool="", asked_by="")
    return _claim(state, report, SessionState.IDLE, Need.FINISHED, sure=sure)


def resting(held: ReportState, report: Report, *, detail: str) -> ReportState:
    """Claim that the agent is idle and waits for nobody."""
    return _claim(replace(held, tool="", asked_by=""), report, SessionState.IDLE, detail=detail)


def failed(held: ReportState, report: Report, *, text: str, until: datetime | None) -> ReportState:
    """Claim that the turn ended in an error, which may last until a limit is over."""
    state = replace(held, tool="", asked_by="", error_at=report.at)
    return _claim(state, report, SessionState.ERROR, Need.ERROR, detail=text, until=until)


def gone(held: ReportState, report: Report) -> ReportState:
    """Claim that the agent has ended; its pane may live on."""
    held = replace(held, subagents=(), background_tasks=0)
    return replace(resting(held, report, detail="the agent ended"), has_ended=True)


def _claim(
    held: ReportState,
    report: Report,
    state: SessionState,
    needs: Need | None = None,
    *,
    question: str = "",
    choices: tuple[str, ...] = (),
    detail: str = "",
    until: datetime | None = None,
    lasts: float = REPORTED_REST_SECONDS,
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
    return replace(held, reading=reading, has_ended=False)
