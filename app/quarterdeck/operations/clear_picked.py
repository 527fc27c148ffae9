"""End those of the candidates for a cleanup that the operator picked, one after the other, and tell of each."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.errors import QuarterdeckError
from quarterdeck.operations.cleanup import end_candidate, find_candidates
from quarterdeck.operations.leftovers import Leftovers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from quarterdeck.core.session import SessionId
    from quarterdeck.operations.cleanup import CleanupCandidate
    from quarterdeck.operations.long_operations import LongOperation, LongOperations
    from quarterdeck.operations.work_context import WorkContext


class Clearing(StrEnum):
    """How far a cleanup is with one session."""

    GOING = "going"
    ENDED = "ended"
    LEFT = "left"
    FAILED = "failed"


class Cleared(Struct, frozen=True, kw_only=True):
    """What became of one session in a cleanup."""

    session_id: SessionId
    outcome: Clearing
    detail: str = ""


async def candidates(context: WorkContext) -> list[CleanupCandidate]:
    """What a cleanup could end, with the reason and what it would lose. Changes nothing."""
    await context.learn(context.projects.values())
    return await find_candidates(context)


async def clear_picked(
    context: WorkContext,
    operations: LongOperations,
    ids: Sequence[SessionId],
    keeping: Collection[SessionId],
    told: Callable[[Cleared], None],
) -> None:
    """End these; work of those in `keeping` is kept as a commit first, all others must hold none.

    Cancelled, it finishes the one it is at and leaves the rest.
    """
    now = {one.session_id: one for one in await candidates(context)}
    for session_id in ids:
        one = now.get(session_id)
        leftovers = Leftovers.KEEP if session_id in keeping else Leftovers.STOP
        left = _why_left(one, leftovers)
        if one is None or left:
            told(Cleared(session_id=session_id, outcome=Clearing.LEFT, detail=left))
            continue
        told(Cleared(session_id=session_id, outcome=Clearing.GOING))
        told(await _clear(context, operations, one, leftovers))


async def _clear(
    context: WorkContext, operations: LongOperations, one: CleanupCandidate, leftovers: Leftovers
) -> Cleared:
    session_id = one.session_id

    async def work(operation: LongOperation) -> Cleared:
        operation.begun()
        killed = await end_candidate(context, one, leftovers, operation.say)
        if killed.worktree_left:
            return Cleared(session_id=session_id, outcome=Clearing.FAILED, detail=killed.worktree_left)
        kept = f"its work is kept: {killed.kept.how_to_get_it_back}" if killed.kept else ""
        return Cleared(session_id=session_id, outcome=Clearing.ENDED, detail=kept)

    try:
        return await operations.run(session_id, "ending", work)
    except QuarterdeckError as error:
        return Cleared(session_id=session_id, outcome=Clearing.FAILED, detail=error.message)


def _why_left(one: CleanupCandidate | None, leftovers: Leftovers) -> str:
    if one is None:
        return "it is neither done nor dead any more"
    if one.protected:
        return one.protected
    return f"it holds {one.would_lose} by now" if one.would_lose and leftovers is Leftovers.STOP else ""
