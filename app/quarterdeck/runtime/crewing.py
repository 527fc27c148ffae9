"""What the console does with spawned work: spawn, end, restore, clear up, and what ending would lose."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.ids import SessionId
from quarterdeck.core.project import choose_agent, project_at
from quarterdeck.core.session_ends import to_be_spawned, with_identity
from quarterdeck.core.work import Role, Work
from quarterdeck.errors import GitError, QuarterdeckError
from quarterdeck.forge.kept_work import kept_ref
from quarterdeck.operations.cleanup import CleanupCandidate, end_candidate, find_candidates
from quarterdeck.operations.kill_work import Leftovers, kill_work, risk_of
from quarterdeck.operations.projects import offer_project
from quarterdeck.operations.recover import recover
from quarterdeck.operations.restore import restore, tell_kept
from quarterdeck.operations.spawn import SpawnRequest as Wanted
from quarterdeck.operations.spawn import spawn
from quarterdeck.supervisor.notice_channels import Told
from quarterdeck.tui.work import Clearable, Cleared, Clearing, Issues, OpenIssue

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection, Sequence

    from quarterdeck.core.project import Project
    from quarterdeck.core.session import Session
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.work_context import WorkContext
    from quarterdeck.runtime.bridge import Services
    from quarterdeck.runtime.underway import Undertaking, Undertakings
    from quarterdeck.tui.requests import SpawnRequest

logger = logging.getLogger(__name__)

MOST_ISSUES = 100
AT_ONCE = 4
"""Sessions ended at the same time."""


async def put_right(services: Services, tell: Callable[[Told], None]) -> None:
    """Finish or undo what an earlier crash left half done, and say so."""
    try:
        done = await recover(services.work_context)
    except QuarterdeckError:
        # It stays in the journal, and the next operation or start tries again.
        logger.warning("what a crash left half done could not be put right", exc_info=True)
        return
    if notice := services.context.store.health().notice:
        tell(Told("State", notice))
    for line in done:
        logger.warning("%s", line)
        tell(Told("After a crash", line))
    if done:
        await _show(services)


def placeholder(services: Services, request: SpawnRequest, number: int) -> Session:
    """The row of a worker that has no identity yet."""
    now = services.context.clock.now()
    name = f"{request.project} {request.issue or ''}".strip()
    work = Work(project=request.project, agent=request.agent or "", issue=request.issue, created_at=now)
    return to_be_spawned(SessionId(f"spawning-{number}"), name, str(services.mux.address), work, now)


async def spawn_worker(
    services: Services, request: SpawnRequest, held: Undertaking, begun: Callable[[SessionId], None]
) -> SessionId:
    """Start a worker; cancelling this takes everything back."""
    begun(held.session_id)
    work_context = services.work_context
    project = work_context.project(request.project)
    await services.forges.learn([project])
    wanted = Wanted(
        project=request.project,
        issue=request.issue or None,
        prompt=request.prompt or None,
        agent=request.agent,
        branch=request.branch,
    )

    def reserved(record: WorkRecord) -> None:
        if held.row is not None:
            held.session_id = record.session_id
            name = record.tmux_name or record.session_id
            held.row = with_identity(held.row, record.session_id, name, record.as_work())
            held.changed()
            begun(record.session_id)

    record = await spawn(work_context, wanted, _heard(held), reserved)
    await _show(services)
    return record.session_id


async def back_with(services: Services, session_id: SessionId, held: Undertaking) -> list[str]:
    """Restore a dead session; answers what it came back without. Cancelling this takes everything back."""
    record = await restore(services.work_context, session_id, _heard(held))
    await _show(services)
    said = []
    if record.restore_fallback:
        said.append(f"{session_id} begins a new conversation: {record.restore_fallback}.")
    if kept := await tell_kept(services.work_context, record):
        said.append(kept)
    return said


async def end(services: Services, session_id: SessionId, held: Undertaking, turn: asyncio.Semaphore) -> str:
    """End a spawned session; answers where its work is kept, or why its worktree is still there.

    The operator has been told what it holds, so that is kept as a commit.
    """
    async with turn:
        killed = await kill_work(
            services.work_context,
            session_id,
            leftovers=Leftovers.KEEP,
            say=_heard(held),
            begun=held.begun,
            clears_again=True,
        )
    await _show(services)
    if killed.kept is not None:
        return f"The work of {session_id} is kept. To get it back: {killed.kept.how_to_get_it_back}"
    return f"The worktree of {session_id} is still there: {killed.worktree_left}" if killed.worktree_left else ""


async def losses(services: Services, session: Session) -> tuple[str, ...]:
    """What ending a spawned session would take out of its worktree, as sentences."""
    record = await services.work_context.works.work(session.session_id)
    if record is None:
        return ()
    try:
        risk = await risk_of(services.work_context, record)
    except GitError as error:
        return (f"{error.message} It is left where it is.",)
    if risk is None or risk.is_missing:
        return ()
    goes = f"Its worktree {record.worktree} is removed; the branch {record.branch} stays."
    if risk.is_clean:
        return (goes,)
    return (goes, *risk.sentences(), f"All of that is kept first, as a commit at {kept_ref(session.session_id)}.")


async def projects_near(services: Services, session: Session | None) -> dict[str, str]:
    """Every project with its usual agent, first the one a session works in; NotFound says how to make the first."""
    work_context = services.work_context
    projects = work_context.projects
    if not projects:
        await offer_project(work_context.git, projects, Path(session.cwd if session is not None else "."))
    found = project_at(projects, Path(session.cwd)) if session is not None and session.cwd else None
    near = session.work.project if session is not None and session.work else found.name if found else ""
    return {
        name: _usual_agent(work_context, projects[name])
        for name in sorted(projects, key=lambda name: (name != near, name))
    }


def _usual_agent(work_context: WorkContext, project: Project) -> str:
    named = choose_agent(project, Role.WORKER).agent or ""
    known = work_context.agents.get(named)
    return known.spec.key if known is not None else named


async def issues(services: Services, name: str) -> Issues:
    """The open issues of a project's tracker."""
    project = services.work_context.project(name)
    await services.forges.learn([project])
    tracker = services.forges.tracker(project)
    if tracker is None:
        return Issues()
    found = await tracker.issues(limit=MOST_ISSUES)
    return Issues(
        tracker=tracker.name,
        issues=tuple(OpenIssue(id=one.id, title=one.title, note=", ".join(one.labels[:2])) for one in found),
    )


