"""Keeps what is known: soon after a change, and every 30 seconds all of it. Never asks tmux anything."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quarterdeck.core.events import Event, SessionChanged, SessionCreated, SessionDeleted

if TYPE_CHECKING:
    from quarterdeck.core.ids import SessionId
    from quarterdeck.supervisor.supervisor import Supervisor

INTERVAL = 30.0
SOON = 0.25
"""Changes within this time are one transaction; other processes see them well within a second."""


class Checkpoints:
    """Writes the live rows of the fleet, and the tails that belong to them."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._changed: set[SessionId] = set()
        self._tails: dict[SessionId, str] = {}
        self._wake = asyncio.Event()
        self.written = 0
        supervisor.bus.subscribe(self._note)

    def tail(self, session_id: SessionId, text: str) -> None:
        """Keep a session's last lines with the next checkpoint."""
        self._tails[session_id] = text
        self._wake.set()

    def _note(self, event: Event) -> None:
        match event:
            case SessionCreated(session=session) | SessionChanged(after=session):
                self._changed.add(session.session_id)
            case SessionDeleted(session=session):
                self._changed.discard(session.session_id)
            case _:
                return
        self._wake.set()

    async def run(self) -> None:
        """Save until cancelled."""
        while True:
            try:
                async with asyncio.timeout(INTERVAL):
                    await self._wake.wait()
                await asyncio.sleep(SOON)
            except TimeoutError:
                self._changed |= self._supervisor.fleet.sessions.keys()
            self._wake.clear()
            await self.save()

    async def save(self) -> None:
        """Write what changed since the last time. Only the keeper does; a follower's changes are the keeper's own."""
        supervisor = self._supervisor
        if not supervisor.is_keeper() or not supervisor.fleet.is_certain:
            # What an unreliable look left behind is not written; it waits for a reliable one.
            return
        changed, self._changed = self._changed, set()
        tails, self._tails = self._tails, {}
        sessions = supervisor.fleet.sessions
        rows = [sessions[key] for key in changed if key in sessions and not sessions[key].is_stale]
        try:
            if rows:
                await supervisor.store.checkpoint(rows)
                self.written += 1
            if tails:
                await supervisor.store.save_tails(tails)
        except BaseException:
            self._changed |= changed
            self._tails = tails | self._tails
            raise
