"""How a session may end, and what its record says then."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from quarterdeck.core.lifecycle import RuntimePart, RuntimeReason, RuntimeState, WorkReason, WorkState, decide
from quarterdeck.values import replace

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.ports.git import Kept


class Leftovers(StrEnum):
    """What happens to a worktree that holds work which is nowhere else."""

    STOP = "stop"
    """Nothing is ended; the error says what would be lost."""
    KEEP = "keep"
    """It is kept as a commit, then the worktree goes."""
    LEAVE = "leave"
    """The worktree stays as it is, whatever it holds."""


RUNTIME_REASON = {
    WorkReason.PR_MERGED: RuntimeReason.PR_MERGED_CLEANUP,
    WorkReason.AUTO_CLEANUP: RuntimeReason.AUTO_CLEANUP,
}


def ended(
    record: WorkRecord, now: datetime, reason: WorkReason, *, kept: Kept | None = None, branch: str | None = None
) -> WorkRecord:
    """The record of a session that has just been ended, on the branch its worktree was on in the end."""
    before = record.lifecycle.runtime
    runtime = RuntimePart(
        state=RuntimeState.MISSING if before.handle or record.tmux_name else RuntimeState.EXITED,
        reason=RUNTIME_REASON.get(reason, RuntimeReason.MANUAL_KILL_REQUESTED),
        last_observed_at=now,
        handle=before.handle,
        tmux_name=record.tmux_name,
    )
    return replace(
        record,
        lifecycle=decide(record.lifecycle, now, state=WorkState.TERMINATED, reason=reason, runtime=runtime),
        branch=branch or record.branch,
        kept_ref=kept.ref if kept else record.kept_ref,
    )
