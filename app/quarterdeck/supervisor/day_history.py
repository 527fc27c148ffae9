"""Remembers what each session did lately: how much in each of the last minutes, and what over the last day.

The day is kept for the next console.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quarterdeck.core.day import DAY_SHOWN, DayState, Moment, day_state_of, noted, read, written
from quarterdeck.core.events import Event, SessionChanged, SessionCreated, SessionDeleted, SessionStale
from quarterdeck.core.source_counts import SourceCounts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.store import Store

WRITE_EVERY_SECONDS = 300.0
"""Seconds between two writings. A crash leaves a gap of this length at most, and a gap is shown as one."""
MINUTES = 30
UNTIL, SESSIONS_NOTED = "until", "sessions"


class DayHistory:
    """Everybody notes; only the writer of the rows writes it down."""

    def __init__(self, *, store: Store, clock: Clock, server: str, is_writer: Callable[[], bool]) -> None:
        self._store = store
        self._clock = clock
        self._key = f"day {server}"
        self._is_writer = is_writer
        self._moments: dict[SessionId, tuple[Moment, ...]] = {}
        self._is_loaded = False
        self._sources = SourceCounts()
        self._sources_key = f"sources {server}"
        self._counts: dict[SessionId, deque[tuple[int, int]]] = {}
        """How often a session moved, by minute; only minutes in which it did."""

    def note(self, event: Event) -> None:
        """Take in what a session does from now on."""
        match event:
            case SessionCreated(session=session):
                self._note(session, day_state_of(session))
            case SessionChanged(before=before, after=session):
                self._note(session, day_state_of(session))
                if (session.state, session.needs) != (before.state, before.needs):
                    self._sources.add(session, self._clock.now())
                if session.last_activity_at > before.last_activity_at or session.title != before.title:
                    self._count(session.session_id)
            case SessionStale(session=session):
                self._note(session, DayState.UNKNOWN)
            case SessionDeleted(session=session):
                self._note(session, DayState.UNKNOWN)
                self._counts.pop(session.session_id, None)
            case _:
                return

    def _note(self, session: Session, state: DayState) -> None:
        known = self._moments.get(session.session_id, ())
        if not known or known[-1].state is not state:
            self._moments[session.session_id] = noted(known, self._clock.now(), state)

    def _count(self, session_id: SessionId) -> None:
        now = self._minute()
        counts = self._counts.setdefault(session_id, deque(maxlen=MINUTES))
        before = counts.pop()[1] if counts and counts[-1][0] == now else 0
        counts.append((now, before + 1))

    def _minute(self) -> int:
        return int(self._clock.monotonic() // 60)

    def minutes(self, session_id: SessionId) -> Sequence[int]:
        """How much a session moved in each of the last minutes, oldest first."""
        counts, now = dict(self._counts.get(session_id, ())), self._minute()
        return [counts.get(minute, 0) for minute in range(now - MINUTES + 1, now + 1)]

    def day(self, session_id: SessionId) -> Sequence[Moment]:
        """When a session began to do what, oldest first."""
        return self._moments.get(session_id, ())

    async def run(self) -> None:
        """Read what was kept, and write it down now and then."""
        await self.load()
        while True:
            await asyncio.sleep(WRITE_EVERY_SECONDS)
            await self.save()

    async def load(self) -> None:
        """Put what was kept before what was noted since; between the two nobody watched."""
        text = await self._store.get_meta(self._key)
        if self._is_loaded:
            return
        self._is_loaded = True
        with suppress(ValueError):
            self._sources.take(json.loads(await self._store.get_meta(self._sources_key) or "{}"))
        try:
            kept = json.loads(text or "{}")
            until = datetime.fromtimestamp(float(kept[UNTIL]), UTC)
            days = {session_id: read(text) for session_id, text in kept[SESSIONS_NOTED].items()}
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError):
            # Nothing was kept, or not by us; the day begins now.
            return
        for session_id, before in days.items():
            since = self._moments.get(session_id, ())
            day = noted(before, until, DayState.UNKNOWN)
            for moment in since:
                day = noted(day, moment.at, moment.state)
            self._moments[session_id] = day

    async def save(self) -> None:
        """Write it down; what ended more than a day ago goes."""
        if not (self._is_loaded and self._is_writer()):
            # What was not read must not be written over.
            return
        now = self._clock.now()
        self._moments = {
            session_id: day
            for session_id, day in self._moments.items()
            if not (day[-1].state is DayState.UNKNOWN and now - day[-1].at > DAY_SHOWN)
        }
        days = {session_id: written(day) for session_id, day in self._moments.items()}
        await self._store.set_meta(self._key, json.dumps({UNTIL: now.timestamp(), SESSIONS_NOTED: days}))
        await self._store.set_meta(self._sources_key, json.dumps(self._sources.written(now)))
