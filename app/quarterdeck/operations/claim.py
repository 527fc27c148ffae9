"""Take over an open pull request: its branch is checked out, and whoever held it lets go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.lifecycle import PrPart, PrReason, PrState, decide
from quarterdeck.core.pull_request import PullRequest, dedupe
from quarterdeck.core.work_record import WorkRecord, without_pr
from quarterdeck.errors import ForgeError, Refused, UsageError, WorktreeMissing
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.operations.contexts import WorkContext


class Claimed(Struct, frozen=True, kw_only=True):
    """How a claim went."""

    record: WorkRecord
    pr: PullRequest
    branch_changed: bool
    taken_over_from: tuple[str, ...] = ()
    assigned: bool = False
    assignment_error: str = ""


async def claim_pr(context: WorkContext, session_id: str, reference: str, *, is_assigned: bool = False) -> Claimed:
    """Give an open pull request to a worker. The last to claim it owns it."""
    if not reference.strip():
        raise UsageError("Which pull request? Give its number or its address.")
    record = await context.record(session_id)
    if record.is_orchestrator:
        raise Refused(f"{session_id} is an orchestrator; pull requests belong to workers.")
    project = context.project(record.project)
    scm = context.scm(project)
    if scm is None:
        raise Refused(f"{project.name} has no forge.", hint="Set scm for the project to github or gitlab.")
    pr = await scm.resolve(reference.strip())
    if pr.state != "open":
        raise Refused(f"{pr.url} is {pr.state}.")
    if record.worktree is None or not await context.git.is_worktree(Path(record.worktree)):
        raise WorktreeMissing(
            f"{session_id} has no worktree to check the pull request out in.",
            hint=f"`quarterdeck restore {session_id}` brings it back.",
        )
    conflicts = [other for other in await context.works.works(record.project) if _conflicts(other, record, pr)]
    changed = await scm.checkout(pr, Path(record.worktree))
    now = context.clock.now()
    for other in conflicts:
        await context.works.change_work(other.session_id, lambda held: without_pr(held, now))

    def take(held: WorkRecord) -> WorkRecord:
        part = PrPart(
            state=PrState.OPEN, reason=PrReason.IN_PROGRESS, number=pr.number, url=pr.url, last_observed_at=now
        )
        return replace(
            held,
            prs=dedupe([pr, *held.prs]),
            branch=pr.branch or held.branch,
            finds_prs=True,
            lifecycle=decide(held.lifecycle, now, pr=part),
        )

    record = await context.works.change_work(record.session_id, take)
    problem = ""
    if is_assigned:
        try:
            await scm.assign(pr)
        except ForgeError as error:
            problem = error.message
    losers = tuple(other.session_id for other in conflicts)
    said = f"{session_id} took over a pull request"
    await context.tell("session.pr_claimed", said, record.project, session_id, url=pr.url, taken_over_from=list(losers))
    return Claimed(
        record=record,
        pr=pr,
        branch_changed=changed,
        taken_over_from=losers,
        assigned=is_assigned and not problem,
        assignment_error=problem,
    )


def _conflicts(other: WorkRecord, mine: WorkRecord, pr: PullRequest) -> bool:
    if other.session_id == mine.session_id or other.is_orchestrator:
        return False
    holds = any(held.identity == pr.identity for held in other.prs)
    return holds or (bool(pr.branch) and other.branch == pr.branch and other.finds_prs)
