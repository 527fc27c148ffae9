"""At the start: what a program that died had half done is finished or undone, and said."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.journal import JournalEntry, Operation, Remedy, Step, remedies
from quarterdeck.core.lifecycle import RuntimeReason, RuntimeState, WorkReason, WorkState, decide
from quarterdeck.core.session import ExitReason
from quarterdeck.errors import GitError, NotFound, QuarterdeckError, WorkWouldBeLost
from quarterdeck.operations import session_runtime, start_agent
from quarterdeck.ports.store import Level
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quarterdeck.core.pane import Pane
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.contexts import WorkContext

logger = logging.getLogger(__name__)

SAID_OF_REMEDY = {
    (Operation.SPAWN, Remedy.MARK_RUNNING): "Finished the interrupted spawn of {}",
    (Operation.SPAWN, Remedy.RELEASE): "Took back the interrupted spawn of {}",
    (Operation.SPAWN, Remedy.MARK_LOST): "{} was being spawned; its agent is gone, but has left work",
    (Operation.KILL, Remedy.MARK_ENDED): "Finished the interrupted end of {}",
    (Operation.RESTORE, Remedy.MARK_RUNNING): "Finished the interrupted restore of {}",
    (Operation.RESTORE, Remedy.MARK_LOST): "The restore of {} was interrupted; it can be restored again",
}


async def recover(context: WorkContext) -> list[str]:
    """Deal with every operation whose process is gone; answers one sentence for each that was dealt with."""
    journal = await context.works.journal()
    # What we ourselves gave up carries no name.
    entries = [entry for entry in journal if not (entry.owner and context.is_running(entry.owner))]
    if not entries:
        return []
    system = await session_runtime.look_up(context)
    said = []
    for entry in entries:
        record = await context.works.work(entry.session_id)
        if record is not None and await session_runtime.server_elsewhere(context, record):
            # Whoever looks at that server can tell; we cannot.
            continue
        interrupted = _Interrupted(context, replace(entry, owner=context.owner), record, system)
        todo = remedies(entry, session_runtime.tmux_presence(system, interrupted.panes(record)))
        if Remedy.WAIT not in todo and await context.works.take_over(entry, context.owner):
            said.append(await interrupted.deal_with(todo))
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


class _Interrupted(Struct, frozen=True):
    """An operation that was cut off, and what is there now."""

    context: WorkContext
    entry: JournalEntry
    record: WorkRecord | None
    system: session_runtime.SystemLook

    def panes(self, record: WorkRecord | None) -> Sequence[Pane]:
        """The panes that it may have made."""
        if record is None:
            return self.system.named(self.entry.session_id)
        return self.system.panes(record, is_starting=Step.LAUNCH in self.entry.steps)

    async def deal_with(self, todo: tuple[Remedy, ...]) -> str:
        """Finish or undo it; answers what was done, as a sentence."""
        context, entry, record, session_id = self.context, self.entry, self.record, self.entry.session_id
        interrupted = f"The interrupted {entry.operation} of {session_id}"
        summary = f"{interrupted} had changed nothing"
        try:
            if Remedy.REMOVE_WORKTREE in todo and record is not None and await self._holds_work(record):
                todo = (Remedy.MARK_LOST,)
            for remedy in todo:
                await self._apply(remedy)
                said = SAID_OF_REMEDY.get((entry.operation, remedy))
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

    async def _apply(self, remedy: Remedy) -> None:
        context, entry, record = self.context, self.entry, self.record
        if remedy is Remedy.RELEASE:
            await context.store.release(entry.session_id)
            await context.works.drop_work(entry.session_id)
        if record is None:
            return
        match remedy:
            case Remedy.END_RUNTIME:
                await session_runtime.end_runtime(context, record, self.system)
                await session_runtime.note_end(context, record.session_id, ExitReason.API_DELETE)
            case Remedy.REMOVE_FILES:
                await asyncio.to_thread(start_agent.remove_files, context, record)
            case Remedy.REMOVE_WORKTREE:
                await self._remove_worktree(record)
            case Remedy.MARK_RUNNING:
                await self._change(record, self._found_running)
            case Remedy.MARK_LOST:
                await context.store.release(entry.session_id)
                await self._change(record, _lost)
            case Remedy.MARK_ENDED:
                now = context.clock.now()
                reason = WorkReason(entry.data.get("reason", WorkReason.MANUALLY_KILLED))
                await session_runtime.note_end(context, record.session_id, ExitReason.API_DELETE)
                await self._change(record, lambda held: session_runtime.ended(held, now, reason))

    async def _change(self, record: WorkRecord, change: Callable[[WorkRecord], WorkRecord]) -> None:
        with suppress(NotFound):
            await self.context.works.change_work(record.session_id, change)

    async def _remove_worktree(self, record: WorkRecord) -> None:
        context, entry = self.context, self.entry
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
        keeps = entry.data.get("leftovers") == session_runtime.Leftovers.KEEP
        try:
            if keeps:
                await context.git.keep(path, record.session_id)
            await context.git.remove(path, accept_loss=keeps)
        except (GitError, WorkWouldBeLost) as error:
            await tell_worktree_left(context, record, error)

    async def _holds_work(self, record: WorkRecord) -> bool:
        """Whether the agent of an interrupted spawn has come, worked and gone."""
        git, path = self.context.git, self.context.worktree_folder(record)
        if self.entry.operation is not Operation.SPAWN or Step.LAUNCH not in self.entry.steps or not git.is_ours(path):
            return False
        return not (await git.at_risk(path)).is_clean

    def _found_running(self, record: WorkRecord) -> WorkRecord:
        at = record.last_active_at or record.created_at
        panes = self.panes(record)
        runtime = session_runtime.alive(record, at, panes[0] if panes else None)
        if self.entry.operation is not Operation.RESTORE:
            return replace(record, lifecycle=decide(record.lifecycle, at, runtime=runtime))
        state, reason = WorkState.WORKING, WorkReason.TASK_IN_PROGRESS
        lifecycle = decide(record.lifecycle, at, state=state, reason=reason, runtime=runtime)
        return replace(record, lifecycle=lifecycle, restored_at=at)


async def tell_worktree_left(context: WorkContext, record: WorkRecord, error: QuarterdeckError) -> None:
    """Write down that a worktree could not be removed, and why."""
    said = f"The worktree of {record.session_id} is still there"
    told = {"error": error.message}
    await context.tell("workspace.destroy_failed", said, record.project, record.session_id, Level.WARN, **told)


def _lost(record: WorkRecord) -> WorkRecord:
    runtime = replace(record.lifecycle.runtime, state=RuntimeState.MISSING, reason=RuntimeReason.TMUX_MISSING)
    return replace(record, lifecycle=replace(record.lifecycle, runtime=runtime))
