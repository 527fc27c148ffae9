"""What Codex's rollout tells of the agents it spawned and of its background terminals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.agents.subagent_book import SHELL_NAME
from quarterdeck.core.foreign_json import EMPTY, object_at, objects_at, parse_object, text_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.agents.subagent_book import SubagentBook
    from quarterdeck.core.foreign_json import Json
    from quarterdeck.core.subagent import Subagent

_NOTIFICATION = re.compile(r"<subagent_notification>\s*(\{.*\})\s*</subagent_notification>", re.DOTALL)
_TERMINAL = re.compile(r"(?:Chunk ID: \w+\n)?(?:Wall time: [^\n]*\n)?Process running with session ID (\d{1,12})\n")
_WORKS = frozenset({"pending_init", "running"})
_BEGAN = frozenset({"spawn_agent", "resume_agent", "send_input"})
_LEFT = frozenset({"completed", "interrupted", "errored", "shutdown", "closed", "failed"})
_THREAD = re.compile(r"[0-9a-f-]{36}")


def take_notification(book: SubagentBook, text: str) -> bool:
    """Enter that a spawned agent is over, where that is what is told; answers whether it was."""
    found = _NOTIFICATION.match(text)
    told = (parse_object(found[1]) or EMPTY) if found else EMPTY
    status = told.get("status")
    if not _works(status):
        book.ended(text_at(told, "agent_path"))
    return found is not None


def _works(status: object) -> bool:
    return isinstance(status, str) and status in _WORKS


def take_output(book: SubagentBook, call_id: str, output: object, at: datetime | None) -> None:
    """Enter what a tool's output says of what goes on after it."""
    if not isinstance(output, str):
        return
    if terminal := _TERMINAL.match(output):
        book.goes_on(call_id, terminal[1], name=SHELL_NAME, is_command=True, at=at)
    elif output.startswith("{") and (told := parse_object(output)) and (thread := text_at(told, "agent_id")):
        book.goes_on(call_id, thread, name=text_at(told, "nickname"), at=at)


def take_item(book: SubagentBook, item: Json, at: datetime | None) -> None:
    """Enter what became of a spawned agent, or of a command."""
    call_id, thread = text_at(item, "id"), text_at(item, "agent_thread_id")
    match item.get("type"):
        case "CommandExecution":
            book.ended(text_at(item, "process_id"))
        case "SubAgentActivity" if text_at(item, "kind") in _LEFT:
            book.ended(thread)
        case "SubAgentActivity":
            book.goes_on(call_id, thread, name=text_at(item, "agent_path").rpartition("/")[2], at=at)
        case "CollabAgentToolCall":
            _collaboration(book, item, call_id, at)


def _collaboration(book: SubagentBook, item: Json, call_id: str, at: datetime | None) -> None:
    states: Mapping[str, object] = object_at(item, "agents_states")
    if text_at(item, "tool") in _BEGAN:
        for agent in objects_at(item, "receiver_agents"):
            name = text_at(agent, "agent_nickname") or text_at(agent, "agent_role")
            thread = text_at(agent, "thread_id")
            book.goes_on(call_id, thread, name=name, thought=text_at(item, "prompt"), at=at)
    for thread, state in states.items():
        if not _works(state):
            book.ended(thread)
    if text_at(item, "tool") == "close_agent":
        for agent in objects_at(item, "receiver_agents"):
            book.ended(text_at(agent, "thread_id"))


def rollout_of(path: Path, subagent: Subagent) -> Path | None:
    """The rollout of a spawned agent: in the folder of the day, or of a later one."""
    thread = subagent.key
    if not _THREAD.fullmatch(thread):
        return None
    day, root = path.parent, path.parents[3] if len(path.parents) > 3 else path.parent
    found = next(day.glob(f"rollout-*-{thread}.jsonl"), None)
    if found is None:
        newest = max(root.glob("[0-9]*/[0-9]*/[0-9]*"), default=day)
        found = next(newest.glob(f"rollout-*-{thread}.jsonl"), None)
    return found
