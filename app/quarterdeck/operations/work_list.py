"""Spawned sessions as they are now: records put right as they are read, with their runtime judged in three values."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.lifecycle import RuntimeState, keep_runtime_loss
from quarterdeck.core.process_tree import is_shell
from quarterdeck.core.work_record import repaired, without_pr
from quarterdeck.errors import GitError, NotFound, QuarterdeckError
from quarterdeck.operations.kill_work import risk_of
from quarterdeck.operations.session_runtime import SystemLook, is_settling, judge, look_up
from quarterdeck.ports.store import Level
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.lifecycle import RuntimePart
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.work_context import WorkContext
    from quarterdeck.ports.git import WorkAtRisk

logger = logging.getLogger(__name__)

RISK_SECONDS = 12.0
"""What one session's worktree may take to be looked at."""
AT_ONCE = 8


class WorkView(Struct, frozen=True, kw_only=True):
    """One spawned session, and what was found of it just now."""

    record: WorkRecord
    runtime: RuntimePart
    runs_there: str = ""
    """What runs in its tmux session although its agent has left that: not a shell, so somebody's."""
    risk: WorkAtRisk | None = None
    """What its worktree holds; None when that was not asked, or could not be told."""
    risk_error: str = ""


async def list_work(context: WorkContext, project: str | None = None, *, has_risk: bool = False) -> list[WorkView]:
    """Every spawned session, oldest first. A process found gone is written down as detecting, never as the end."""
    records = await repair(context, await context.works.works(project))
    system = await look_up(context)
    views = [
        replace(view, runs_there=_else_in(system, view))
        for view in [await _view(context, each, system) for each in records]
    ]
    if not has_risk:
        return views
    turn = asyncio.Semaphore(AT_ONCE)

    async def with_risk(view: WorkView) -> WorkView:
        async with turn:
            return await _with_risk(context, view)

    return list(await asyncio.gather(*map(with_risk, views)))


async def repair(context: WorkContext, records: list[WorkRecord]) -> list[WorkRecord]:
    """Put records right that contradict each other, and keep that. When anything happened last is not touched."""
    now = context.clock.now()

    def put_right(held: WorkRecord) -> WorkRecord:
        # As it is by now: it may have ended since it was read.
        return next(iter(repaired([held], now)), held) if held.is_orchestrator else without_pr(held, now)

    right = {}
    for record in repaired(records, now):
        try:
            right[record.session_id] = await context.works.change_work(record.session_id, put_right)
        except NotFound:
            logger.debug("%s went while it was put right", record.session_id)
    return [right.get(record.session_id, record) for record in records]


def _runtime(context: WorkContext, record: WorkRecord, system: SystemLook) -> RuntimePart:
    now = context.clock.now()
    if record.tmux_name is None or is_settling(record, now) or record.tmux_server != str(context.mux.address):
        return record.lifecycle.runtime
    return judge(context, record, system, now)


def _else_in(system: SystemLook, view: WorkView) -> str:
    if view.runtime.state is not RuntimeState.EXITED:
        return ""
    running = (pane.command for pane in system.panes(view.record) if not pane.dead)
    return next((command for command in running if command and not is_shell(command)), "")


async def _view(context: WorkContext, record: WorkRecord, system: SystemLook) -> WorkView:
    runtime = _runtime(context, record, system)
    now = context.clock.now()
    if keep_runtime_loss(record.lifecycle, now, runtime) is None:
        return WorkView(record=record, runtime=runtime)

    is_news = False

    def change(held: WorkRecord) -> WorkRecord:
        nonlocal is_news
        # Another process may have said so, or ended it, since we read.
        lost = keep_runtime_loss(held.lifecycle, now, runtime)
        is_news = lost is not None
        return held if lost is None else replace(held, lifecycle=lost)

    try:
        kept = await context.works.change_work(record.session_id, change)
    except QuarterdeckError as error:
        await context.tell(
            "runtime.lost_persist_failed",
            f"Could not write down that {record.session_id} lost its agent",
            project=record.project,
            session_id=record.session_id,
            level=Level.ERROR,
            error=error.message,
        )
        return WorkView(record=record, runtime=runtime)
    if is_news:
        await context.tell(
            "runtime.lost_detected",
            f"{record.session_id} lost its {'agent' if runtime.state is RuntimeState.EXITED else 'tmux session'}",
            project=record.project,
            session_id=record.session_id,
            level=Level.WARN,
            runtime=runtime.state,
        )
    return WorkView(record=kept, runtime=runtime)


async def _with_risk(context: WorkContext, view: WorkView) -> WorkView:
    try:
        async with asyncio.timeout(RISK_SECONDS):
            return replace(view, risk=await risk_of(context, view.record))
    except GitError as error:
        return replace(view, risk_error=error.message)
    except TimeoutError:
        return replace(view, risk_error="git takes too long to say what its worktree holds")
