"""The work records as rows carry them, what agents ask in them, and ended rows that stay in view to be restored."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from quarterdeck.core.projection import KnownFacts, Recorded, project
from quarterdeck.core.redact import masked_ask, masked_work
from quarterdeck.core.session import Confidence, SessionState
from quarterdeck.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from quarterdeck.core.reading import Reading
    from quarterdeck.core.session import Ask, Session, SessionId
    from quarterdeck.ports.store import Store, WorkStore

NO_RECORD = Recorded(work=None, ask=None)


class SpawnedRows:
    """The work records as last read."""

    def __init__(self, store: Store, works: Callable[[], WorkStore]) -> None:
        self._store = store
        self._works = works
        """Asked for when there are records, which most who only look have none of."""
        self._recorded: Mapping[SessionId, Recorded] = {}
        self.asks: Mapping[SessionId, Ask] = {}
        """Questions that agents reported and nobody has answered yet."""
        self._rested: dict[SessionId, datetime] = {}
        """Those whose agents have come to rest since they asked, by the time they were asked."""

    async def load(self) -> None:
        """Read them anew."""
        before = self._recorded
        records = await self._works().works() if await self._store.has_work() else ()
        found: dict[SessionId, Recorded] = {}
        for each in records:
            # Masked as rows are kept, or they would be other ones each time they are read.
            ask = masked_ask(each.question) if each.question is not None else None
            found[each.session_id] = Recorded(work=masked_work(each.as_work()), ask=ask)
        # The very same while they are equal: by that one tells soonest that a row has nothing new.
        self._recorded = {key: before[key] if before.get(key) == each else each for key, each in found.items()}
        self.asks = {key: each.ask for key, each in self._recorded.items() if each.ask is not None}

    async def answered(self, session_id: SessionId, now: datetime) -> None:
        """Close the question of a session."""
        from quarterdeck.core.work_record import without_question

        with suppress(NotFound):
            await self._works().change_work(session_id, lambda held: without_question(held, now))
        await self.load()

    def questions_over(self, reading_of: Callable[[SessionId], Reading | None]) -> list[SessionId]:
        """The sessions whose question is answered: their agents have rested since they asked, and work again.

        The turn in which it was asked goes on for a while, and proves nothing.
        """
        self._rested = {session_id: since for session_id, since in self._rested.items() if session_id in self.asks}
        over: list[SessionId] = []
        for session_id, ask in self.asks.items():
            reading = reading_of(session_id)
            if reading is None or reading.confidence is Confidence.LOW:
                continue
            if reading.state is SessionState.IDLE and reading.at >= ask.since:
                self._rested[session_id] = ask.since
            if reading.state is SessionState.BUSY and self._rested.get(session_id) == ask.since:
                over.append(session_id)
        return over

    def of(self, session_id: SessionId) -> Recorded:
        """What is recorded of a session, and what its agent asks in it."""
        return self._recorded.get(session_id, NO_RECORD)

    def ended(self, kept: Mapping[SessionId, Session], now: datetime) -> dict[SessionId, Session]:
        """Spawned sessions that have ended: they stay in view, since they can be brought back."""
        return {
            key: project(session, KnownFacts(recorded=self._recorded[key]), now)
            for key, session in kept.items()
            if key in self._recorded and session.state is SessionState.EXITED and not session.is_stale
        }
