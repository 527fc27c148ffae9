"""A project's one orchestrator: made when it is missing, brought back when it is dead, replaced when asked for."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.journal import Presence, Step
from quarterdeck.core.lifecycle import RuntimeState, WorkState, initial, is_restorable, is_terminal
from quarterdeck.core.project import AgentChoice, Strategy, choose_agent
from quarterdeck.core.session import ExitReason, SessionId
from quarterdeck.core.work import Role
from quarterdeck.core.work_record import WorkRecord
from quarterdeck.errors import AlreadyReserved, NotRestorable
from quarterdeck.operations import start_agent
from quarterdeck.operations.attempt import Attempt
from quarterdeck.operations.conversations import purge
from quarterdeck.operations.kill_work import kill_work
from quarterdeck.operations.prompts import Brief, orchestrator_prompt
from quarterdeck.operations.recover import recover
from quarterdeck.operations.restore import restore
from quarterdeck.operations.session_runtime import Leftovers, is_settling, judge, look_up, note_end, tmux_presence
from quarterdeck.operations.spawn import read_rules
from quarterdeck.ports.store import Level
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quarterdeck.core.project import Project
    from quarterdeck.operations.contexts import WorkContext
    from quarterdeck.ports.forge import Say

logger = logging.getLogger(__name__)

CONFLICT_SECONDS = 20.0
CONFLICT_PAUSE = 0.25


class OrchestratorRequest(Struct, frozen=True, kw_only=True):
    """What the operator asked for."""

    project: str
    agent: str | None = None
    prompt: str = ""
    """Further standing instructions."""


def orchestrator_id(project: Project) -> SessionId:
    """The fixed id of a project's orchestrator."""
    return SessionId(f"{project.prefix}-orchestrator")


async def ensure_orchestrator(context: WorkContext, request: OrchestratorRequest, say: Say) -> WorkRecord:
    """The project's orchestrator, alive: as it is, brought back, or made, be it by another process."""
    project = context.project(request.project)
    strategy = project.orchestrator_strategy

    async def ensure(is_first: bool) -> WorkRecord:
        held = await context.works.work(orchestrator_id(project))
        # What the process that was first has made; ours, when that one failed.
        if held is not None and not (is_first and strategy is not Strategy.REUSE):
            return await _revive(context, held, say)
        return await _start_anew(context, project, request, say, held, purges=strategy is Strategy.DELETE)

    return await _in_turn(context, project, say, ensure)


async def relaunch_orchestrator(context: WorkContext, request: OrchestratorRequest, say: Say) -> WorkRecord:
    """A new orchestrator in place of the one there is, or of the one that is being made."""
    project = context.project(request.project)

    async def relaunch(_is_first: bool) -> WorkRecord:
        held = await context.works.work(orchestrator_id(project))
        return await _start_anew(context, project, request, say, held, purges=True)

    return await _in_turn(context, project, say, relaunch)


async def _in_turn(
    context: WorkContext, project: Project, say: Say, act: Callable[[bool], Awaitable[WorkRecord]]
) -> WorkRecord:
    """Act while nobody else works on the orchestrator; `act` is told whether this is the first attempt."""
    session_id = orchestrator_id(project)
    for attempt in range(int(CONFLICT_SECONDS / CONFLICT_PAUSE) + 1):
        await recover(context)
        try:
            await _refuse_while_others_act(context, session_id)
            return await act(attempt == 0)
        except AlreadyReserved as error:
            conflict = error
        if attempt == 0:
            said = "Another process is making the orchestrator; waiting for it"
            await context.tell("session.orchestrator_conflict", said, project.name, session_id, Level.WARN)
            say(f"another process is working on {session_id}; waiting for it")
        await asyncio.sleep(CONFLICT_PAUSE)
    await _failed(context, project, conflict)
    raise conflict


async def _refuse_while_others_act(context: WorkContext, session_id: SessionId) -> None:
    """Raise while an operation is under way: what its record says meanwhile is only half of the truth."""
    for entry in await context.works.journal():
        if entry.session_id == session_id:
            raise AlreadyReserved(f"A {entry.operation} of {session_id} is under way.", hint="Wait until it is over.")


