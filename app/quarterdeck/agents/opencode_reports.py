"""What OpenCode's plugin says: the events of its own bus, passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents import report_claims
from quarterdeck.agents.gist import asked, tool_gist, tool_request
from quarterdeck.agents.limits import reset_time
from quarterdeck.core.foreign_json import object_at, text_at
from quarterdeck.core.session import Need, SessionState
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.agents.report_claims import Handler
    from quarterdeck.core.foreign_json import Json
    from quarterdeck.core.report import Report, ReportState

ABORTED = "MessageAbortedError"
STAYS = None
"""Every change is an event here, so that a claim holds until the next one."""


def read_opencode(held: ReportState, report: Report) -> ReportState:
    """Fold one of OpenCode's reports in."""
    return report_claims.fold(held, report, OPENCODE, _identify)


def _properties(report: Report) -> Json:
    return object_at(report.payload, "properties") or report.payload


def _session(report: Report) -> str:
    found = _properties(report)
    return text_at(found, "sessionID") or text_at(found, "info", "id") or text_at(found, "input", "sessionID")


def _identify(held: ReportState, report: Report) -> ReportState:
    session = _session(report)
    info = object_at(_properties(report), "info")
    if report.event.startswith("session.") and text_at(info, "parentID"):
        return replace(held, subagents=held.subagents | {session})
    if not session or session in held.subagents:
        return held
    model = text_at(info, "modelID") or text_at(info, "model", "id") or text_at(info, "model", "modelID")
    cwd = text_at(info, "directory") or text_at(info, "path", "cwd")
    if session != held.session_id and held.session_id:
        held = replace(held, turns=0, last_prompt="", last_text="", asked_by="")
    return replace(held, session_id=session, model=model or held.model, cwd=cwd or held.cwd)


def _is_main(held: ReportState, report: Report) -> bool:
    return _session(report) not in held.subagents


def _status(held: ReportState, report: Report) -> ReportState:
    kind = text_at(_properties(report), "status", "type")
    if not _is_main(held, report):
        return held
    if kind == "idle":
        return _idle(held, report)
    waits = held.reading is not None and held.reading.state is SessionState.ATTENTION
    if kind not in {"busy", "retry"} or waits:
        return held  # it is busy all the time that it waits for an answer
    return report_claims.working(replace(held, error_at=None), report, detail=kind, lasts=STAYS)


def _idle(held: ReportState, report: Report) -> ReportState:
    if not _is_main(held, report):
        return held
    if held.error_at is not None:
        return held  # the error that came just before tells more
    rested = held.reading is not None and held.reading.state is SessionState.IDLE
    if rested:
        return held  # it is told twice
    return report_claims.finished(held, report, lasts=STAYS)


def _error(held: ReportState, report: Report) -> ReportState:
    if not _is_main(held, report):
        return held
    error = object_at(_properties(report), "error")
    if text_at(error, "name") == ABORTED:
        return report_claims.resting(held, report, detail="interrupted", lasts=STAYS)
    text = text_at(error, "data", "message") or text_at(error, "name")
    return report_claims.failed(held, report, text=text, until=reset_time(text, report.at), lasts=STAYS)


def _permission(held: ReportState, report: Report) -> ReportState:
    found = _properties(report)
    asked_by = "" if _is_main(held, report) else _session(report)
    question = tool_request(text_at(found, "permission") or text_at(found, "title"), object_at(found, "metadata"))
    return report_claims.asking(
        held,
        report,
        Need.PERMISSION,
        question=question,
        choices=("Allow once", "Allow always", "Reject"),
        asked_by=asked_by,
        lasts=STAYS,
    )


def _question(held: ReportState, report: Report) -> ReportState:
    question, choices = asked(_properties(report))
    asked_by = "" if _is_main(held, report) else _session(report)
    return report_claims.asking(
        held, report, Need.QUESTION, question=question, choices=choices, asked_by=asked_by, lasts=STAYS
    )


def _replied(held: ReportState, report: Report) -> ReportState:
    if text_at(_properties(report), "reply") == "reject" and not held.asked_by:
        return report_claims.resting(held, report, detail="refused", lasts=STAYS)
    return report_claims.working(replace(held, asked_by=""), report, lasts=STAYS)


def _dismissed(held: ReportState, report: Report) -> ReportState:
    return report_claims.resting(held, report, detail="refused", lasts=STAYS)


def _tool_begins(held: ReportState, report: Report) -> ReportState:
    found = _properties(report)
    gist = tool_gist(text_at(found, "input", "tool"), object_at(found, "output", "args"))
    return held if not _is_main(held, report) else replace(held, tool=gist)


def _tool_ended(held: ReportState, report: Report) -> ReportState:
    return replace(held, tool="") if _is_main(held, report) else held


OPENCODE: Mapping[str, Handler] = {
    "session.status": _status,
    "session.idle": _idle,
    "session.error": _error,
    "permission.asked": _permission,
    "permission.updated": _permission,
    "permission.replied": _replied,
    "question.asked": _question,
    "question.replied": _replied,
    "question.rejected": _dismissed,
    "tool.execute.before": _tool_begins,
    "tool.execute.after": _tool_ended,
}
