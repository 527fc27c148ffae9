"""What the hooks of Claude Code and of Codex, which took over their shape, say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents import report_claims
from quarterdeck.agents.gist import asked, tool_gist, tool_request
from quarterdeck.agents.limits import reset_time
from quarterdeck.core.foreign_json import TEXT_LENGTH, object_at, objects_at, text_at
from quarterdeck.core.session import Need, SessionState
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.agents.report_claims import Handler
    from quarterdeck.core.report import Report, ReportState

QUESTION_TOOLS = frozenset({"AskUserQuestion", "request_user_input"})
PLAN_TOOLS = frozenset({"ExitPlanMode", "EnterPlanMode"})
_OVER = frozenset({"completed", "failed", "killed", "stopped", "cancelled", "done"})


def read_claude(held: ReportState, report: Report) -> ReportState:
    """Fold one of Claude Code's reports in."""
    return report_claims.fold(held, report, CLAUDE, _identify)


def read_codex(held: ReportState, report: Report) -> ReportState:
    """Fold one of Codex's reports in."""
    return report_claims.fold(held, report, CODEX, _identify)


def _sub_agent(report: Report) -> str:
    """The id of the sub-agent that speaks; "" = the main agent does."""
    return text_at(report.payload, "agent_id")


def _identify(held: ReportState, report: Report) -> ReportState:
    if "session_id" not in report.payload:
        return held
    return report_claims.identified(held, report, sub_agent=bool(_sub_agent(report)))


def _started(held: ReportState, report: Report) -> ReportState:
    if text_at(report.payload, "source") == "compact":
        return held  # it may come in the middle of a turn
    held = replace(held, subagents=frozenset(), background_tasks=0, error_at=None)
    return report_claims.resting(held, report, detail=text_at(report.payload, "source"))


def _prompted(held: ReportState, report: Report) -> ReportState:
    if _sub_agent(report):
        return held
    prompt = text_at(report.payload, "prompt")[:TEXT_LENGTH]
    held = replace(held, last_prompt=prompt or held.last_prompt, turns=held.turns + 1, tool="", error_at=None)
    return report_claims.working(held, report)


def _tool_begins(held: ReportState, report: Report) -> ReportState:
    if _sub_agent(report):
        return held
    tool, arguments = text_at(report.payload, "tool_name"), object_at(report.payload, "tool_input")
    if tool in QUESTION_TOOLS:
        question, choices = asked(arguments)
        return report_claims.asking(held, report, Need.QUESTION, question=question, choices=choices)
    return report_claims.working(held, report, tool=tool_gist(tool, arguments))


def _tool_ended(held: ReportState, report: Report) -> ReportState:
    speaker = _sub_agent(report)
    if speaker:
        # Only the answer to its own question is news about the session.
        answered = held.asked_by == speaker
        return report_claims.working(replace(held, asked_by=""), report) if answered else held
    return report_claims.working(replace(held, tool=""), report)


def _permission(held: ReportState, report: Report) -> ReportState:
    tool, arguments = text_at(report.payload, "tool_name"), object_at(report.payload, "tool_input")
    speaker = _sub_agent(report)
    if tool in QUESTION_TOOLS:
        question, choices = asked(arguments)
        return report_claims.asking(held, report, Need.QUESTION, question=question, choices=choices, asked_by=speaker)
    return report_claims.asking(held, report, Need.PERMISSION, question=tool_request(tool, arguments), asked_by=speaker)


def _notified(held: ReportState, report: Report) -> ReportState:
    kind = text_at(report.payload, "notification_type")
    message = text_at(report.payload, "message")
    if kind == "idle_prompt":
        return held if held.error_at else report_claims.finished(held, report)
    if kind not in {"permission_prompt", "elicitation_dialog", "worker_permission_prompt"}:
        return held
    asked_before = held.reading
    if asked_before is not None and asked_before.state is SessionState.ATTENTION:
        # The request itself came before, and knows more than this reminder.
        return replace(held, reading=replace(asked_before, at=report.at))
    needs = Need.QUESTION if kind == "elicitation_dialog" else Need.PERMISSION
    return report_claims.asking(held, report, needs, question=message)


def _elicited(held: ReportState, report: Report) -> ReportState:
    return report_claims.asking(held, report, Need.QUESTION, question=text_at(report.payload, "message"))


def _stopped(held: ReportState, report: Report) -> ReportState:
    if _sub_agent(report):
        return held
    tasks = [task for task in objects_at(report.payload, "background_tasks") if text_at(task, "status") not in _OVER]
    held = replace(held, background_tasks=len(tasks), subagents=frozenset(), error_at=None)
    return report_claims.finished(held, report, text=text_at(report.payload, "last_assistant_message"))


def _broke_down(held: ReportState, report: Report) -> ReportState:
    text = text_at(report.payload, "last_assistant_message") or text_at(report.payload, "error_details")
    told = f"{text_at(report.payload, 'error')}: {text}"
    return report_claims.failed(held, report, text=told, until=reset_time(text, report.at))


def _sub_agent_began(held: ReportState, report: Report) -> ReportState:
    return replace(held, subagents=held.subagents | {_sub_agent(report)})


def _sub_agent_ended(held: ReportState, report: Report) -> ReportState:
    held = replace(held, subagents=held.subagents - {_sub_agent(report)})
    return _tool_ended(held, report) if held.asked_by else held


def _compacting(held: ReportState, report: Report) -> ReportState:
    return report_claims.working(held, report, detail="compacting")


def _compacted(held: ReportState, report: Report) -> ReportState:
    if text_at(report.payload, "trigger") == "manual":
        return report_claims.resting(held, report, detail="compacted")
    return report_claims.working(held, report, detail="compacted")


def _ended(held: ReportState, report: Report) -> ReportState:
    if text_at(report.payload, "reason") in {"clear", "resume"}:
        return held  # the next conversation begins in the same process
    return report_claims.gone(held, report)


def _turn_complete(held: ReportState, report: Report) -> ReportState:
    """Codex's `notify`; it also tells of hidden threads that only find a title."""
    if not held.session_id or text_at(report.payload, "thread-id") != held.session_id:
        return held
    return report_claims.finished(held, report, text=text_at(report.payload, "last-assistant-message"))


_COMMON: Mapping[str, Handler] = {
    "SessionStart": _started,
    "UserPromptSubmit": _prompted,
    "PreToolUse": _tool_begins,
    "PostToolUse": _tool_ended,
    "PermissionRequest": _permission,
    "Stop": _stopped,
    "SubagentStart": _sub_agent_began,
    "SubagentStop": _sub_agent_ended,
    "PreCompact": _compacting,
    "PostCompact": _compacted,
    "SessionEnd": _ended,
}

CLAUDE: Mapping[str, Handler] = {
    **_COMMON,
    "PostToolUseFailure": _tool_ended,
    "PermissionDenied": _tool_ended,
    "Notification": _notified,
    "Elicitation": _elicited,
    "ElicitationResult": _tool_ended,
    "StopFailure": _broke_down,
}

CODEX: Mapping[str, Handler] = {**_COMMON, "agent-turn-complete": _turn_complete}
