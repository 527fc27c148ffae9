"""Find the conversation of a session again, for agents of which that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.text import listed
from quarterdeck.errors import AgentError, Refused
from quarterdeck.operations.conversations import find_conversation
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.operations.work_context import WorkContext


async def remap(context: WorkContext, session_id: str, *, is_forced: bool = False) -> str:
    """The id of the session's conversation: as kept, or looked for when there is none or it is forced."""
    record = await context.record(session_id)
    agent = context.agents.get(record.agent)
    if agent is None or not agent.spec.remaps:
        able = listed([f"{each.spec.name}'s" for each in context.agents.all() if each.spec.remaps])
        raise Refused(f"{session_id} runs {record.agent}; only {able} conversations are found again like this.")
    if record.agent_session_id and not is_forced:
        return record.agent_session_id
    found, reason = await find_conversation(replace(record, agent_session_id=None), agent)
    if not found:
        raise AgentError(f"No {agent.spec.name} conversation of {session_id} was found: {reason}.")
    await context.works.change_work(record.session_id, lambda held: replace(held, agent_session_id=found))
    return found
