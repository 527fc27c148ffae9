"""Bring a dead agent session back: its worktree, and its conversation where the agent can go on with it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.journal import BROUGHT_BACK, Operation, Step
from quarterdeck.core.lifecycle import (
    PrPart,
    PrReason,
    PrState,
    RuntimeState,
    WorkReason,
    WorkState,
    decide,
    is_restorable,
    status_of,
)
from quarterdeck.core.project import choose_agent
from quarterdeck.core.session import ExitReason
from quarterdeck.errors import NotRestorable, QuarterdeckError, TmuxUnreachable, WorktreeMissing
from quarterdeck.foreign_files import read_text
from quarterdeck.operations import start_agent
from quarterdeck.operations.attempt import Attempt
from quarterdeck.operations.conversations import find_latest
from quarterdeck.operations.kill_work import journal
from quarterdeck.operations.recover import recover
from quarterdeck.operations.session_runtime import check_is_here, end_runtime, judge, look_up, note_end
from quarterdeck.ports.store import Level
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.project import AgentChoice
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.contexts import WorkContext
    from quarterdeck.operations.long_operations import LongOperation
    from quarterdeck.ports.agent import Agent, LaunchPlan
    from quarterdeck.ports.forge import Say


async def restore(context: WorkContext, session_id: str, say: Say) -> WorkRecord:
    """Bring a session back under its own name, branch and worktree."""
    await recover(context)
    record = await context.record(session_id)
    project = context.project(record.project)
    await check_is_here(context, record)
    agent_choice = choose_agent(project, record.role, kept_agent=record.agent or None)
    agent = start_agent.find_agent(context, agent_choice)
    async with journal(context, Operation.RESTORE, record) as entry:
        # Only now, as nobody else can bring it back meanwhile: what lives would be ended for it.
        record = await context.record(session_id)
        await _check_restorable(context, record)
        async with Attempt(context, project, say) as attempt:
            attempt.work_on(record, entry)
            await _restore(attempt, agent, agent_choice)
    await context.tell("session.restored", f"Restored {session_id}", project.name, session_id)
    return attempt.record


async def _restore(attempt: Attempt, agent: Agent, agent_choice: AgentChoice) -> None:
    context, session_id = attempt.context, attempt.record.session_id
    here = str(context.mux.address)
    await attempt.change(lambda held: replace(held, tmux_server=here))
    await _bring_worktree_back(attempt)
    plan, fallback = await _plan(context, attempt.record, agent, agent_choice)
    if fallback:
        attempt.say(f"starting a new conversation: {fallback}")
        said = f"{session_id} begins a new conversation"
        project = attempt.project.name
        await context.tell("session.restore_fallback", said, project, session_id, Level.WARN, reason=fallback)
    await start_agent.lay_out_files(context, attempt.record, plan)
    await attempt.step(Step.END_RUNTIME)
    # tmux may have outlived the agent.
    await end_runtime(context, attempt.record)
    await note_end(context, session_id, ExitReason.PROCESS_EXIT)
    attempt.has_agent = True
    await start_agent.start_session(attempt, agent, plan, lambda held: _restored(held, fallback))


def _restored(record: WorkRecord, fallback: str) -> WorkRecord:
    """The record of a session that lives again; a pull request that is over is forgotten, or it would end it again."""
    now = record.last_active_at or record.created_at
    pr = record.lifecycle.pr
    if pr.state in (PrState.MERGED, PrState.CLOSED):
        pr = PrPart(reason=PrReason.CLEARED_ON_RESTORE, last_observed_at=now)
    lifecycle = decide(record.lifecycle, now, state=WorkState.WORKING, reason=WorkReason.TASK_IN_PROGRESS, pr=pr)
    return replace(
        record,
        lifecycle=lifecycle,
        restored_at=now,
        restore_fallback=fallback or None,
        prs=record.prs if pr.state is not PrState.NONE or not record.lifecycle.pr.url else (),
    )


async def tell_kept(context: WorkContext, record: WorkRecord) -> str:
    """Where unsaved work of a session is still kept, for the operator; once it has been told, ""."""
    if record.kept_ref is None:
        return ""
    await context.works.change_work(record.session_id, lambda held: replace(held, kept_ref=None))
    taken_up = f"git restore --source={record.kept_ref} -- ."
    return f"Unsaved work of {record.session_id} is still kept. To take it up, in its worktree: {taken_up}"


async def _check_restorable(context: WorkContext, record: WorkRecord) -> None:
    runtime = judge(context, record, await look_up(context), context.clock.now())
    if runtime.state is RuntimeState.PROBE_FAILED:
        raise TmuxUnreachable(f"tmux does not answer, so it is not known whether {record.session_id} still runs.")
    if is_restorable(replace(record.lifecycle, runtime=runtime)):
        return
    said, status = f"{record.session_id} cannot be restored", status_of(record.lifecycle)
    about = (record.project, record.session_id, Level.ERROR)
    state = runtime.state
    await context.tell("session.restore_failed", said, *about, stage="validation", status=status, runtime=state)
    raise NotRestorable(
        f"The agent of {record.session_id} is {runtime.state}, so there is nothing to bring back.",
        hint="Only a worker that is over, or whose agent is gone, can be restored.",
    )


async def _bring_worktree_back(attempt: Attempt) -> None:
    context, record, project = attempt.context, attempt.record, attempt.project
    path = Path(record.worktree) if record.worktree else context.worktree_folder(record)
    if await context.git.is_worktree(path):
        await attempt.step(Step.WORKTREE)
        return
    await attempt.step(Step.WORKTREE, BROUGHT_BACK)

    async def take_away() -> None:
        # One that is half made ready must not pass for a whole one. Once an agent was in it, it stays.
        if not attempt.has_agent and context.git.is_ours(path) and path.exists():
            await context.git.remove(path, accept_loss=True)

    attempt.push("the worktree", take_away)
    try:
        if record.branch is None:
            raise WorktreeMissing(f"The worktree {path} is gone, and its branch is not known.")
        attempt.say("bringing the worktree back")
        made = await context.git.restore(attempt.wanted_worktree(), path, attempt.say)
        await attempt.prepare(made.path)
    except QuarterdeckError as error:
        said = f"The worktree of {record.session_id} could not be brought back"
        about, stage = (project.name, record.session_id, Level.ERROR), "workspace_restore"
        await context.tell("session.restore_failed", said, *about, stage=stage, error=error.message)
        if isinstance(error, WorktreeMissing):
            raise
        said = f"The worktree {path} could not be brought back: {error.message}"
        raise WorktreeMissing(said, hint=error.hint) from error
    await attempt.change(lambda held: replace(held, worktree=str(made.path)))


async def _plan(
    context: WorkContext, record: WorkRecord, agent: Agent, agent_choice: AgentChoice
) -> tuple[LaunchPlan, str]:
    """How to start the agent again, and why with a new conversation if it has to be."""
    instructions = ""
    with contextlib.suppress(FileNotFoundError):
        instructions = await asyncio.to_thread(read_text, start_agent.prompt_file(context, record), errors="replace")
    wanted = start_agent.wanted_launch(context, record, agent_choice, system_prompt=instructions)
    conversation, reason = await find_latest(context, record, agent)
    if not reason:
        if (plan := agent.resume(replace(wanted, session_id=conversation))) is not None:
            return plan, ""
        reason = f"{agent.spec.name} cannot go on with a conversation"
    return agent.launch(wanted), reason


async def bring_worker_back(context: WorkContext, operation: LongOperation) -> list[str]:
    """Restore a worker; answers what it came back without. Stopped, everything is taken back."""
    session_id = operation.session_id
    record = await restore(context, session_id, operation.say)
    said = []
    if record.restore_fallback:
        said.append(f"{session_id} begins a new conversation: {record.restore_fallback}.")
    if kept := await tell_kept(context, record):
        said.append(kept)
    return said
