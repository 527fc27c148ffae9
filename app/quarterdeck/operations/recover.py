"""At the start: what a program that died had half done is finished or undone, and said."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.journal import JournalEntry, Operation, Remedy, Step, remedies
from quarterdeck.core.lifecycle import RuntimeReason, RuntimeState, WorkReason, WorkState, decide
from quarterdeck.core.session import ExitReason
from quarterdeck.errors import GitError, NotFound, QuarterdeckError, WorkWouldBeLost
from quarterdeck.operations import start_agent
from quarterdeck.operations.session_runtime import (
    Leftovers,
    SystemLook,
    alive,
    end_runtime,
    ended,
    look_up,
    note_end,
    server_elsewhere,
    tmux_presence,
)
from quarterdeck.ports.store import Level
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quarterdeck.core.pane import Pane
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.contexts import WorkContext

logger = logging.getLogger(__name__)

SAID = {
    (Operation.SPAWN, Remedy.MARK_RUNNING): "Finished the interrupted spawn of {}",
    (Operation.SPAWN, Remedy.RELEASE): "Took back the interrupted spawn of {}",
    (Operation.SPAWN, Remedy.MARK_LOST): "{} was being spawned; its agent is gone, but has left work",
    (Operation.KILL, Remedy.MARK_ENDED): "Finished the interrupted end of {}",
    (Operation.RESTORE, Remedy.MARK_RUNNING): "Finished the interrupted restore of {}",
    (Operation.RESTORE, Remedy.MARK_LOST): "The restore of {} was interrupted; it can be restored again",
}


async def recover(context: WorkContext) -> list[str]:
    """Deal with every operation whose process is gone; answers one sentence for each that was dealt with."""
    entries = [entry for entry in await context.works.journal() if not _is_busy(context, entry)]
    if not entries:
        return []
    system = await look_up(context)
    said = []
    for entry in entries:
        record = await context.works.work(entry.session_id)
        if record is not None and await server_elsewhere(context, record):
            # Whoever looks at that server can tell; we cannot.
            continue
        presence = tmux_presence(system, _panes(system, entry, record))
        todo = remedies(entry, presence)
        if Remedy.WAIT in todo or not await context.works.take_over(entry, context.owner):
            continue
        said.append(await _deal_with(context, replace(entry, owner=context.owner), record, todo, system))
    return said


async def recover_aloud(context: WorkContext, tell: Callable[[str, str], None]) -> bool:
    """The same at the start of a console, which is told of it under a title; answers whether there was anything."""
    try:
        done = await recover(context)
    except QuarterdeckError:
        # It stays in the journal, and the next operation or start tries again.
        logger.warning("what a crash left half done could not be finished or undone", exc_info=True)
        return False
    if notice := context.store.health().notice:
        tell("State", notice)
    for line in done:
        logger.warning("%s", line)
        tell("After a crash", line)
    return bool(done)


def _is_busy(context: WorkContext, entry: JournalEntry) -> bool:
    """Whether somebody still works at it. What we ourselves gave up carries no name."""
    return bool(entry.owner) and context.is_running(entry.owner)


async def _deal_with(
    context: WorkContext, entry: JournalEntry, record: WorkRecord | None, todo: tuple[Remedy, ...], system: SystemLook
) -> str:
    session_id, interrupted = entry.session_id, f"The interrupted {entry.operation} of {entry.session_id}"
    summary = f"{interrupted} had changed nothing"
    try:
        if Remedy.REMOVE_WORKTREE in todo and record is not None and await _holds_work(context, entry, record):
            todo = (Remedy.MARK_LOST,)
        for remedy in todo:
            await _apply(context, entry, record, remedy, system)
            said = SAID.get((entry.operation, remedy))
            summary = said.format(session_id) if said else summary.replace(" had changed nothing", " was undone")
        await context.works.finish(entry)
    except QuarterdeckError as error:
        # It stays in the journal, for the next start to try again.
        await context.works.take_over(entry, "")
        said, told = f"{interrupted} could not be finished or undone", {"error": error.message, "hint": error.hint}
        await context.tell("recovery.action_failed", said, entry.project, session_id, Level.ERROR, **told)
        return f"{said}: {error.message}"
    await context.tell("recovery.session_recovered", summary, entry.project, session_id, Level.WARN)
    return f"{summary}."


async def _apply(  # everything a remedy may need
    context: WorkContext, entry: JournalEntry, record: WorkRecord | None, remedy: Remedy, system: SystemLook
) -> None:
    now = context.clock.now()
    match remedy:
        case Remedy.END_RUNTIME if record is not None:
            await end_runtime(context, record, system)
            await note_end(context, record.session_id, ExitReason.API_DELETE)
        case Remedy.REMOVE_FILES if record is not None:
            await asyncio.to_thread(start_agent.remove_files, context, record)
        case Remedy.REMOVE_WORKTREE if record is not None:
            await _remove_worktree(context, entry, record)
        case Remedy.RELEASE:
            await context.store.release(entry.session_id)
            await context.works.drop_work(entry.session_id)
        case Remedy.MARK_RUNNING if record is not None:
            await _change(
                context, record, lambda held: _found_running(held, _panes(system, entry, held), entry.operation)
            )
        case Remedy.MARK_LOST if record is not None:
            await context.store.release(entry.session_id)
            await _change(context, record, _lost)
        case Remedy.MARK_ENDED if record is not None:
            reason = WorkReason(entry.data.get("reason", WorkReason.MANUALLY_KILLED))
            await note_end(context, record.session_id, ExitReason.API_DELETE)
            await _change(context, record, lambda held: ended(held, now, reason))
        case _:
            return


async def _change(context: WorkContext, record: WorkRecord, change: Callable[[WorkRecord], WorkRecord]) -> None:
    with suppress(NotFound):
        await context.works.change_work(record.session_id, change)


async def _remove_worktree(context: WorkContext, entry: JournalEntry, record: WorkRecord) -> None:
    is_kill = entry.operation is Operation.KILL
    path = Path(record.worktree) if is_kill and record.worktree else context.worktree_folder(record)
    if not context.git.is_ours(path):
        return
    if not is_kill:
        # What an agent left there has been looked for; before one was started, only we had put anything there.
        await context.git.remove(path, accept_loss=Step.LAUNCH not in entry.steps)
        if base := entry.data.get("base"):
            await context.git.drop_unused_branch(Path(record.repository), record.branch or "", base)
        return
    # The operator had agreed, on the condition that it is kept.
    keeps = entry.data.get("leftovers") == Leftovers.KEEP
    try:
        if keeps:
            await context.git.keep(path, record.session_id)
        await context.git.remove(path, accept_loss=keeps)
    except (GitError, WorkWouldBeLost) as error:
        await tell_worktree_left(context, record, error)


async def tell_worktree_left(context: WorkContext, record: WorkRecord, error: QuarterdeckError) -> None:
    """Write down that a worktree could not be removed, and why."""
    said = f"The worktree of {record.session_id} is still there"
    told = {"error": error.message}
    await context.tell("workspace.destroy_failed", said, record.project, record.session_id, Level.WARN, **told)


async def _holds_work(context: WorkContext, entry: JournalEntry, record: WorkRecord) -> bool:
    """Whether the agent of an interrupted spawn has come, worked and gone."""
    path = context.worktree_folder(record)
    if entry.operation is not Operation.SPAWN or Step.LAUNCH not in entry.steps or not context.git.is_ours(path):
        return False
    return not (await context.git.at_risk(path)).is_clean


def _panes(system: SystemLook, entry: JournalEntry, record: WorkRecord | None) -> Sequence[Pane]:
    if record is None:
        return system.named(entry.session_id)
    return system.panes(record, is_starting=Step.LAUNCH in entry.steps)


def _found_running(record: WorkRecord, panes: Sequence[Pane], operation: Operation) -> WorkRecord:
    at = record.last_active_at or record.created_at
    runtime = alive(record, at, panes[0] if panes else None)
    if operation is not Operation.RESTORE:
        return replace(record, lifecycle=decide(record.lifecycle, at, runtime=runtime))
    working = decide(record.lifecycle, at, state=WorkState.WORKING, reason=WorkReason.TASK_IN_PROGRESS, runtime=runtime)
    return replace(record, lifecycle=working, restored_at=at)


def _lost(record: WorkRecord) -> WorkRecord:
    runtime = replace(record.lifecycle.runtime, state=RuntimeState.MISSING, reason=RuntimeReason.TMUX_MISSING)
    return replace(record, lifecycle=replace(record.lifecycle, runtime=runtime))
