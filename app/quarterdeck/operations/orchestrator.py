"""A project's one orchestrator: made when it is missing, brought back when it is dead, replaced when asked for."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
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
from quarterdeck.operations.conversations import purge
from quarterdeck.operations.kill_work import kill_work
from quarterdeck.operations.leftovers import Leftovers
from quarterdeck.operations.prompts import Brief, orchestrator_prompt
from quarterdeck.operations.recover import recover
from quarterdeck.operations.restore import restore
from quarterdeck.operations.session_runtime import is_settling, judge, look_up, note_end, tmux_presence
from quarterdeck.operations.spawn import read_rules, reserved
from quarterdeck.operations.start_spawned import launch
from quarterdeck.operations.undo import undoing
from quarterdeck.operations.worktree import make_worktree, prepare, worktree_for
from quarterdeck.ports.store import Level
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quarterdeck.core.project import Project
    from quarterdeck.operations.work_context import WorkContext
    from quarterdeck.ports.git import Say

logger = logging.getLogger(__name__)

CONFLICT_SECONDS = 20.0
CONFLICT_PAUSE = 0.25


class OrchestratorRequest(Struct, frozen=True, kw_only=True):
    """What the operator asked for."""

    project: str
    agent: str | None = None
    prompt: str = ""
    """Further standing instructions."""


class Orchestrators:
    """Makes sure that calls for one orchestrator, in this process and others, end with the same session."""

    def __init__(self, context: WorkContext) -> None:
        self._context = context
        self._ensuring: dict[str, _Call] = {}
        self._relaunching: dict[str, _Call] = {}

    async def ensure(self, request: OrchestratorRequest, say: Say) -> WorkRecord:
        """The project's orchestrator, alive: as it is, brought back, or made."""
        act = partial(_ensure, self._context, request, say)
        return await self._join(self._ensuring, self._relaunching, request.project, act)

    async def relaunch(self, request: OrchestratorRequest, say: Say) -> WorkRecord:
        """A new orchestrator in place of the one there is."""
        act = partial(_relaunch, self._context, request, say)
        return await self._join(self._relaunching, self._ensuring, request.project, act)

    async def _join(
        self, mine: dict[str, _Call], others: dict[str, _Call], project: str, act: Callable[[], Awaitable[WorkRecord]]
    ) -> WorkRecord:
        call = mine.get(project)
        if call is None:
            before = others.get(project)
            call = mine[project] = _Call(asyncio.ensure_future(_after(before, act)))
            call.task.add_done_callback(lambda _: mine.pop(project, None))
        call.waiting += 1
        try:
            return await asyncio.shield(call.task)
        finally:
            call.waiting -= 1
            if not call.waiting and not call.task.done():
                # The last who waited has been cancelled: nobody wants it any more.
                call.task.cancel()
                await asyncio.wait([call.task])


class _Call(Struct):
    """One attempt under way, which any number of callers wait for."""

    task: asyncio.Future[WorkRecord]
    waiting: int = 0


async def _after(before: _Call | None, act: Callable[[], Awaitable[WorkRecord]]) -> WorkRecord:
    if before is not None:
        # How it ended is told to whoever asked for it.
        await asyncio.wait([before.task])
    return await act()


def orchestrator_id(project: Project) -> SessionId:
    """The fixed id of a project's orchestrator."""
    return SessionId(f"{project.prefix}-orchestrator")


async def _ensure(context: WorkContext, request: OrchestratorRequest, say: Say) -> WorkRecord:
    project = context.project(request.project)
    session_id = orchestrator_id(project)
    await recover(context)
    try:
        await _check_nobody_is_at_it(context, session_id)
        held = await context.works.work(session_id)
        if held is not None and project.orchestrator_strategy is not Strategy.REUSE:
            purges = project.orchestrator_strategy is Strategy.DELETE
            return await _relaunch(context, request, say, purges=purges, is_shared=True)
        return await _revive_or_spawn(context, project, request, say)
    except AlreadyReserved as conflict:
        await context.tell(
            "session.orchestrator_conflict",
            "Another process is making the orchestrator; waiting for it",
            project=project.name,
            session_id=session_id,
            level=Level.WARN,
        )
        say(f"another process is working on {session_id}; waiting for it")
        return await _after_the_other(context, project, request, say, conflict)


