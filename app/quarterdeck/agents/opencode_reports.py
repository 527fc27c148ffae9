"""What OpenCode's plugin says: the events of its own bus, passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.gist import asked, tool_gist, tool_request
from quarterdeck.agents.limits import reset_time
from quarterdeck.agents.report_claims import asking, failed, finished, fold, resting, working
from quarterdeck.core.foreign_json import object_at, text_at
from quarterdeck.core.session import Need, SessionState
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.foreign_json import Json
    from quarterdeck.core.report import Report, ReportState

EVENTS = (
    "session.created", "session.updated", "session.status", "session.idle", "session.error", "permission.asked",
    "permission.updated", "permission.replied", "question.asked", "question.replied", "question.rejected",
)  # fmt: skip
ABORTED = "MessageAbortedError"
CHOICES = ("Allow once", "Allow always", "Reject")


def read_opencode(held: ReportState, report: Report) -> ReportState:
    """Fold one of OpenCode's reports in."""
    told = fold(held, report, _told, _identify)
    if told.reading is None or told.reading is held.reading:
        return told
    # Every change is an event here, so that a claim holds until the next one.
    return replace(told, reading=replace(told.reading, lasts=None))


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


def _told(held: ReportState, report: Report) -> ReportState:
    found, session = _properties(report), _session(report)
    is_main = session not in held.subagents
    asked_by = "" if is_main else session
    match report.event:
        case "session.idle" if is_main:
            return _idle(held, report)
        case "session.status" if is_main:
            return _status(held, report, text_at(found, "status", "type"))
        case "session.error" if is_main:
            return _error(held, report, object_at(found, "error"))
        case "permission.asked" | "permission.updated":
            title = text_at(found, "permission") or text_at(found, "title")
            question = tool_request(title, object_at(found, "metadata"))
            return asking(held, report, Need.PERMISSION, question, CHOICES, asked_by=asked_by)
        case "question.asked":
            return asking(held, report, Need.QUESTION, *asked(found), asked_by=asked_by)
        case "permission.replied" | "question.replied":
            if text_at(found, "reply") == "reject" and not held.asked_by:
                return resting(held, report, detail="refused")
            return working(replace(held, asked_by=""), report)
        case "question.rejected":
            return resting(held, report, detail="refused")
        case "tool.execute.before" if is_main:
            return replace(held, tool=tool_gist(text_at(found, "input", "tool"), object_at(found, "output", "args")))
        case "tool.execute.after" if is_main:
            return replace(held, tool="")
    return held


def _idle(held: ReportState, report: Report) -> ReportState:
    if held.error_at is not None:
        return held  # the error that came just before tells more
    if held.reading is not None and held.reading.state is SessionState.IDLE:
        return held  # it is told twice
    return finished(held, report)


def _status(held: ReportState, report: Report, kind: str) -> ReportState:
    if kind == "idle":
        return _idle(held, report)
    waits = held.reading is not None and held.reading.state is SessionState.ATTENTION
    if kind not in {"busy", "retry"} or waits:
        return held  # it is busy all the time that it waits for an answer
    return working(replace(held, error_at=None), report, detail=kind)


def _error(held: ReportState, report: Report, error: Json) -> ReportState:
    if text_at(error, "name") == ABORTED:
        return resting(held, report, detail="interrupted")
    text = text_at(error, "data", "message") or text_at(error, "name")
    return failed(held, report, text=text, until=reset_time(text, report.at))
