"""What the console does with spawned work: spawn, end, restore, and what ending would lose."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from quarterdeck.operations.kill_work import Leftovers, kill_work, risk_of
from quarterdeck.operations.recover import recover
from quarterdeck.operations.restore import restore
from quarterdeck.operations.spawn import SpawnRequest as Wanted
from quarterdeck.operations.spawn import spawn

if TYPE_CHECKING:
    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.session import Session
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.runtime.bridge import Bridge
    from quarterdeck.tui.backend import SpawnRequest

logger = logging.getLogger(__name__)


async def put_right(bridge: Bridge) -> list[str]:
    """Finish or undo what an earlier crash left half done; answers what was done, as sentences."""
    done = await recover(bridge.yard)
    for line in done:
        logger.warning("%s", line)
    return done


async def spawn_worker(bridge: Bridge, request: SpawnRequest) -> SessionId:
    """Start a worker; cancelling this takes everything back."""
    project = bridge.yard.project(request.project)
    await bridge.forges.learn([project])
    wanted = Wanted(
        project=request.project,
        issue=request.issue or None,
        prompt=request.prompt or None,
        agent=request.agent,
        branch=request.branch,
    )
    record = await spawn(bridge.yard, wanted, _log)
    await _show(bridge)
    return record.session_id


async def bring_back(bridge: Bridge, session_id: SessionId) -> WorkRecord:
    """Restore a dead session."""
    record = await restore(bridge.yard, session_id, _log)
    await _show(bridge)
    return record


async def revive(bridge: Bridge, session: Session) -> Session:
    """Restore a dead session for something that is to be sent to it."""
    await bring_back(bridge, session.session_id)
    return bridge.deck.session(session.session_id)


async def end(bridge: Bridge, session_id: SessionId) -> None:
    """End a spawned session. The operator has been told what it holds, so that is kept as a commit."""
    await kill_work(bridge.yard, session_id, leftovers=Leftovers.KEEP)
    await _show(bridge)


async def losses(bridge: Bridge, session: Session) -> tuple[str, ...]:
    """What ending a spawned session would take out of its worktree, as sentences."""
    record = await bridge.yard.works.work(session.session_id)
    if record is None:
        return ()
    risk = await risk_of(bridge.yard, record)
    found = [f"Its worktree {record.worktree} is removed; the branch {record.branch} stays."] if record.worktree else []
    if risk is not None and (text := risk.describe()):
        found.append(f"The worktree holds {text}; it is kept as a commit first.")
    return tuple(found)


async def _show(bridge: Bridge) -> None:
    await bridge.crew.supervisor.look()
    await bridge.crew.reload()


def _log(line: str) -> None:
    logger.info("%s", line)