async def _revive(context: WorkContext, held: WorkRecord, say: Say) -> WorkRecord:
    now = context.clock.now()
    lifecycle = replace(held.lifecycle, runtime=judge(context, held, await look_up(context), now))
    if lifecycle.session.state is WorkState.DONE:
        raise NotRestorable(
            f"{held.session_id} is done.", hint=f"`quarterdeck orchestrator relaunch {held.project}` begins a new one."
        )
    if lifecycle.runtime.state is RuntimeState.EXITED and is_settling(held, now):
        return held  # what was started has only not become the agent yet
    if is_restorable(lifecycle):
        return await restore(context, held.session_id, say)
    if not is_terminal(lifecycle):
        return held
    raise NotRestorable(
        f"{held.session_id} is over, but its agent still runs.",
        hint=f"`quarterdeck orchestrator relaunch {held.project}` replaces it.",
    )


async def _start_anew(
    context: WorkContext,
    project: Project,
    request: OrchestratorRequest,
    say: Say,
    held: WorkRecord | None,
    *,
    purges: bool,
) -> WorkRecord:
    """End the orchestrator there is, and make one."""
    session_id, role = orchestrator_id(project), Role.ORCHESTRATOR.value
    if held is not None:
        say(f"ending {session_id}")
        # Its worktree stays as it is, and the new one goes on in it: nothing there can be lost.
        await kill_work(context, session_id, leftovers=Leftovers.LEAVE)
        if purges:
            await purge(context, held)
        await context.works.drop_work(session_id)
    agent_choice = choose_agent(project, Role.ORCHESTRATOR, asked=AgentChoice(agent=request.agent))
    said = "Starting the orchestrator"
    await context.tell("session.spawn_started", said, project.name, session_id, agent=agent_choice.agent, role=role)
    try:
        start_agent.find_agent(context, agent_choice)
        await context.git.check_repository(project.path)
        async with Attempt(context, project, say) as attempt:
            await _make(attempt, agent_choice, request)
    except BaseException as error:
        if not isinstance(error, AlreadyReserved):
            await _failed(context, project, error)
        raise
    agent, branch = attempt.record.agent, attempt.record.branch
    said = f"Started {session_id}"
    await context.tell("session.spawned", said, project.name, session_id, agent=agent, branch=branch, role=role)
    return attempt.record


async def _make(attempt: Attempt, agent_choice: AgentChoice, request: OrchestratorRequest) -> None:
    context, project = attempt.context, attempt.project
    session_id, now = orchestrator_id(project), context.clock.now()
    draft = WorkRecord(
        session_id=session_id,
        project=project.name,
        role=Role.ORCHESTRATOR,
        agent=agent_choice.agent or "",
        model=agent_choice.model,
        lifecycle=initial(Role.ORCHESTRATOR, now),
        repository=str(project.path),
        branch=f"orchestrator/{session_id}",
        tmux_server=str(context.mux.address),
        tmux_name=session_id,
        prompt=request.prompt or None,
        finds_prs=False,
        created_at=now,
    )
    await attempt.reserve(context.works.reserve_orchestrator(draft, context.owner))
    adopted = await context.git.find_managed(attempt.wanted_worktree())
    if adopted is not None:
        attempt.say(f"going on in {adopted.path}")
        # It was there before, so no failure of ours takes it away.
        path = adopted.path
        await attempt.step(Step.FILES)
        await attempt.prepare(path, is_new=False)
    else:
        path = (await attempt.make_worktree()).path
    record = await attempt.change(lambda held: replace(held, worktree=str(path)))
    system = await look_up(context, has_processes=False)
    if tmux_presence(system, system.panes(record)) is Presence.ABSENT:
        # The id is a fixed one: a session of it that died unseen must not stand in the way.
        await note_end(context, session_id, ExitReason.PROCESS_EXIT)
    brief = Brief(
        session_id=session_id,
        branch=record.branch or "",
        prompt=request.prompt,
        rules="\n\n".join(part for part in (await read_rules(project), project.orchestrator_rules) if part),
        base=project.default_branch or await context.git.default_branch(project.path),
    )
    await start_agent.launch(attempt, agent_choice, orchestrator_prompt(project, brief), "")
    await context.works.finish(attempt.entry)


async def _failed(context: WorkContext, project: Project, error: BaseException) -> None:
    logger.info("starting the orchestrator of %s failed", project.name, exc_info=error)
    said, told = "Starting the orchestrator failed", {"reason": type(error).__name__, "error": str(error)}
    session_id, role = orchestrator_id(project), Role.ORCHESTRATOR.value
    await context.tell("session.spawn_failed", said, project.name, session_id, Level.ERROR, role=role, **told)
