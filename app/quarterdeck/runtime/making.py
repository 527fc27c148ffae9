"""Plain sessions that the console makes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.errors import QuarterdeckError
from quarterdeck.operations.new import NewSessionRequest, new_session
from quarterdeck.operations.reopen import reopen

if TYPE_CHECKING:
    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.session import Session
    from quarterdeck.operations.session_context import SessionContext
    from quarterdeck.runtime.memory import ConsoleMemory
    from quarterdeck.tui.requests import NewRequest


async def new_in_each(context: SessionContext, memory: ConsoleMemory, request: NewRequest) -> list[SessionId]:
    """Make sessions, one in each directory; one that fails does not stop the others."""
    made: list[SessionId] = []
    failed: list[QuarterdeckError] = []
    for directory in request.directories:
        folder = _folder(directory)
        wanted = NewSessionRequest(
            name=request.name if len(request.directories) == 1 else None,
            stem="-".join(filter(None, (folder.name, request.tool))),
            cwd=folder,
            tool=request.tool,
            request=request.request,
            shell=os.environ.get("SHELL", ""),
        )
        try:
            session, notices = await new_session(context, wanted)
        except QuarterdeckError as error:
            failed.append(error)
            continue
        made.append(session.session_id)
        memory.went_to(str(folder))
        failed += [QuarterdeckError(notice) for notice in notices]
    raise_all(failed)
    return made


async def back_again(context: SessionContext, session: Session) -> None:
    """Bring back a session that nobody spawned."""
    notices = await reopen(context, session, os.environ.get("SHELL", ""))
    raise_all([QuarterdeckError(notice) for notice in notices])


def _folder(typed: str) -> Path:
    return Path(typed).expanduser()


def raise_all(failed: list[QuarterdeckError]) -> None:
    """Raise several failures as one; nothing when there are none."""
    if failed:
        raise QuarterdeckError(" ".join(error.message for error in failed), hint=failed[0].hint)
