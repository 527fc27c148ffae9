"""Puts the work record on the rows of spawned sessions, and keeps those that ended where they can be restored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from quarterdeck.core.events import Event, SessionChanged
from quarterdeck.core.session import SessionState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.session import Session
    from quarterdeck.core.work import Work
    from quarterdeck.ports.work import WorkStore


class WorkRows:
    """The work records as last read."""

    def __init__(self, works: WorkStore) -> None:
        self._works = works
        self._held: Mapping[SessionId, Work] = {}

    async def load(self) -> None:
        """Read them anew."""
        self._held = {record.session_id: record.as_work() for record in await self._works.works()}

    def dressed(self, session: Session) -> Session:
        """The row with its record."""
        work = self._held.get(session.session_id)
        return session if work == session.work else replace(session, work=work)

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
