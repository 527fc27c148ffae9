"""The worktree of a spawned session: made, and made fit to work in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.journal import Step
from quarterdeck.errors import QuarterdeckError
from quarterdeck.ports.git import WantedWorktree
from quarterdeck.ports.store import Level

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.core.journal import JournalEntry
    from quarterdeck.core.project import Project
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.undo import Undo
    from quarterdeck.operations.work_context import WorkContext
    from quarterdeck.ports.git import MadeWorktree, Say


async def make_worktree(
    context: WorkContext, project: Project, record: WorkRecord, entry: JournalEntry, undo: Undo, say: Say
) -> tuple[MadeWorktree, JournalEntry]:
    """Make the worktree, link what is shared, and run the operator's commands in it."""
    wanted = worktree_for(project, record)
    say("making the worktree")
    entry = await context.works.step(entry, Step.WORKTREE, {"repository": str(project.path), "branch": wanted.branch})
    made = await context.git.create(wanted, say)

    async def unmake() -> None:
        # Until its agent is started, only we have put anything there.
        if undo.has_agent:
            await context.git.remove(made.path)
            await context.git.drop_unused_branch(project.path, made.branch, made.base)
        else:
            await context.git.unmake(made, project.path)

    undo.push("the worktree", unmake)
    entry = await context.works.step(entry, Step.FILES, {"worktree": str(made.path), "base": made.base})
    await prepare(context, project, record, made.path, say)
    return made, entry


def worktree_for(project: Project, record: WorkRecord) -> WantedWorktree:
    """The worktree a record asks for."""
    return WantedWorktree(
        repository=project.path,
        session_id=record.session_id,
        project=project.name,
        branch=record.branch or f"session/{record.session_id}",
        default_branch=project.default_branch,
    )


async def prepare(context: WorkContext, project: Project, record: WorkRecord, path: Path, say: Say) -> None:
    """Make a fresh worktree fit to work in."""
    env = {"QUARTERDECK_SESSION": record.session_id, "QUARTERDECK_PROJECT": record.project}
    try:
        await context.git.prepare(
            path, project.path, project.symlinks, project.post_create, say, {**project.env, **env}
        )
    except QuarterdeckError as error:
        await context.tell(
            "workspace.post_create_failed",
            "The worktree could not be made ready",
            project=project.name,
            session_id=record.session_id,
            level=Level.ERROR,
            error=error.message,
        )
        raise
