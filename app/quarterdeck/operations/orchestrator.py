"""A project's one orchestrator: made when it is missing, brought back when it is dead, replaced when asked for."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.branches import orchestrator_branch
from quarterdeck.core.ids import SessionId
from quarterdeck.core.journal import Presence, Step
from quarterdeck.core.lifecycle import RuntimeState, WorkState, initial, is_restorable, is_terminal
from quarterdeck.core.project import AgentChoice, Strategy, choose_agent
from quarterdeck.core.session import ExitReason
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

    def __init__(self, work_context: WorkContext) -> None:
        self._work_context = work_context
        self._ensuring: dict[str, _Call] = {}
        self._relaunching: dict[str, _Call] = {}

    async def ensure(self, request: OrchestratorRequest, say: Say) -> WorkRecord:
        """The project's orchestrator, alive: as it is, brought back, or made."""
        act = partial(_ensure, self._work_context, request, say)
        return await self._join(self._ensuring, self._relaunching, request.project, act)

    async def relaunch(self, request: OrchestratorRequest, say: Say) -> WorkRecord:
        """A new orchestrator in place of the one there is."""
        act = partial(_relaunch, self._work_context, request, say)
        return await self._join(self._relaunching, self._ensuring, request.project, act)

    async def _join(
        self,
        mine: dict[str, _Call],
        others: dict[str, _Call],
        project: str,
        act: Callable[[], Awaitable[WorkRecord]],
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


async def _ensure(work_context: WorkContext, request: OrchestratorRequest, say: Say) -> WorkRecord:
    project = work_context.project(request.project)
    session_id = orchestrator_id(project)
    await recover(work_context)
    try:
        await _check_nobody_is_at_it(work_context, session_id)
        held = await work_context.works.work(session_id)
        if held is not None and project.orchestrator_strategy is not Strategy.REUSE:
            purges = project.orchestrator_strategy is Strategy.DELETE
            return await _relaunch(work_context, request, say, purges=purges, is_shared=True)
        return await _revive_or_spawn(work_context, project, request, say)
    except AlreadyReserved as conflict:
        await work_context.tell(
            "session.orchestrator_conflict",
            "Another process is making the orchestrator; waiting for it",
            project=project.name,
            session_id=session_id,
            level=Level.WARN,
        )
        say(f"another process is working on {session_id}; waiting for it")
        return await _after_the_other(work_context, project, request, say, conflict)


async def _check_nobody_is_at_it(work_context: WorkContext, session_id: SessionId) -> None:
    """Raise when an operation on it is under way: what its record says meanwhile is only half of the truth."""
    for entry in await work_context.works.journal():
        if entry.session_id == session_id:
            raise AlreadyReserved(f"A {entry.operation} of {session_id} is under way.", hint="Wait until it is over.")


async def _revive_or_spawn(
    work_context: WorkContext, project: Project, request: OrchestratorRequest, say: Say
) -> WorkRecord:
    held = await work_context.works.work(orchestrator_id(project))
    if held is not None:
        return await _revive(work_context, held, say)
    return await _spawn(work_context, project, request, say, is_shared=True)


async def _after_the_other(
    work_context: WorkContext, project: Project, request: OrchestratorRequest, say: Say, conflict: AlreadyReserved
) -> WorkRecord:
    """What the process that was first has made; ours, when that one failed."""
    for _ in range(int(CONFLICT_SECONDS / CONFLICT_PAUSE)):
        await asyncio.sleep(CONFLICT_PAUSE)
        await recover(work_context)
        try:
            await _check_nobody_is_at_it(work_context, orchestrator_id(project))
            return await _revive_or_spawn(work_context, project, request, say)
        except AlreadyReserved as again:
            conflict = again
    await _failed(work_context, project, conflict)
    raise conflict


async def _revive(work_context: WorkContext, held: WorkRecord, say: Say) -> WorkRecord:
    now = work_context.clock.now()
    lifecycle = replace(held.lifecycle, runtime=judge(work_context, held, await look_up(work_context), now))
    if lifecycle.session.state is WorkState.DONE:
        raise NotRestorable(
            f"{held.session_id} is done.", hint=f"`quarterdeck orchestrator relaunch {held.project}` begins a new one."
        )
    if lifecycle.runtime.state is RuntimeState.EXITED and is_settling(held, now):
        return held  # what was started has only not become the agent yet
    if is_restorable(lifecycle):
        return await restore(work_context, held.session_id, say)
    if not is_terminal(lifecycle):
        return held
    raise NotRestorable(
        f"{held.session_id} is over, but its agent still runs.",
        hint=f"`quarterdeck orchestrator relaunch {held.project}` replaces it.",
    )


async def _relaunch(
    work_context: WorkContext, request: OrchestratorRequest, say: Say, *, purges: bool = True, is_shared: bool = False
) -> WorkRecord:
    project = work_context.project(request.project)
    session_id = orchestrator_id(project)
    held = await work_context.works.work(session_id)
    if held is not None:
        say(f"ending {session_id}")
        # Its worktree stays as it is, and the new one goes on in it: nothing there can be lost.
        await kill_work(work_context, session_id, leftovers=Leftovers.LEAVE)
        if purges:
            await purge(work_context, held)
        await work_context.works.drop_work(session_id)
    return await _spawn(work_context, project, request, say, is_shared=is_shared)


async def _spawn(
    work_context: WorkContext, project: Project, request: OrchestratorRequest, say: Say, *, is_shared: bool
) -> WorkRecord:
    agent_choice = choose_agent(project, Role.ORCHESTRATOR, asked=AgentChoice(agent=request.agent))
    session_id = orchestrator_id(project)
    await work_context.tell(
        "session.spawn_started",
        "Starting the orchestrator",
        project=project.name,
        session_id=session_id,
        agent=agent_choice.agent,
        role="orchestrator",
    )
    try:
        record = await _make(work_context, project, agent_choice, request, say)
    except BaseException as error:
        if not (is_shared and isinstance(error, AlreadyReserved)):
            await _failed(work_context, project, error)
        raise
    await work_context.tell(
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
    work_context: WorkContext, project: Project, agent_choice: AgentChoice, request: OrchestratorRequest, say: Say
) -> WorkRecord:
    start_agent.find_agent(work_context, agent_choice)
    await work_context.git.check_repository(project.path)
    session_id = orchestrator_id(project)
    now = work_context.clock.now()
    draft = WorkRecord(
        session_id=session_id,
        project=project.name,
        role=Role.ORCHESTRATOR,
        agent=agent_choice.agent or "",
        model=agent_choice.model,
        lifecycle=initial(Role.ORCHESTRATOR, now),
        repository=str(project.path),
        branch=orchestrator_branch(session_id),
        tmux_server=str(work_context.mux.address),
        tmux_name=session_id,
        prompt=request.prompt or None,
        finds_prs=False,
        created_at=now,
    )
    async with undoing(work_context, project.name) as undo:
        record, entry = await reserved(
            work_context, undo, work_context.works.reserve_orchestrator(draft, work_context.owner)
        )
        adopted = await work_context.git.find_managed(worktree_for(project, record))
        if adopted is not None:
            say(f"going on in {adopted.path}")
            # It was there before, so no failure of ours takes it away.
            path = adopted.path
            entry = await work_context.works.step(entry, Step.FILES)
            await prepare(work_context, without_setup(project), record, path, say)
        else:
            made, entry = await make_worktree(work_context, project, record, entry, undo, say)
            path = made.path
        record = await work_context.works.change_work(session_id, lambda held: replace(held, worktree=str(path)))
        system = await look_up(work_context, has_processes=False)
        if tmux_presence(system, system.panes(record)) is Presence.ABSENT:
            # The id is a fixed one: a session of it that died unseen must not stand in the way.
            await note_end(work_context, session_id, ExitReason.PROCESS_EXIT)
        brief = Brief(
            session_id=session_id,
            branch=record.branch or "",
            prompt=request.prompt,
            rules="\n\n".join(part for part in (await read_rules(project), project.orchestrator_rules) if part),
            base=project.default_branch or await work_context.git.default_branch(project.path),
        )
        record = await launch(
            work_context, project, agent_choice, record, entry, undo, orchestrator_prompt(project, brief), "", say
        )
        await work_context.works.finish(entry)
        undo.dismiss()
    return record


def without_setup(project: Project) -> Project:
    """The project without what is only done to a fresh worktree: links would replace what stands there now."""
    return replace(project, symlinks=(), post_create=())


async def _failed(work_context: WorkContext, project: Project, error: BaseException) -> None:
    logger.info("starting the orchestrator of %s failed", project.name, exc_info=error)
    await work_context.tell(
        "session.spawn_failed",
        "Starting the orchestrator failed",
        project=project.name,
        session_id=orchestrator_id(project),
        level=Level.ERROR,
        role="orchestrator",
        reason=type(error).__name__,
        error=str(error),
    )
