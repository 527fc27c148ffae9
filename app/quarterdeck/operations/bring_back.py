"""Bring back what is gone: a worker with its worktree and conversation, any other session under its name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from quarterdeck.errors import QuarterdeckError, raise_together
from quarterdeck.operations.reopen import reopen
from quarterdeck.operations.restore import restore, tell_kept

if TYPE_CHECKING:
    from quarterdeck.core.session import Session
    from quarterdeck.operations.long_operations import LongOperation
    from quarterdeck.operations.session_context import SessionContext
    from quarterdeck.operations.work_context import WorkContext


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
