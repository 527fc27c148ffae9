"""The undo list of an operation: what was done is taken back in reverse, and what could not be is said."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from quarterdeck.ports.store import Level

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from quarterdeck.operations.work_context import WorkContext

logger = logging.getLogger(__name__)


class Undo:
    """What has been done so far, by name."""

    def __init__(self, context: WorkContext, project: str) -> None:
        self.session_id: str | None = None
        self.has_agent = False
        """Whether an agent has been started, so that the worktree may hold work."""
        self.failed: list[str] = []
        """Steps that could not be taken back."""
        self._context = context
        self._project = project
        self._stack = AsyncExitStack()

    def push(self, name: str, step: Callable[[], Awaitable[object]]) -> None:
        """Note how to take back what was just done, or is about to be."""
        self._stack.push_async_callback(self._take_back, name, step)

    def dismiss(self) -> None:
        """All went well: nothing is to be taken back any more."""
        self._stack.pop_all()

    async def run(self, error: BaseException) -> None:
        """Take everything back, the last first."""
        await self._context.tell(
            "session.rollback_started",
            "Taking back what was begun",
            project=self._project,
            session_id=self.session_id,
            level=Level.WARN,
            error=str(error) or type(error).__name__,
        )
        await self._stack.aclose()

    async def _take_back(self, name: str, step: Callable[[], Awaitable[object]]) -> None:
        try:
            await step()
        except Exception as error:  # a boundary: one step that fails must not keep the others from being taken back
            logger.warning("undoing %s failed", name, exc_info=True)
            self.failed.append(name)
            await self._context.tell(
                "session.rollback_step_failed",
                f"Could not take back: {name}",
                project=self._project,
                session_id=self.session_id,
                level=Level.ERROR,
                step=name,
                error=str(error),
            )


@asynccontextmanager
async def undoing(context: WorkContext, project: str) -> AsyncIterator[Undo]:
    """Undo everything pushed inside when the block fails or is cancelled; the error goes on as it was."""
    undo = Undo(context, project)
    try:
        yield undo
    except BaseException as error:
        await undo.run(error)
        for step in undo.failed:
            error.add_note(f"Could not be taken back: {step}.")
        raise
    undo.dismiss()
