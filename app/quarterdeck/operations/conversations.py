"""The conversations of agents: found again, gone on with by a later session, or deleted where that is asked for."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck import process
from quarterdeck.core.project import Strategy
from quarterdeck.core.text import clean, listed
from quarterdeck.errors import AgentError, ProgramError, QuarterdeckError, Refused
from quarterdeck.operations.contexts import AnyTranscript
from quarterdeck.ports.store import Level
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.project import Project
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.contexts import WorkContext
    from quarterdeck.ports.agent import Agent, Launch, LaunchPlan

logger = logging.getLogger(__name__)

DELETE_SECONDS = 30.0
DELETE_PAUSES_SECONDS = (0.0, 0.2, 0.6)
"""Before each attempt to delete; the agent may still be writing."""
DELETED_AT = "conversation_deleted_at"
"""In `WorkRecord.extra`: when its conversation was deleted."""
LEFT_CONVERSATION = "conversation_left"
"""In `WorkRecord.extra`: the conversation its row still names though the agent was started with another."""
_GONE = re.compile(r"session not found", re.IGNORECASE)


async def take_up_earlier(
    context: WorkContext, project: Project, record: WorkRecord, agent: Agent, wanted: Launch
) -> LaunchPlan | None:
    """Deal with earlier conversations about this issue as the project wants: go on with the newest, or delete all."""
    if not agent.spec.delete or not record.issue or project.issue_strategy is Strategy.IGNORE:
        return None
    earlier = [
        held
        for held in reversed(await context.works.works(project.name))
        if held.issue == record.issue and held.agent == record.agent and held.session_id != record.session_id
    ]
    for held in earlier:
        if project.issue_strategy is Strategy.DELETE:
            await purge(context, held)
            continue
        known, _ = await find_conversation(held, agent)
        if _is_whole(known, agent):
            return agent.resume(replace(wanted, session_id=known))
    return None


async def purge(context: WorkContext, record: WorkRecord) -> bool:
    """Delete a session's conversation where its agent can; a failure is written down and stops nothing."""
    agent = context.agents.get(record.agent)
    if agent is None or not agent.spec.delete or DELETED_AT in record.extra:
        return False
    known, _ = await find_conversation(record, agent)
    if not _is_whole(known, agent):
        return False
    try:
        await _delete(context, record, agent, known)
    except QuarterdeckError as error:
        said = f"The conversation of {record.session_id} could not be deleted"
        kind, told = f"agent.{agent.spec.key}_purge_failed", {"error": error.message}
        await context.tell(kind, said, record.project, record.session_id, Level.WARN, **told)
        return False
    now = context.clock.now().isoformat()
    await context.works.change_work(
        record.session_id, lambda held: replace(held, agent_session_id=None, extra={**held.extra, DELETED_AT: now})
    )
    return True


def _is_whole(known: str, agent: Agent) -> bool:
    """Whether this is an id of the agent's, and no word that would stand for something else on its command line."""
    return bool(known) and re.fullmatch(agent.spec.conversation_pattern or ".+", known) is not None


async def _delete(context: WorkContext, record: WorkRecord, agent: Agent, known: str) -> None:
    project = context.projects.get(record.project)
    env = dict(project.env) if project is not None else {}
    path = context.search_path(env)
    program, *words = (word.replace("{id}", known) for word in agent.spec.delete)
    argv = [shutil.which(program, path=path) or program, *words]
    said = ""
    for pause in DELETE_PAUSES_SECONDS:
        await asyncio.sleep(pause)
        try:
            result = await process.run(
                argv, timeout=DELETE_SECONDS, cwd=Path(record.repository), env={**env, "PATH": path}
            )
        except ProgramError as error:
            said = error.message
            continue
        said = clean(f"{result.err} {result.out}").strip()
        if result.ok or _GONE.search(said):
            return
    raise AgentError(f"{agent.spec.name} does not delete its conversation {known}: {said[:300]}")


async def find_latest(context: WorkContext, record: WorkRecord, agent: Agent) -> tuple[str, str]:
    """As `find_conversation`, first for the one the agent was last seen in: it may have left what it began with."""
    seen = await last_seen(context, record, agent)
    if seen and seen not in {record.agent_session_id, record.extra.get(LEFT_CONVERSATION)}:
        found = await find_conversation(replace(record, agent_session_id=seen), agent)
        if not found[1]:
            return found
    return await find_conversation(record, agent)


async def last_seen(context: WorkContext, record: WorkRecord, agent: Agent) -> str:
    """The conversation that a session's row names, as far as it is this agent's; "" when it names none."""
    rows = [row for row in await context.store.sessions() if row.session_id == record.session_id]
    return next((row.conversation for row in rows if row.conversation and row.tool == agent.spec.name), "")


async def find_conversation(record: WorkRecord, agent: Agent) -> tuple[str, str]:
    """The id of the agent's conversation, and why there is none to go on with ("" when there is one).

    An agent that is told to go on with a conversation it does not have ends at once, so its transcript is looked for.
    """
    known = record.agent_session_id or ""

    def look() -> tuple[str, str]:
        transcript = agent.transcript(cwd=record.worktree or "", claims=AnyTranscript(), session_id=known)
        if transcript is None:
            return (known, "") if known else ("", f"the conversation of {agent.spec.name} is not known")
        try:
            view = transcript.read()
            if transcript.path is None or view is None:
                return "", "its conversation no longer exists" if known else "it had no conversation yet"
            return known or view.session_id, "" if known or view.session_id else "its conversation has no id"
        finally:
            transcript.close()

    return await asyncio.to_thread(look)


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
