"""What the hooks of Claude Code say, and of Codex and Qwen Code, which took over their shape."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.agents.gist import asked, tool_gist, tool_request
from quarterdeck.agents.limits import reset_time
from quarterdeck.agents.report_claims import (
    REPORTED_SUBAGENTS,
    asking,
    failed,
    finished,
    fold,
    gone,
    identified,
    resting,
    with_subagent,
    without_subagent,
    working,
)
from quarterdeck.agents.subagent_book import subagent, with_thought
from quarterdeck.core.foreign_json import TEXT_LENGTH, object_at, objects_at, text_at
from quarterdeck.core.session import Need, SessionState
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.foreign_json import Json
    from quarterdeck.core.report import Report, ReportState
    from quarterdeck.core.subagent import Subagent

CODEX_HOOKS = (
    "SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PermissionRequest", "Stop", "SubagentStart",
    "SubagentStop", "PreCompact", "PostCompact", "SessionEnd",
)  # fmt: skip
CLAUDE_HOOKS = (
    *CODEX_HOOKS, "PostToolUseFailure", "PermissionDenied", "Notification", "Elicitation", "ElicitationResult",
    "StopFailure",
)  # fmt: skip
QWEN_HOOKS = (*CODEX_HOOKS, "PostToolUseFailure", "Notification", "StopFailure")
QUESTION_TOOLS = frozenset({"AskUserQuestion", "request_user_input", "ask_user_question"})
NOTIFICATION = "<task-notification>"
"""Begins what Claude Code tells itself of something that ran in the background."""
_NOTED = re.compile(r"<task-notification>|Background agent \".*\" was stopped by the user\.$")
"""What is submitted by Claude Code itself, and no wish of the operator."""
ENDED_STATUSES = frozenset({"completed", "failed", "killed", "stopped", "cancelled", "done"})
"""How such a thing may have ended."""
GOING_ON = frozenset({"running", "pending", "in_progress", "queued"})
"""How one that has not ended stands."""
PLAN_TOOLS = frozenset({"ExitPlanMode", "EnterPlanMode", "exit_plan_mode"})
_ASKS = frozenset({"permission_prompt", "elicitation_dialog", "worker_permission_prompt"})


def read_claude(held: ReportState, report: Report) -> ReportState:
    """Fold one of Claude Code's reports in."""
    return held if _is_another_end(held, report) else fold(held, report, _told, _identify)


def read_codex(held: ReportState, report: Report) -> ReportState:
    """Fold one of Codex's reports in."""
    return held if _is_another_end(held, report) else fold(held, report, _told_by_codex, _identify)


def _is_another_end(held: ReportState, report: Report) -> bool:
    """Whether the end is told, late, of a conversation that was left for this one."""
    told = text_at(report.payload, "session_id")
    return report.event == "SessionEnd" and bool(held.session_id and told) and told != held.session_id


def read_qwen(held: ReportState, report: Report) -> ReportState:
    """Fold one of Qwen Code's reports in."""
    return fold(held, report, _told_by_qwen, _identify)


def _told_by_qwen(held: ReportState, report: Report) -> ReportState:
    if report.event != "Notification" or text_at(report.payload, "notification_type") != "idle_prompt":
        return _told(held, report)
    # It comes at once, and after an interrupt or a refusal nothing else does.
    ended = held.reading is not None and held.reading.state in {SessionState.IDLE, SessionState.ERROR}
    return held if ended else resting(held, report, detail="the turn was broken off")


def _sub_agent(report: Report) -> str:
    """The id of the sub-agent that speaks; "" = the main agent does."""
    return text_at(report.payload, "agent_id")


def _identify(held: ReportState, report: Report) -> ReportState:
    return held if "session_id" not in report.payload or _sub_agent(report) else identified(held, report)


def _told_by_codex(held: ReportState, report: Report) -> ReportState:
    if report.event in CODEX_HOOKS:
        return _told(held, report)
    # Its `notify` also tells of hidden threads that only find a title.
    is_ours = held.session_id and text_at(report.payload, "thread-id") == held.session_id
    if report.event != "agent-turn-complete" or not is_ours:
        return held
    return finished(held, report, text=text_at(report.payload, "last-assistant-message"))


