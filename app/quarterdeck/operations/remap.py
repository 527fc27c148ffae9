"""Find the conversation of an OpenCode session again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from quarterdeck.errors import AgentError, Refused
from quarterdeck.operations.conversations import find_conversation

if TYPE_CHECKING:
    from quarterdeck.operations.work_context import WorkContext


async def remap(work_context: WorkContext, session_id: str, *, is_forced: bool = False) -> str:
    """The id of the session's OpenCode conversation: as kept, or looked for when there is none or it is forced."""
    record = await work_context.record(session_id)
    if record.agent != "opencode":
        raise Refused(f"{session_id} runs {record.agent}; only OpenCode's conversations are found again like this.")
    if record.agent_session_id and not is_forced:
        return record.agent_session_id
    agent = work_context.agents.get(record.agent)
    if agent is None:
        raise AgentError("There is no agent 'opencode'.")
    found, reason = await find_conversation(replace(record, agent_session_id=None), agent)
    if not found:
        raise AgentError(f"No OpenCode conversation of {session_id} was found: {reason}.")
    await work_context.works.change_work(record.session_id, lambda held: replace(held, agent_session_id=found))
    return found
