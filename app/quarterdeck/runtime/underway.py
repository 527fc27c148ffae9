"""The long operations of a console: each has a row that says how far it is, and can be stopped."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from quarterdeck.core.session_ends import in_our_hands
from quarterdeck.core.text import clean
from quarterdeck.errors import NotFound, Refused
from quarterdeck.tui.work import UnderWay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.session import Session
    from quarterdeck.ports.clock import Clock

logger = logging.getLogger(__name__)

MOST_LINES = 200
TAKEN_BACK_IN = 20.0
"""Seconds that an operation gets to be taken back when the console ends."""
AFTERWARDS = 1.5
"""Seconds that the rest of the end gets after that."""
T = TypeVar("T")


@dataclass(slots=True)
class Undertaking:
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
    left: tuple[str, ...] = ()
    """What could not be taken back when it was stopped."""
    task: asyncio.Task[Any] | None = None

    def say(self, line: str) -> None:
        """Show how far it is."""
        if said := clean(line).strip():
            self.lines = [*self.lines[1 - MOST_LINES :], said]
            self.changed()

    def begun(self) -> None:
        """From here on it is done to the end."""
        self.can_stop = False
        self.changed()


class Undertakings:
    """Those of one console, by the row they show in."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: list[Undertaking] = []
        self.listeners: list[Callable[[], None]] = []
        """Called after each change."""

    def _changed(self) -> None:
        for listener in self.listeners:
            listener()

    def find(self, session_id: SessionId) -> Undertaking | None:
        """What is being done to a session."""
        return next((held for held in self._held if held.session_id == session_id), None)

    def of(self, session_id: SessionId) -> UnderWay | None:
        """The same, as the console shows it."""
        held = self.find(session_id)
        return UnderWay(what=held.what, can_stop=held.can_stop) if held else None

    def refuse_if_busy(self, session_id: SessionId) -> None:
        """Nothing else is done to a session meanwhile."""
        if held := self.find(session_id):
            raise Refused(f"That has to wait: {held.what} is under way there.", hint="Press x to stop it.")

    async def run(
        self, session_id: SessionId, what: str, work: Callable[[Undertaking], Awaitable[T]], row: Session | None = None
    ) -> T:
        """Do something long. It goes on when the caller gives up, and ends early only by `stop` and `end`."""
        self.refuse_if_busy(session_id)
        held = Undertaking(session_id, what, self._changed, row)

        async def go() -> T:
            try:
                return await work(held)
            except BaseException as error:
                held.left = tuple(getattr(error, "__notes__", ()))
                raise

        task = held.task = asyncio.create_task(go())
        self._held.append(held)
        task.add_done_callback(lambda done: self._over(held, done))
        self._changed()
        return await asyncio.shield(task)

    def _over(self, held: Undertaking, done: asyncio.Task[Any]) -> None:
        self._held.remove(held)
        if not done.cancelled() and done.exception() is not None:
            # Whoever waited for it shows it; there may be nobody any more.
            logger.info("%s %s failed", held.what, held.session_id, exc_info=done.exception())
        self._changed()

    async def stop(self, session_id: SessionId) -> tuple[str, ...]:
        """Stop what is under way and wait until it is taken back; answers what could not be."""
        held = self.find(session_id)
        if held is None or held.task is None:
            raise NotFound("That is over already.")
        if not held.can_stop:
            raise Refused(f"{held.what.capitalize()} has gone too far to be stopped; it will be done in a moment.")
        held.what = f"stopping, was {held.what}"
        held.say("taking back what was done")
        held.task.cancel()
        await asyncio.wait([held.task])
        return held.left

    async def end(self, postpone: Callable[[float], None] = lambda _: None) -> None:
        """Stop everything, and wait until it is taken back or done."""
        tasks = [held.task for held in self._held if held.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            # What is left then, or when somebody does not wait, stands in the journal, and the next one takes it back.
            postpone(TAKEN_BACK_IN)
            await asyncio.wait(tasks)
            postpone(AFTERWARDS)

    def shown_in(self, fleet: Fleet) -> Fleet:
        """The fleet with each operation in its row, or in a row of its own where there is none yet."""
        if not self._held:
            return fleet
        sessions, exited = dict(fleet.sessions), dict(fleet.exited)
        for held in self._held:
            row = sessions.get(held.session_id) or exited.pop(held.session_id, None) or held.row
            if row is not None:
                said = held.lines[-1] if held.lines else ""
                sessions[held.session_id] = in_our_hands(row, held.what, said, self._clock.now())
        return replace(fleet, sessions=sessions, exited=exited)
