"""The long operations of a console: each has a row that says how far it is, and can be stopped."""

from __future__ import annotations

import asyncio
import logging
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, field

from quarterdeck.core.session_ends import in_our_hands
from quarterdeck.core.text import clean
from quarterdeck.errors import NotFound, QuarterdeckError, Refused, raise_together
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable
    from typing import Any

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.ports.clock import Clock

logger = logging.getLogger(__name__)

MOST_OUTPUT_LINES = 200
TAKEN_BACK_IN = 20.0
"""Seconds that an operation gets to be taken back when the console ends."""
AFTERWARDS = 1.5
"""Seconds that the rest of the end gets after that."""
T = TypeVar("T")


class LongOperation(Struct):
    """One operation under way."""

    session_id: SessionId
    """Of the row it shows in."""
    what: str
    """`spawning`."""
    changed: Callable[[], None]
    row: Session | None = None
    """The row, while there is none in the fleet."""
    lines: list[str] = field(default_factory=list)
    """What it has said, the latest last."""
    can_stop: bool = True
    """False once it can only be done to the end."""
    left: tuple[str, ...] = ()
    """What could not be taken back when it was stopped."""
    task: asyncio.Task[Any] | None = None

    def say(self, line: str) -> None:
        """Show how far it is."""
        if said := clean(line).strip():
            logger.info("%s", said)
            self.lines = [*self.lines[1 - MOST_OUTPUT_LINES :], said]
            self.changed()

    def begun(self) -> None:
        """From here on it is done to the end."""
        self.can_stop = False
        self.changed()


async def _nothing_to_do() -> None:
    """Nobody has to hear of it."""


class LongOperations:
    """Those of one console, by the row they show in."""

    def __init__(self, clock: Clock, done: Callable[[], Awaitable[None]] = _nothing_to_do) -> None:
        self._clock = clock
        self._done = done
        """Waited for once an operation has done its work, while its row still says so."""
        self.numbers = count(1)
        """For the rows of those that have no id yet."""
        self._running: list[LongOperation] = []
        self.listeners: list[Callable[[], None]] = []
        """Called after each change."""

    def _changed(self) -> None:
        for listener in self.listeners:
            listener()

    def find(self, session_id: SessionId) -> LongOperation | None:
        """What is being done to a session."""
        return next((operation for operation in self._running if operation.session_id == session_id), None)

    def refuse_if_busy(self, session_id: SessionId) -> None:
        """Nothing else is done to a session meanwhile."""
        if operation := self.find(session_id):
            raise Refused(f"That has to wait: {operation.what} is under way there.", hint="Press x to stop it.")

    async def run(
        self,
        session_id: SessionId,
        what: str,
        work: Callable[[LongOperation], Awaitable[T]],
        row: Session | None = None,
    ) -> T:
        """Do something long. It goes on when the caller gives up, and ends early only by `stop` and `end`."""
        self.refuse_if_busy(session_id)
        operation = LongOperation(session_id, what, self._changed, row)

        async def go() -> T:
            try:
                result = await work(operation)
                operation.begun()
                try:
                    await self._done()
                except QuarterdeckError as error:
                    # The work is done all the same, and is shown with the next look.
                    logger.info("what has been done is shown later: %s", error.message)
            except BaseException as error:
                operation.left = tuple(getattr(error, "__notes__", ()))
                raise
            return result

        task = operation.task = asyncio.create_task(go())
        self._running.append(operation)
        task.add_done_callback(lambda done: self._over(operation, done))
        self._changed()
        return await asyncio.shield(task)

    def _over(self, operation: LongOperation, done: asyncio.Task[Any]) -> None:
        self._running.remove(operation)
        if not done.cancelled() and done.exception() is not None:
            # Whoever waited for it shows it; there may be nobody any more.
            logger.info("%s %s failed", operation.what, operation.session_id, exc_info=done.exception())
        self._changed()

    async def stop(self, session_id: SessionId) -> tuple[str, ...]:
        """Stop what is under way and wait until it is taken back; answers what could not be."""
        operation = self.find(session_id)
        if operation is None or operation.task is None:
            raise NotFound("That is over already.")
        if not operation.can_stop:
            raise Refused(f"{operation.what.capitalize()} has gone too far to be stopped; it will be done in a moment.")
        operation.what = f"stopping, was {operation.what}"
        operation.say("undoing what was done")
        operation.task.cancel()
        await asyncio.wait([operation.task])
        return operation.left

    async def end(self, postpone: Callable[[float], None] = lambda _: None) -> None:
        """Stop everything, and wait until it is taken back or done."""
        tasks = [operation.task for operation in self._running if operation.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            # What is left then, or when somebody does not wait, stands in the journal, and the next one takes it back.
            postpone(TAKEN_BACK_IN)
            await asyncio.wait(tasks)
            postpone(AFTERWARDS)

    def shown_in(self, fleet: Fleet) -> Fleet:
        """The fleet with each operation in its row, or in a row of its own where there is none yet."""
        if not self._running:
            return fleet
        sessions, exited = dict(fleet.sessions), dict(fleet.exited)
        for operation in self._running:
            row = sessions.get(operation.session_id) or exited.pop(operation.session_id, None) or operation.row
            if row is not None:
                said = operation.lines[-1] if operation.lines else ""
                sessions[operation.session_id] = in_our_hands(row, operation.what, said, self._clock.now())
        return replace(fleet, sessions=sessions, exited=exited)


async def all_at_once(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What each answered. What failed is raised as one error once all are over."""
    # One that the operator has stopped while it waited for its turn is cancelled, and no failure.
    done = await asyncio.gather(*works, return_exceptions=True)
    for each in done:
        if isinstance(each, Exception) and not isinstance(each, QuarterdeckError):
            raise each
    raise_together([each for each in done if isinstance(each, QuarterdeckError)])
    return [each for each in done if not isinstance(each, BaseException)]
