"""End what is done or dead, each thing once, and nothing that somebody needs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.lifecycle import PrState, RuntimeState, WorkReason, WorkState, is_orchestrator, keep_runtime_loss
from quarterdeck.core.process_tree import is_shell
from quarterdeck.core.work_record import repaired, without_pr
from quarterdeck.errors import GitError, NotFound, QuarterdeckError
from quarterdeck.operations.conversations import purge
from quarterdeck.operations.kill_work import is_left, kill_work, risk_of, unheard
from quarterdeck.operations.session_runtime import Leftovers, SystemLook, is_settling, judge, look_up, server_elsewhere
from quarterdeck.ports.store import Level
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from quarterdeck.core.lifecycle import RuntimePart
    from quarterdeck.core.session import SessionId
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.contexts import WorkContext
    from quarterdeck.operations.kill_work import Killed
    from quarterdeck.operations.long_operations import LongOperation, LongOperations
    from quarterdeck.ports.forge import Say, WorkAtRisk

CLEANUPS_AT_ONCE = 8
"""Sessions that are looked at, or whose tracker and forge are asked, at the same time."""


class CleanupCandidate(Struct, frozen=True, kw_only=True):
    """A session that could go."""

    session_id: SessionId
    project: str
    branch: str | None = None
    reason: str
    """Why it could go."""
    idle_since: datetime | None
    would_lose: str
    """What its worktree holds that is nowhere else; "" when nothing."""
    protected: str = ""
    """Why it stays all the same; "" when it may go."""


class Cleaned(Struct):
    """What a cleanup did, or would do."""

    killed: list[CleanupCandidate] = field(default_factory=list)
    skipped: list[CleanupCandidate] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    """Session and message."""
    purged: list[str] = field(default_factory=list)
    """Sessions that were over before, whose conversations have been deleted now."""


async def find_candidates(context: WorkContext, project: str | None = None) -> list[CleanupCandidate]:
    """What could go, with the reason, how long it has been quiet, and what its worktree holds. Changes nothing."""
    if project is not None:
        context.project(project)
    turn = asyncio.Semaphore(CLEANUPS_AT_ONCE)

    async def judged(view: WorkView) -> CleanupCandidate | None:
        async with turn:
            reason, unknown = await _reason(context, view)
        if not (reason or unknown):
            return None
        return CleanupCandidate(
            session_id=view.record.session_id,
            project=view.record.project,
            branch=view.record.branch,
            reason=reason or "it is not known whether its work is over",
            idle_since=view.record.last_active_at,
            would_lose=view.risk.describe() if view.risk is not None else view.risk_error,
            protected=await _protection(context, view) if reason else unknown,
        )

    views = [view for view in await list_work(context, project) if view.record.project in context.projects]
    return [found for found in await asyncio.gather(*map(judged, views)) if found is not None]


async def cleanup(
    context: WorkContext,
    project: str | None = None,
    *,
    is_dry_run: bool = False,
    leftovers: Leftovers = Leftovers.STOP,
    purges: bool = False,
) -> Cleaned:
    """End the candidates; with `purges` the conversations of all that is over are deleted, where their agents can."""
    done = Cleaned()
    for candidate in await find_candidates(context, project):
        if candidate.protected or (candidate.would_lose and leftovers is Leftovers.STOP):
            done.skipped.append(candidate)
            continue
        if is_dry_run:
            done.killed.append(candidate)
            continue
        try:
            killed = await end_candidate(context, candidate, leftovers, purges=purges)
        except QuarterdeckError as error:
            done.errors.append((candidate.session_id, error.message))
            continue
        if killed.worktree_left:
            done.errors.append((candidate.session_id, killed.worktree_left))
        elif not killed.was_over:
            done.killed.append(candidate)
    if purges and not is_dry_run:
        for record in await context.works.works(project):
            if record.lifecycle.session.state is WorkState.TERMINATED and await purge(context, record):
                done.purged.append(record.session_id)
    return done


async def end_candidate(
    context: WorkContext, candidate: CleanupCandidate, leftovers: Leftovers, say: Say = unheard, *, purges: bool = False
) -> Killed:
    """End one; a failure is written down and goes on."""
    try:
        return await kill_work(
            context,
            candidate.session_id,
            reason=WorkReason.AUTO_CLEANUP,
            leftovers=leftovers,
            say=say,
            clears_again=True,
            purges=purges,
        )
    except QuarterdeckError as error:
        said, told = f"{candidate.session_id} could not be cleaned up", {"error": error.message}
        await context.tell("session.cleanup_error", said, candidate.project, candidate.session_id, Level.WARN, **told)
        raise


async def _reason(context: WorkContext, view: WorkView) -> tuple[str, str]:
    """Why a session could go, "" when it should stay; and what a forge could not tell of it, which ends nothing."""
    record = view.record
    if record.lifecycle.session.state is WorkState.TERMINATED:
        return "it is over, but its worktree is still there" if is_left(context, record) else "", ""
    unknown = ""
    for about, is_over in (("pull request", _are_closed), ("issue", _is_issue_done)):
        try:
            if reason := await is_over(context, record):
                return reason, ""
        except QuarterdeckError as error:
            # It may be that what was asked for is not there: an agent names its pull requests itself.
            unknown = unknown or f"its {about} is unknown: {error.message.removesuffix('.')}"
    if view.runtime.state in (RuntimeState.MISSING, RuntimeState.EXITED):
        return f"its agent is gone{f'; {unknown}' if unknown else ''}", ""
    return "", unknown


async def _are_closed(context: WorkContext, record: WorkRecord) -> str:
    if not record.prs:
        return ""
    many, scm = len(record.prs) > 1, context.scm(context.projects[record.project])
    if scm is None:
        is_closed = record.lifecycle.pr.state is PrState.CLOSED and not many
    else:
        is_closed = all([await scm.state(pr) == "closed" for pr in record.prs])
    if not is_closed:
        return ""
    return "its pull requests are closed" if many else "its pull request is closed"


async def _is_issue_done(context: WorkContext, record: WorkRecord) -> str:
    tracker = context.tracker(context.projects[record.project])
    if tracker is None or not record.issue or not (await tracker.issue(record.issue)).is_completed:
        return ""
    return f"issue {record.issue} is done"


async def _protection(context: WorkContext, view: WorkView) -> str:
    record = view.record
    project = context.projects[record.project]
    prefixes = [each.prefix for each in context.projects.values()]
    if is_orchestrator(record.session_id, record.role, project.prefix, prefixes):
        return "it is the orchestrator"
    if record.session_id == context.own_session:
        return "Quarterdeck itself runs in it"
    if view.runs_there:
        return f"{view.runs_there} runs there"
    is_over = record.lifecycle.session.state is WorkState.TERMINATED
    return "" if is_over or not await server_elsewhere(context, record) else "it is on another tmux server"


class Clearing(StrEnum):
    """How far a cleanup is with one session."""

    GOING = "going"
    ENDED = "ended"
    LEFT = "left"
    FAILED = "failed"


class Cleared(Struct, frozen=True):
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
            told(Cleared(session_id, Clearing.LEFT, left))
            continue
        told(Cleared(session_id, Clearing.GOING))
        try:
            told(await operations.run(session_id, "ending", partial(_clear, context, one, leftovers)))
        except QuarterdeckError as error:
            told(Cleared(session_id, Clearing.FAILED, error.message))


async def _clear(
    context: WorkContext, one: CleanupCandidate, leftovers: Leftovers, operation: LongOperation
) -> Cleared:
    operation.begun()
    killed = await end_candidate(context, one, leftovers, operation.say)
    if killed.worktree_left:
        return Cleared(one.session_id, Clearing.FAILED, killed.worktree_left)
    kept = f"its work is kept: {killed.kept.how_to_get_it_back}" if killed.kept else ""
    return Cleared(one.session_id, Clearing.ENDED, kept)


def _why_left(one: CleanupCandidate | None, leftovers: Leftovers) -> str:
    if one is None:
        return "it is neither done nor dead any more"
    if one.protected:
        return one.protected
    return f"it now holds {one.would_lose}" if one.would_lose and leftovers is Leftovers.STOP else ""


RISK_SECONDS = 12.0
"""What one session's worktree may take to be looked at."""


