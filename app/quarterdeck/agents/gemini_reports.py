"""What the hooks of Gemini CLI say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents import report_claims
from quarterdeck.agents.gist import asked, tool_gist, tool_request
from quarterdeck.core.foreign_json import TEXT_LENGTH, object_at, text_at
from quarterdeck.core.session import Need, SessionState
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.agents.report_claims import Handler
    from quarterdeck.core.report import Report, ReportState

QUESTION_TOOL = "ask_user"


def read_gemini(held: ReportState, report: Report) -> ReportState:
    """Fold one of Gemini CLI's reports in."""
    return report_claims.fold(held, report, GEMINI, report_claims.identified)


def _started(held: ReportState, report: Report) -> ReportState:
    return report_claims.resting(held, report, detail=text_at(report.payload, "source"))


def _turn_begins(held: ReportState, report: Report) -> ReportState:
    prompt = text_at(report.payload, "prompt")[:TEXT_LENGTH]
    return report_claims.working(replace(held, last_prompt=prompt, turns=held.turns + 1, tool=""), report)


def _turn_over(held: ReportState, report: Report) -> ReportState:
    """Told in the same words after success, interrupts and errors, so that it is only half a proof."""
    return report_claims.finished(held, report, text=text_at(report.payload, "prompt_response"), sure=False)


def _tool_begins(held: ReportState, report: Report) -> ReportState:
    tool, arguments = text_at(report.payload, "tool_name"), object_at(report.payload, "tool_input")
    if tool == QUESTION_TOOL:
        question, choices = asked(arguments)
        return report_claims.asking(held, report, Need.QUESTION, question=question, choices=choices)
    return report_claims.working(held, report, tool=tool_gist(tool, arguments))


def _tool_ended(held: ReportState, report: Report) -> ReportState:
    return report_claims.working(replace(held, tool=""), report)


def _notified(held: ReportState, report: Report) -> ReportState:
    if text_at(report.payload, "notification_type") != "ToolPermission":
        return held
    details = object_at(report.payload, "details")
    before = held.reading
    if text_at(details, "type") == QUESTION_TOOL:
        if before is not None and before.state is SessionState.ATTENTION:
            return replace(held, reading=replace(before, at=report.at))
        return report_claims.asking(held, report, Need.QUESTION, question=text_at(details, "title"))
    title = text_at(details, "title") or text_at(report.payload, "message")
    return report_claims.asking(held, report, Need.PERMISSION, question=tool_request(title, details))


def _ended(held: ReportState, report: Report) -> ReportState:
    return held if text_at(report.payload, "reason") == "clear" else report_claims.gone(held, report)


GEMINI: Mapping[str, Handler] = {
    "SessionStart": _started,
    "BeforeAgent": _turn_begins,
    "AfterAgent": _turn_over,
    "BeforeTool": _tool_begins,
    "AfterTool": _tool_ended,
    "Notification": _notified,
    "SessionEnd": _ended,
}
