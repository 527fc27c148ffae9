"""End a spawned session: its agent with all its children, and its worktree, unless that would lose work."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.journal import Operation, Step
from quarterdeck.core.lifecycle import WorkReason, WorkState
from quarterdeck.core.session import ExitReason
from quarterdeck.errors import GitError, Refused, TmuxError, WorkWouldBeLost
from quarterdeck.operations.conversations import purge
from quarterdeck.operations.kill import losses
from quarterdeck.operations.recover import recover, tell_worktree_left
from quarterdeck.operations.session_runtime import Leftovers, check_is_here, end_runtime, ended, note_end
from quarterdeck.ports.forge import kept_ref
from quarterdeck.ports.store import Level

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from quarterdeck.core.journal import JournalEntry
    from quarterdeck.core.session import Session
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.contexts import WorkContext
    from quarterdeck.operations.long_operations import LongOperation
    from quarterdeck.ports.forge import Kept, Say, WorkAtRisk


def unheard(line: str) -> None:
    """Nobody listens."""


class Killed(Struct, frozen=True, kw_only=True):
    """How a session ended."""

    record: WorkRecord
    was_over: bool = False
    """It had ended before; nothing was done."""
    kept: Kept | None = None
    worktree_left: str = ""
    """Why the worktree is still there; "" when it is gone."""


async def kill_work(
    context: WorkContext,
    session_id: str,
    *,
    reason: WorkReason = WorkReason.MANUALLY_KILLED,
    leftovers: Leftovers = Leftovers.STOP,
    say: Say = unheard,
    begun: Callable[[], None] = lambda: None,
    clears_again: bool = False,
    purges: bool = False,
) -> Killed:
    """End a session. Its record and its branch stay, so that it can be brought back.

    Once its agent is being ended (`begun` is told) the rest is done even when the caller is cancelled: half an end
    would be a lie. With `clears_again` a worktree that an earlier end has left goes too; with `purges` the
    conversation is deleted where its agent can, and a restore begins a new one.
    """
    await recover(context)
    record = await context.record(session_id)
    if record.lifecycle.session.state is WorkState.TERMINATED:
        if not (clears_again and is_left(context, record)):
            return Killed(record=record, was_over=True)
        reason = record.lifecycle.session.reason
    else:
        await check_is_here(context, record)
    if context.own_session == record.session_id:
        raise Refused(f"{session_id} is the session this runs in.", hint="End it from another one.")
    path = _worktree(context, record)
    if path is not None and leftovers is Leftovers.STOP:
        await _check_nothing_lost(context, record, path)
    begun()
    ending = asyncio.ensure_future(_kill(context, record, path, reason, leftovers, say, purges=purges))
    try:
        return await asyncio.shield(ending)
    except asyncio.CancelledError:
        await asyncio.wait([ending])
        raise


async def _kill(
    context: WorkContext,
    record: WorkRecord,
    path: Path | None,
    reason: WorkReason,
    leftovers: Leftovers,
    say: Say,
    *,
    purges: bool,
) -> Killed:
    session_id, project = record.session_id, record.project
    async with journal(context, Operation.KILL, record) as entry:
        await context.tell("session.kill_started", f"Ending {session_id}", project, session_id)
        data = {"reason": reason.value, "leftovers": leftovers.value}
        await context.works.step(entry, Step.END_RUNTIME, data)
        say("ending its agent")
        try:
            await end_runtime(context, record)
        except (TmuxError, Refused) as error:
            # What may still run must not be written down as over.
            said = f"Could not end the agent of {session_id}"
            await context.tell("runtime.destroy_failed", said, project, session_id, Level.WARN, error=error.message)
            raise
        await note_end(context, session_id, ExitReason.API_DELETE)
        if purges:
            await purge(context, record)
        branch, kept, left = None, None, ""
        if path is not None:
            # The branch the agent worked on in the end; a restore goes on there.
            branch = await context.git.current_branch(path) if await context.git.is_worktree(path) else None
            kept, left = await _clear(context, record, entry, path, leftovers, say)
        record = await context.works.change_work(
            session_id, lambda held: ended(held, context.clock.now(), reason, kept=kept, branch=branch)
        )
    await context.tell("session.killed", f"Ended {session_id}", project, session_id, reason=reason)
    return Killed(record=record, kept=kept, worktree_left=left)


@asynccontextmanager
async def journal(context: WorkContext, operation: Operation, record: WorkRecord) -> AsyncIterator[JournalEntry]:
    """Keep an operation in the journal while it runs; one that is cut off by the end of the program stays there."""
    entry = await context.works.begin(operation, record.session_id, record.project, context.owner, context.clock.now())
    try:
        yield entry
    finally:
        await context.works.finish(entry)


async def risk_of(context: WorkContext, record: WorkRecord) -> WorkAtRisk | None:
    """What ending a session would lose; None when it has no worktree that we would remove."""
    path = _worktree(context, record)
    return await context.git.at_risk(path) if path is not None else None


def is_left(context: WorkContext, record: WorkRecord) -> bool:
    """Whether a worktree of ours is still there for this session."""
    path = _worktree(context, record)
    return path is not None and path.exists()


def _worktree(context: WorkContext, record: WorkRecord) -> Path | None:
    """The worktree, where it is one of ours; any other is nothing to us."""
    path = Path(record.worktree) if record.worktree else None
    return path if path is not None and path != Path(record.repository) and context.git.is_ours(path) else None


async def _check_nothing_lost(context: WorkContext, record: WorkRecord, path: Path) -> None:
    risk = await context.git.at_risk(path)
    if not risk.is_missing and not risk.is_clean:
        raise WorkWouldBeLost(
            f"{record.session_id} holds {risk.describe()} in {path}.",
            hint=f"`quarterdeck kill --keep {record.session_id}` keeps it as a commit first; or commit and push it."
            + (" Files that can be made again may be listed in `disposable` of the project." if risk.ignored else ""),
        )


async def _clear(
    context: WorkContext, record: WorkRecord, entry: JournalEntry, path: Path, leftovers: Leftovers, say: Say
) -> tuple[Kept | None, str]:
    """Remove the worktree, once the agent can write no more; what cannot be removed stays, and the answer says why."""
    if leftovers is Leftovers.LEAVE:
        return None, "it was to be left"
    say("keeping unsaved work" if leftovers is Leftovers.KEEP else "removing the worktree")
    try:
        kept = None
        if leftovers is Leftovers.KEEP:
            await context.works.step(entry, Step.KEEP)
            kept = await context.git.keep(path, record.session_id)
        await context.works.step(entry, Step.REMOVE_WORKTREE)
        # Without consent git refuses what came in since we looked.
        await context.git.remove(path, accept_loss=leftovers is Leftovers.KEEP)
    except (GitError, WorkWouldBeLost) as error:
        await tell_worktree_left(context, record, error)
        return None, error.message
    if kept is not None:
        said = f"Kept uncommitted work of {record.session_id} at {kept.ref}"
        how = kept.how_to_get_it_back
        await context.tell("workspace.kept", said, record.project, record.session_id, ref=kept.ref, how=how)
    return kept, ""


async def end_worker(context: WorkContext, operation: LongOperation, turn: asyncio.Semaphore) -> str:
    """End it; answers where its work is kept, or why its worktree is still there."""
    session_id = operation.session_id
    # The operator has been told what it holds, so that is kept as a commit.
    async with turn:
        killed = await kill_work(
            context, session_id, leftovers=Leftovers.KEEP, say=operation.say, begun=operation.begun, clears_again=True
        )
    if killed.kept is not None:
        return f"The work of {session_id} is kept. To get it back: {killed.kept.how_to_get_it_back}"
    return f"The worktree of {session_id} is still there: {killed.worktree_left}" if killed.worktree_left else ""


async def what_ends(context: WorkContext, session: Session) -> tuple[str, ...]:
    """What ending a session would lose, as sentences; none when nothing would be."""
    found = losses(session)
    record = await context.works.work(session.session_id) if session.work is not None else None
    if record is None:
        return found
    try:
        risk = await risk_of(context, record)
    except GitError as error:
        return (*found, f"{error.message} It is left where it is.")
    if risk is None or risk.is_missing:
        return found
    found = (*found, f"Its worktree {record.worktree} is removed; the branch {record.branch} stays.")
    if risk.is_clean:
        return found
    return (*found, *risk.sentences(), f"All of that is kept first, as a commit at {kept_ref(session.session_id)}.")
