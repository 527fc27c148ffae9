"""End a worker from its row, and say beforehand what that would take out of its worktree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.errors import GitError
from quarterdeck.operations.kill import losses
from quarterdeck.operations.kill_work import Leftovers, kill_work, risk_of
from quarterdeck.ports.git import kept_ref

if TYPE_CHECKING:
    import asyncio

    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.operations.long_operations import LongOperation
    from quarterdeck.operations.work_context import WorkContext


async def end_worker(context: WorkContext, operation: LongOperation, turn: asyncio.Semaphore) -> str:
    """End it; answers where its work is kept, or why its worktree is still there.

    The operator has been told what it holds, so that is kept as a commit.
    """
    session_id = operation.session_id
    async with turn:
        killed = await kill_work(
            context, session_id, leftovers=Leftovers.KEEP, say=operation.say, begun=operation.begun, clears_again=True
        )
    if killed.kept is not None:
        return f"The work of {session_id} is kept. To get it back: {killed.kept.how_to_get_it_back}"
    return f"The worktree of {session_id} is still there: {killed.worktree_left}" if killed.worktree_left else ""


async def what_ends(context: WorkContext, session: Session) -> tuple[str, ...]:
    """What ending a session would lose, as sentences; none when nothing would be."""
    return (*losses(session), *(await _in_worktree(context, session.session_id) if session.work is not None else ()))


async def _in_worktree(context: WorkContext, session_id: SessionId) -> tuple[str, ...]:
    record = await context.works.work(session_id)
    if record is None:
        return ()
    try:
        risk = await risk_of(context, record)
    except GitError as error:
        return (f"{error.message} It is left where it is.",)
    if risk is None or risk.is_missing:
        return ()
    goes = f"Its worktree {record.worktree} is removed; the branch {record.branch} stays."
    if risk.is_clean:
        return (goes,)
    return (goes, *risk.sentences(), f"All of that is kept first, as a commit at {kept_ref(session_id)}.")