async def _check_nobody_is_at_it(context: WorkContext, session_id: SessionId) -> None:
    """Raise when an operation on it is under way: what its record says meanwhile is only half of the truth."""
    for entry in await context.works.journal():
        if entry.session_id == session_id:
            raise AlreadyReserved(f"A {entry.operation} of {session_id} is under way.", hint="Wait until it is over.")


async def _revive_or_spawn(
    context: WorkContext, project: Project, request: OrchestratorRequest, say: Say
) -> WorkRecord:
    held = await context.works.work(orchestrator_id(project))
    if held is not None:
        return await _revive(context, held, say)
    return await _spawn(context, project, request, say, is_shared=True)


async def _after_the_other(
    context: WorkContext, project: Project, request: OrchestratorRequest, say: Say, conflict: AlreadyReserved
) -> WorkRecord:
    """What the process that was first has made; ours, when that one failed."""
    for _ in range(int(CONFLICT_SECONDS / CONFLICT_PAUSE)):
        await asyncio.sleep(CONFLICT_PAUSE)
        await recover(context)
        try:
            await _check_nobody_is_at_it(context, orchestrator_id(project))
            return await _revive_or_spawn(context, project, request, say)
        except AlreadyReserved as again:
            conflict = again
    await _failed(context, project, conflict)
    raise conflict


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


async def _relaunch(
    context: WorkContext, request: OrchestratorRequest, say: Say, *, purges: bool = True, is_shared: bool = False
) -> WorkRecord:
    project = context.project(request.project)
    session_id = orchestrator_id(project)
    held = await context.works.work(session_id)
    if held is not None:
        say(f"ending {session_id}")
        # Its worktree stays as it is, and the new one goes on in it: nothing there can be lost.
        await kill_work(context, session_id, leftovers=Leftovers.LEAVE)
        if purges:
            await purge(context, held)
        await context.works.drop_work(session_id)
    return await _spawn(context, project, request, say, is_shared=is_shared)


async def _spawn(
    context: WorkContext, project: Project, request: OrchestratorRequest, say: Say, *, is_shared: bool
) -> WorkRecord:
    agent_choice = choose_agent(project, Role.ORCHESTRATOR, asked=AgentChoice(agent=request.agent))
    session_id = orchestrator_id(project)
    await context.tell(
        "session.spawn_started",
        "Starting the orchestrator",
        project=project.name,
        session_id=session_id,
        agent=agent_choice.agent,
        role="orchestrator",
    )
    try:
        record = await _make(context, project, agent_choice, request, say)
    except BaseException as error:
        if not (is_shared and isinstance(error, AlreadyReserved)):
            await _failed(context, project, error)
        raise
    await context.tell(
        "session.spawned",
        f"Started {session_id}",
        project=project.name,
        session_id=session_id,
        agent=record.agent,
        branch=record.branch,
        role="orchestrator",
    )
    return record


async def _make(
    context: WorkContext, project: Project, agent_choice: AgentChoice, request: OrchestratorRequest, say: Say
) -> WorkRecord:
    start_agent.find_agent(context, agent_choice)
    await context.git.check_repository(project.path)
    session_id = orchestrator_id(project)
    now = context.clock.now()
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
    async with undoing(context, project.name) as undo:
        record, entry = await reserved(context, undo, context.works.reserve_orchestrator(draft, context.owner))
        adopted = await context.git.find_managed(worktree_for(project, record))
        if adopted is not None:
            say(f"going on in {adopted.path}")
            # It was there before, so no failure of ours takes it away.
            path = adopted.path
            entry = await context.works.step(entry, Step.FILES)
            await prepare(context, without_setup(project), record, path, say)
        else:
            made, entry = await make_worktree(context, project, record, entry, undo, say)
            path = made.path
        record = await context.works.change_work(session_id, lambda held: replace(held, worktree=str(path)))
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
        record = await launch(
            context, project, agent_choice, record, entry, undo, orchestrator_prompt(project, brief), "", say
        )
        await context.works.finish(entry)
        undo.dismiss()
    return record


def without_setup(project: Project) -> Project:
    """The project without what is only done to a fresh worktree: links would replace what stands there now."""
    return replace(project, symlinks=(), post_create=())


async def _failed(context: WorkContext, project: Project, error: BaseException) -> None:
    logger.info("starting the orchestrator of %s failed", project.name, exc_info=error)
    await context.tell(
        "session.spawn_failed",
        "Starting the orchestrator failed",
        project=project.name,
        session_id=orchestrator_id(project),
        level=Level.ERROR,
        role="orchestrator",
        reason=type(error).__name__,
        error=str(error),
    )