def _told(held: ReportState, report: Report) -> ReportState:
    payload, speaker = report.payload, _sub_agent(report)
    tool, arguments = text_at(payload, "tool_name"), object_at(payload, "tool_input")
    match report.event:
        case "SessionStart" if text_at(payload, "source") != "compact":  # which may be in the middle of a turn
            held = replace(held, subagents=(), background_tasks=0, error_at=None)
            return resting(held, report, detail=text_at(payload, "source"))
        case "UserPromptSubmit" if not speaker and _NOTED.match(text_at(payload, "prompt")):
            return working(held, report)  # told by the agent to itself
        case "UserPromptSubmit" if not speaker:
            prompt = text_at(payload, "prompt")[:TEXT_LENGTH] or held.last_prompt
            held = replace(held, last_prompt=prompt, last_text="", turns=held.turns + 1, tool="", error_at=None)
            return working(held, report)
        case "PreToolUse" if not speaker and tool in QUESTION_TOOLS:
            return asking(held, report, Need.QUESTION, *asked(arguments))
        case "PreToolUse" if not speaker:
            return working(held, report, tool=tool_gist(tool, arguments))
        case "PreToolUse":
            return _subagent_works(held, report, tool_gist(tool, arguments))
        case "PostToolUse" | "PostToolUseFailure" | "PermissionDenied" | "ElicitationResult":
            return _tool_ended(held, report)
        case "PermissionRequest" if tool in QUESTION_TOOLS:
            return asking(held, report, Need.QUESTION, *asked(arguments), asked_by=speaker)
        case "PermissionRequest":
            return asking(held, report, Need.PERMISSION, tool_request(tool, arguments), asked_by=speaker)
        case "Notification":
            return _notified(held, report)
        case "Elicitation":
            return asking(held, report, Need.QUESTION, text_at(payload, "message"))
        case "Stop" if not speaker:
            held = replace(_with_background(held, report), error_at=None)
            text = text_at(payload, "last_assistant_message")
            if held.asked_by and held.reading is not None and held.reading.state is SessionState.ATTENTION:
                # Its own turn is over, and what a subagent asks still stands.
                return replace(held, last_text=text[:TEXT_LENGTH] or held.last_text)
            if _goes_on_by_itself(report, "subagent"):
                return working(replace(held, tool="", last_text=text[:TEXT_LENGTH] or held.last_text), report)
            # Whether its team works or rests is not told here; its own list says that it is busy while one does.
            return finished(held, report, text=text, sure=not _goes_on_by_itself(report, "teammate"))
        case "StopFailure":
            text = text_at(payload, "last_assistant_message") or text_at(payload, "error_details")
            until = reset_time(text, report.at)
            return failed(held, report, text=f"{text_at(payload, 'error')}: {text}", until=until)
        case "SubagentStart":
            return with_subagent(held, _begun(report))
        case "SubagentStop":
            held = without_subagent(held, speaker)
            return _tool_ended(held, report) if held.asked_by else held
        case "PreCompact":
            return working(held, report, detail="compacting")
        case "PostCompact" if text_at(payload, "trigger") == "manual":
            return resting(held, report, detail="compacted")
        case "PostCompact":
            return working(held, report, detail="compacted")
        case "SessionEnd" if text_at(payload, "reason") not in {"clear", "resume"}:
            # After those the next conversation begins in the same process.
            return gone(held, report)
    return held


def _subagent_works(held: ReportState, report: Report, does: str) -> ReportState:
    key = _sub_agent(report)
    known = next((each for each in held.subagents if each.key == key), None)
    return with_subagent(held, with_thought(known or _begun(report), does))


def _begun(report: Report) -> Subagent:
    return subagent(_sub_agent(report), text_at(report.payload, "agent_type"), "", report.at)


def _with_background(held: ReportState, report: Report) -> ReportState:
    """What goes on after a turn, where that is told; otherwise each says itself that it is over."""
    if "background_tasks" not in report.payload:
        return replace(held, background_tasks=0)
    left = [
        task for task in objects_at(report.payload, "background_tasks") if text_at(task, "status") not in ENDED_STATUSES
    ]
    known = {each.key: each for each in held.subagents}
    told = (known.get(text_at(task, "id")) or _background(task, report) for task in left[:REPORTED_SUBAGENTS])
    return replace(held, background_tasks=len(left), subagents=tuple(told))


def _goes_on_by_itself(report: Report, kind: str) -> bool:
    """Whether agents in the background still work, whose answers begin the next turn; a command may run for ever."""
    tasks = objects_at(report.payload, "background_tasks")
    return any(text_at(each, "type") == kind and text_at(each, "status") in GOING_ON for each in tasks)


def _background(task: Json, report: Report) -> Subagent:
    name = text_at(task, "agent_type") or text_at(task, "type")
    does = text_at(task, "command") or text_at(task, "description")
    return subagent(text_at(task, "id"), name, does, report.at)


def _tool_ended(held: ReportState, report: Report) -> ReportState:
    speaker = _sub_agent(report)
    if not speaker:
        return working(replace(held, tool=""), report)
    # Only the answer to its own question is news about the session.
    return working(replace(held, asked_by=""), report) if held.asked_by == speaker else held


def _notified(held: ReportState, report: Report) -> ReportState:
    kind = text_at(report.payload, "notification_type")
    if kind == "idle_prompt":
        return held if held.error_at else finished(held, report)
    if kind not in _ASKS:
        return held
    asked_before = held.reading
    if asked_before is not None and asked_before.state is SessionState.ATTENTION:
        # The request itself came before, and knows more than this reminder.
        return replace(held, reading=replace(asked_before, at=report.at))
    needs = Need.QUESTION if kind == "elicitation_dialog" else Need.PERMISSION
    return asking(held, report, needs, text_at(report.payload, "message"))
