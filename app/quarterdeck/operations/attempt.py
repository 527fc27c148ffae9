"""One attempt to bring a spawned session to life: its identity, its worktree, and how all that is undone again."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from quarterdeck.core.journal import Step
from quarterdeck.errors import QuarterdeckError
from quarterdeck.ports.forge import WantedWorktree
from quarterdeck.ports.store import Level

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping
    from pathlib import Path
    from typing import Self

    from quarterdeck.core.journal import JournalEntry
    from quarterdeck.core.project import Project
    from quarterdeck.core.session import SessionId
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.contexts import WorkContext
    from quarterdeck.ports.forge import MadeWorktree, Say

logger = logging.getLogger(__name__)


class Attempt:
    """A context manager: when its block fails or is cancelled, everything pushed is undone, and the error goes on."""

    record: WorkRecord
    entry: JournalEntry

    def __init__(self, context: WorkContext, project: Project, say: Say) -> None:
        self.context = context
        self.project = project
        self.say = say
        self.session_id: SessionId | None = None
        """None until there are a record and an entry of the journal to work on."""
        self.has_agent = False
        """Whether an agent has been started, so that the worktree may hold work."""
        self._failed: list[str] = []
        """Steps that could not be undone."""
        self._stack = AsyncExitStack()

    def work_on(self, record: WorkRecord, entry: JournalEntry) -> None:
        """Take up a record that is kept, and the entry that the operation has in the journal."""
        self.record, self.entry, self.session_id = record, entry, record.session_id

    async def reserve(self, reserving: Coroutine[None, None, tuple[WorkRecord, JournalEntry]]) -> None:
        """Reserve an identity, so that even a caller who is cancelled meanwhile leaves none behind."""
        task = asyncio.ensure_future(reserving)
        try:
            await asyncio.shield(task)
        finally:
            self.work_on(*await task)
            self.push("the reservation", self._give_up)

    async def _give_up(self) -> None:
        """Remove the record of something that never came to life; what could not be undone stays in the journal."""
        works = self.context.works
        if self._failed:
            await works.take_over(self.entry, "")
            return
        await works.drop_work(self.record.session_id)
        await works.finish(self.entry)

    async def step(self, step: Step, data: Mapping[str, str] | None = None) -> None:
        """Note in the journal what is about to be done."""
        await self.context.works.step(self.entry, step, data)

    async def change(self, change: Callable[[WorkRecord], WorkRecord]) -> WorkRecord:
        """Change the record as it is kept by now."""
        self.record = await self.context.works.change_work(self.record.session_id, change)
        return self.record

    def push(self, name: str, undo: Callable[[], Awaitable[object]]) -> None:
        """Note how to undo what was just done, or is about to be."""
        self._stack.push_async_callback(self._undo, name, undo)

    async def _undo(self, name: str, undo: Callable[[], Awaitable[object]]) -> None:
        try:
            await undo()
        except Exception as error:  # a boundary: one step that fails must not keep the others from being undone
            logger.warning("undoing %s failed", name, exc_info=True)
            self._failed.append(name)
            await self._tell(
                "session.rollback_step_failed", f"Could not undo: {name}", Level.ERROR, step=name, error=str(error)
            )

    async def _tell(self, kind: str, summary: str, level: Level, **data: str) -> None:
        await self.context.tell(kind, summary, self.project.name, self.session_id, level, **data)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is None:
            return
        said = str(error) or type(error).__name__
        await self._tell("session.rollback_started", "Undoing what was done so far", Level.WARN, error=said)
        await self._stack.aclose()
        for step in self._failed:
            error.add_note(f"Could not be undone: {step}.")

    def wanted_worktree(self) -> WantedWorktree:
        """The worktree that the record asks for."""
        return WantedWorktree(
            repository=self.project.path,
            session_id=self.record.session_id,
            project=self.project.name,
            branch=self.record.branch or f"session/{self.record.session_id}",
            default_branch=self.project.default_branch,
        )

    async def make_worktree(self) -> MadeWorktree:
        """Make the worktree, link what is shared, and run the operator's commands in it."""
        git, repository, wanted = self.context.git, self.project.path, self.wanted_worktree()
        self.say("making the worktree")
        await self.step(Step.WORKTREE, {"repository": str(repository), "branch": wanted.branch})
        made = await git.create(wanted, self.say)

        async def unmake() -> None:
            # Until its agent is started, only we have put anything there.
            if self.has_agent:
                await git.remove(made.path)
                await git.drop_unused_branch(repository, made.branch, made.base)
            else:
                await git.unmake(made, repository)

        self.push("the worktree", unmake)
        await self.step(Step.FILES, {"worktree": str(made.path), "base": made.base})
        await self.prepare(made.path)
        return made

    async def prepare(self, path: Path, *, is_new: bool = True) -> None:
        """Make a worktree fit to work in; links and commands of the project are for a new one alone."""
        project, record = self.project, self.record
        # In one that was there before, links would replace what stands there now.
        links, commands = (project.symlinks, project.post_create) if is_new else ((), ())
        env = {**project.env, "QUARTERDECK_SESSION": record.session_id, "QUARTERDECK_PROJECT": record.project}
        try:
            await self.context.git.prepare(path, project.path, links, commands, self.say, env)
        except QuarterdeckError as error:
            said = "The worktree could not be made ready"
            await self._tell("workspace.post_create_failed", said, Level.ERROR, error=error.message)
            raise
