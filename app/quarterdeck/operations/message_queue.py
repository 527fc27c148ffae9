"""Delivers messages that wait, as soon as what they wait for is over, and shows on each row how many there are."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING

from quarterdeck.core.events import SessionChanged
from quarterdeck.core.projection import is_reported
from quarterdeck.core.session import ASKING
from quarterdeck.errors import QuarterdeckError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.events import Event
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.ports.store import Held

logger = logging.getLogger(__name__)

TRY_EVERY_SECONDS = 1.0
"""Seconds between two tries while something waits."""
LONGEST_BACK_OFF_SECONDS = 15.0
"""A delivery that fails is tried again later and later, at most so much; it is never given up for the time alone."""


class MessageQueue:
    """One for each console or `watch`; only the writer of the rows delivers."""

    def __init__(self, context: SessionContext) -> None:
        self._context = context
        self._wake = asyncio.Event()
        self._failures: dict[str, int] = {}
        self._due: dict[str, float] = {}

    def look(self) -> None:
        """Something was written to the store: there may be new messages."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        supervisor = self._context.supervisor
        unsubscribe = supervisor.subscribe(self._note)
        try:
            while True:
                self._wake.clear()
                held = await self._context.messages.waiting()
                supervisor.note_held(waiting_for(held))
                if held and supervisor.is_writer():
                    await self._deliver(held)
                    supervisor.note_held(waiting_for(await self._context.messages.waiting()))
                try:
                    async with asyncio.timeout(TRY_EVERY_SECONDS if held else None):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            unsubscribe()

    def _note(self, event: Event) -> None:
        """A row for which something waits has changed: it may take it now."""
        if isinstance(event, SessionChanged) and event.after.held_messages:
            before, after = event.before, event.after
            if (before.state, before.needs) != (after.state, after.needs):
                self._due.pop(after.session_id, None)
                self._wake.set()

    async def _deliver(self, held: Sequence[Held]) -> None:
        # Every verb has a queue, and nearly none has something to deliver.
        from quarterdeck.operations.delivery import DeliveryRules
        from quarterdeck.operations.send import deliver_held

        later = DeliveryRules(source="messages")
        sessions = self._context.supervisor.fleet.sessions
        now = self._context.clock.monotonic()
        for session_id in waiting_for(held):
            session = sessions.get(session_id)
            if session is None or not _may_take(session) or now < self._due.get(session_id, 0.0):
                continue
            try:
                sent = await deliver_held(self._context, session, later)
            except QuarterdeckError as error:
                logger.info("what waits for %s goes on waiting: %s", session_id, error.message)
                sent = []
            if sent and sent[-1].held is None:
                self._failures.pop(session_id, None)
            else:
                failures = self._failures[session_id] = self._failures.get(session_id, 0) + 1
                self._due[session_id] = now + min(LONGEST_BACK_OFF_SECONDS, TRY_EVERY_SECONDS * 1.5**failures)


def waiting_for(held: Sequence[Held]) -> dict[SessionId, int]:
    """How many messages wait for each session."""
    return dict(Counter(each.session_id for each in held))


def _may_take(session: Session) -> bool:
    is_asked = session.needs in ASKING and not is_reported(session)
    return not session.is_stale and session.ended_at is None and not is_asked
