"""What the hooks of Gemini CLI say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.gist import asked, tool_gist, tool_request
from quarterdeck.agents.report_claims import asking, finished, fold, gone, resting, working
from quarterdeck.core.foreign_json import TEXT_LENGTH, object_at, text_at
from quarterdeck.core.session import Need, SessionState
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.report import Report, ReportState

GEMINI_HOOKS = (
    "SessionStart", "BeforeAgent", "AfterAgent", "BeforeTool", "AfterTool", "Notification", "SessionEnd"
)  # fmt: skip
QUESTION_TOOL = "ask_user"


def read_gemini(held: ReportState, report: Report) -> ReportState:
    """Fold one of Gemini CLI's reports in."""
    return fold(held, report, _told)


def _told(held: ReportState, report: Report) -> ReportState:
    payload = report.payload
    tool, arguments = text_at(payload, "tool_name"), object_at(payload, "tool_input")
    match report.event:
        case "SessionStart":
            return resting(held, report, detail=text_at(payload, "source"))
        case "BeforeAgent":
            prompt = text_at(payload, "prompt")[:TEXT_LENGTH]
            return working(replace(held, last_prompt=prompt, last_text="", turns=held.turns + 1, tool=""), report)
        case "AfterAgent":
            # Told in the same words after success, interrupts and errors, so that it is only half a proof.
            return finished(held, report, text=text_at(payload, "prompt_response"), sure=False)
        case "BeforeTool" if tool == QUESTION_TOOL:
            return asking(held, report, Need.QUESTION, *asked(arguments))
        case "BeforeTool":
            return working(held, report, tool=tool_gist(tool, arguments))
        case "AfterTool":
            return working(replace(held, tool=""), report)
        case "Notification" if text_at(payload, "notification_type") == "ToolPermission":
            return _asked(held, report)
        case "SessionEnd" if text_at(payload, "reason") != "clear":
            return gone(held, report)
    return held


def _asked(held: ReportState, report: Report) -> ReportState:
    details = object_at(report.payload, "details")
    title, before = text_at(details, "title"), held.reading
    if text_at(details, "type") != QUESTION_TOOL:
        request = tool_request(title or text_at(report.payload, "message"), details)
        return asking(held, report, Need.PERMISSION, request)
    if before is not None and before.state is SessionState.ATTENTION:
        return replace(held, reading=replace(before, at=report.at))
    return asking(held, report, Need.QUESTION, title)