class WorkView(Struct, frozen=True, kw_only=True):
    """One spawned session, and what was found of it just now."""

    record: WorkRecord
    runtime: RuntimePart
    runs_there: str = ""
    """What runs in its tmux session although its agent has left that: not a shell, so somebody's."""
    risk: WorkAtRisk | None = None
    """What its worktree holds; None when it has none of ours, or that could not be told."""
    risk_error: str = ""


async def list_work(context: WorkContext, project: str | None = None) -> list[WorkView]:
    """Every spawned session, oldest first. A process found gone is written down as detecting, never as the end."""
    records = await repair(context, await context.works.works(project))
    system = await look_up(context)
    seen = [await _seen(context, record, system) for record in records]
    turn = asyncio.Semaphore(CLEANUPS_AT_ONCE)

    async def view(record: WorkRecord, runtime: RuntimePart) -> WorkView:
        risk, error = None, ""
        async with turn:
            try:
                async with asyncio.timeout(RISK_SECONDS):
                    risk = await risk_of(context, record)
            except GitError as fault:
                error = fault.message
            except TimeoutError:
                error = "git takes too long to say what its worktree holds"
        runs_there = ""
        if runtime.state is RuntimeState.EXITED:
            running = (pane.command for pane in system.panes(record) if not pane.dead)
            runs_there = next((command for command in running if command and not is_shell(command)), "")
        return WorkView(record=record, runtime=runtime, runs_there=runs_there, risk=risk, risk_error=error)

    return list(await asyncio.gather(*(view(record, runtime) for record, runtime in seen)))


