"""Bring a dead agent session back: its worktree, and its conversation where the agent can go on with it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
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
from quarterdeck.errors import NotRestorable, QuarterdeckError, TmuxUnreachable, WorktreeMissing, raise_together
from quarterdeck.foreign_files import read_text
from quarterdeck.operations import start_agent
from quarterdeck.operations.conversations import find_latest, last_seen
from quarterdeck.operations.kill_work import journal
from quarterdeck.operations.recover import recover
from quarterdeck.operations.reopen import reopen
from quarterdeck.operations.session_runtime import check_is_here, end_runtime, judge, look_up, note_end
from quarterdeck.operations.start_spawned import own_files, running, start_session
from quarterdeck.operations.undo import undoing
from quarterdeck.operations.worktree import prepare, worktree_for
from quarterdeck.ports.store import Level
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.journal import JournalEntry
    from quarterdeck.core.project import Project
    from quarterdeck.core.session import Session
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.long_operations import LongOperation
    from quarterdeck.operations.session_context import SessionContext
    from quarterdeck.operations.undo import Undo
    from quarterdeck.operations.work_context import WorkContext
    from quarterdeck.ports.agent import Agent, LaunchPlan
    from quarterdeck.ports.git import Say

logger = logging.getLogger(__name__)


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
        async with undoing(context, project.name) as undo:
            record = await _restore(context, project, record, agent, entry, undo, say)
    await context.tell("session.restored", f"Restored {session_id}", project=project.name, session_id=session_id)
    return record


async def _restore(
    context: WorkContext, project: Project, record: WorkRecord, agent: Agent, entry: JournalEntry, undo: Undo, say: Say
) -> WorkRecord:
    undo.session_id = record.session_id
    here = str(context.mux.address)
    record = await context.works.change_work(record.session_id, lambda held: replace(held, tmux_server=here))
    record, entry = await _bring_worktree_back(context, project, record, entry, undo, say)
    plan, fallback = await _plan(context, project, record, agent)
    if fallback:
        say(f"starting a new conversation: {fallback}")
        await context.tell(
            "session.restore_fallback",
            f"{record.session_id} begins a new conversation",
            project=project.name,
            session_id=record.session_id,
            level=Level.WARN,
            reason=fallback,
        )
    await asyncio.to_thread(start_agent.write_files, plan.files)
    own_files(context, record, plan)
    entry = await context.works.step(entry, Step.END_RUNTIME)
    # tmux may have outlived the agent.
    await end_runtime(context, record)
    await note_end(context, record.session_id, ExitReason.PROCESS_EXIT)
    say(f"starting {agent.spec.name}")
    undo.has_agent = True
    left = await last_seen(context, record, agent)
    pane = await start_session(context, project, record, entry, plan, undo)
    await context.works.step(entry, Step.RECORD)
    return await context.works.change_work(
        record.session_id,
        lambda held: restored(running(context, held, pane, plan.session_id or held.agent_session_id, left), fallback),
    )


def restored(record: WorkRecord, fallback: str) -> WorkRecord:
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
    status = status_of(record.lifecycle)
    await context.tell(
        "session.restore_failed",
        f"{record.session_id} cannot be restored",
        project=record.project,
        session_id=record.session_id,
        level=Level.ERROR,
        stage="validation",
        status=status,
        runtime=runtime.state,
    )
    raise NotRestorable(
        f"The agent of {record.session_id} is {runtime.state}, so there is nothing to bring back.",
        hint="Only a worker that is over, or whose agent is gone, can be restored.",
    )


async def _bring_worktree_back(
    context: WorkContext, project: Project, record: WorkRecord, entry: JournalEntry, undo: Undo, say: Say
) -> tuple[WorkRecord, JournalEntry]:
    path = Path(record.worktree) if record.worktree else context.folder / project.name / "worktrees" / record.session_id
    if await context.git.is_worktree(path):
        return record, await context.works.step(entry, Step.WORKTREE)
    entry = await context.works.step(entry, Step.WORKTREE, BROUGHT_BACK)

    async def take_away() -> None:
        # One that is half made ready must not pass for a whole one. Once an agent was in it, it stays.
        if not undo.has_agent and context.git.is_ours(path) and path.exists():
            await context.git.remove(path, accept_loss=True)

    undo.push("the worktree", take_away)
    try:
        if record.branch is None:
            raise WorktreeMissing(f"The worktree {path} is gone, and its branch is not known.")
        say("bringing the worktree back")
        made = await context.git.restore(worktree_for(project, record), path, say)
        await prepare(context, project, record, made.path, say)
    except QuarterdeckError as error:
        await context.tell(
            "session.restore_failed",
            f"The worktree of {record.session_id} could not be brought back",
            project=project.name,
            session_id=record.session_id,
            level=Level.ERROR,
            stage="workspace_restore",
            error=error.message,
        )
        if isinstance(error, WorktreeMissing):
            raise
        raise WorktreeMissing(
            f"The worktree {path} could not be brought back: {error.message}", hint=error.hint
        ) from error
    return await context.works.change_work(
        record.session_id, lambda held: replace(held, worktree=str(made.path))
    ), entry


async def _plan(context: WorkContext, project: Project, record: WorkRecord, agent: Agent) -> tuple[LaunchPlan, str]:
    """How to start the agent again, and why with a new conversation if it has to be."""
    agent_choice = choose_agent(project, record.role, kept_agent=record.agent or None)
    held = start_agent.prompt_file(context, record)
    instructions = ""
    with contextlib.suppress(FileNotFoundError):
        instructions = await asyncio.to_thread(read_text, held, errors="replace")
    wanted = start_agent.wanted_launch(context, record, agent_choice, system_prompt=instructions)
    conversation, reason = await find_latest(context, record, agent)
    if not reason:
        plan = agent.resume(replace(wanted, session_id=conversation))
        if plan is not None:
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


async def bring_session_back(context: SessionContext, session: Session) -> None:
    """Bring back a session that nobody spawned; raises what could not be as it was."""
    notices = await reopen(context, session, os.environ.get("SHELL", ""))
    raise_together([QuarterdeckError(notice) for notice in notices])
