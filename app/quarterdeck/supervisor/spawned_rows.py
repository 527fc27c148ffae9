"""Puts the work record, and what its agent asks in it, on rows, and keeps ended ones where they can be restored."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from quarterdeck.core.events import Event, SessionChanged
from quarterdeck.core.masked import masked_ask, masked_work
from quarterdeck.core.session import SessionState
from quarterdeck.core.work_record import without_question
from quarterdeck.errors import NotFound
from quarterdeck.supervisor.reported_questions import with_question

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.session import Ask, Session
    from quarterdeck.core.work import Work
    from quarterdeck.ports.work import WorkStore


class SpawnedRows:
    """The work records as last read."""

    def __init__(self, works: WorkStore) -> None:
        self._works = works
        self._held: Mapping[SessionId, Work] = {}
        self.asks: Mapping[SessionId, Ask] = {}
        """Questions that agents reported and nobody has answered yet."""

    async def load(self) -> None:
        """Read them anew."""
        records = await self._works.works()
        # As rows are kept, or they would be other ones each time they are read.
        self._held = {record.session_id: masked_work(record.as_work()) for record in records}
        self.asks = {record.session_id: masked_ask(ask) for record in records if (ask := record.question) is not None}

    async def answered(self, session_id: SessionId, now: datetime) -> None:
        """Close the question of a session."""
        with suppress(NotFound):
            await self._works.change_work(session_id, lambda held: without_question(held, now))
        await self.load()

    def dressed(self, session: Session) -> Session:
        """The row with its record, and with the question of its agent."""
        work = self._held.get(session.session_id)
        after = session if work == session.work else replace(session, work=work)
        asking = with_question(after, self.asks.get(session.session_id))
        return after if asking == after else asking

    def changes(self, fleet: Fleet, now: datetime) -> list[Event]:
        """Events for live rows whose record is another one by now."""
        return [
            SessionChanged(before=session, after=after, at=now)
            for session in fleet.sessions.values()
            if (after := self.dressed(session)) is not session
        ]

    def ended(self, kept: Mapping[SessionId, Session]) -> dict[SessionId, Session]:
        """Spawned sessions that have ended: they stay in view, since they can be brought back."""
        return {
            key: self.dressed(session)
            for key, session in kept.items()
            if key in self._held and session.state is SessionState.EXITED and not session.is_stale
        }