async def repair(context: WorkContext, records: list[WorkRecord]) -> list[WorkRecord]:
    """Put records right that contradict each other, and keep that. When anything happened last is not touched."""
    now = context.clock.now()

    def put_right(held: WorkRecord) -> WorkRecord:
        # As it is by now: it may have ended since it was read.
        return next(iter(repaired([held], now)), held) if held.is_orchestrator else without_pr(held, now)

    right = {}
    for record in repaired(records, now):
        # One that went since it was read is not there to be put right.
        with suppress(NotFound):
            right[record.session_id] = await context.works.change_work(record.session_id, put_right)
    return [right.get(record.session_id, record) for record in records]


async def _seen(context: WorkContext, record: WorkRecord, system: SystemLook) -> tuple[WorkRecord, RuntimePart]:
    """A record and how its process stands; a process that is newly gone is written down."""
    now = context.clock.now()
    runtime = record.lifecycle.runtime
    if record.tmux_name is not None and record.tmux_server == str(context.mux.address) and not is_settling(record, now):
        runtime = judge(context, record, system, now)
    if keep_runtime_loss(record.lifecycle, now, runtime) is None:
        return record, runtime
    is_news = False

    def change(held: WorkRecord) -> WorkRecord:
        nonlocal is_news
        # Another process may have said so, or ended it, since we read.
        lost = keep_runtime_loss(held.lifecycle, now, runtime)
        is_news = lost is not None
        return held if lost is None else replace(held, lifecycle=lost)

    session_id, project = record.session_id, record.project
    try:
        record = await context.works.change_work(session_id, change)
    except QuarterdeckError as error:
        said, told = f"Could not write down that {session_id} lost its agent", {"error": error.message}
        await context.tell("runtime.lost_persist_failed", said, project, session_id, Level.ERROR, **told)
        return record, runtime
    if is_news:
        lost = "agent" if runtime.state is RuntimeState.EXITED else "tmux session"
        said, told = f"{session_id} lost its {lost}", {"runtime": runtime.state}
        await context.tell("runtime.lost_detected", said, project, session_id, Level.WARN, **told)
    return record, runtime