async def clearable(services: Services) -> list[Clearable]:
    """What a cleanup could end."""
    return [_clearable(services, one) for one in await _candidates(services)]


async def _candidates(services: Services) -> list[CleanupCandidate]:
    work_context = services.work_context
    await services.forges.learn(work_context.projects.values())
    return await find_candidates(work_context)


def _clearable(services: Services, one: CleanupCandidate) -> Clearable:
    fleet = services.workers.supervisor.fleet
    session_id = SessionId(one.session_id)
    row = fleet.sessions.get(session_id) or fleet.exited.get(session_id)
    name = (row.work.display_name if row is not None and row.work else None) or one.session_id
    return Clearable(
        session_id=session_id,
        name=name,
        reason=one.reason,
        branch=one.branch or "",
        quiet_since=one.idle_since,
        holds=one.would_lose,
        stays_because=one.protected,
    )


async def clear(
    services: Services,
    under: Undertakings,
    ids: Sequence[SessionId],
    keeping: Collection[SessionId],
    told: Callable[[Cleared], None],
) -> None:
    """End what the operator picked, one after the other, as far as it still could go."""
    now = {one.session_id: one for one in await _candidates(services)}
    for session_id in ids:
        one = now.get(session_id)
        leftovers = Leftovers.KEEP if session_id in keeping else Leftovers.STOP
        left = _why_left(one, leftovers)
        if one is None or left:
            told(Cleared(session_id=session_id, outcome=Clearing.LEFT, detail=left))
            continue
        told(Cleared(session_id=session_id, outcome=Clearing.GOING))
        told(await _clear_one(services, under, session_id, one, leftovers))


async def _clear_one(
    services: Services, under: Undertakings, session_id: SessionId, one: CleanupCandidate, leftovers: Leftovers
) -> Cleared:
    async def work(held: Undertaking) -> Cleared:
        held.begun()
        killed = await end_candidate(services.work_context, one, leftovers, _heard(held))
        await _show(services)
        if killed.worktree_left:
            return Cleared(session_id=session_id, outcome=Clearing.FAILED, detail=killed.worktree_left)
        kept = f"its work is kept: {killed.kept.how_to_get_it_back}" if killed.kept else ""
        return Cleared(session_id=session_id, outcome=Clearing.ENDED, detail=kept)

    try:
        return await under.run(session_id, "ending", work)
    except QuarterdeckError as error:
        return Cleared(session_id=session_id, outcome=Clearing.FAILED, detail=error.message)


def _why_left(one: CleanupCandidate | None, leftovers: Leftovers) -> str:
    if one is None:
        return "it is neither done nor dead any more"
    if one.protected:
        return one.protected
    return f"it holds {one.would_lose} by now" if one.would_lose and leftovers is Leftovers.STOP else ""


async def _show(services: Services) -> None:
    await services.workers.supervisor.look()
    await services.workers.reload()


def _heard(held: Undertaking) -> Callable[[str], None]:
    def hear(line: str) -> None:
        logger.info("%s", line)
        held.say(line)

    return hear
