"""Keeps what is known: soon after a change, and every 30 seconds all of it. Never asks tmux anything.

What is wrong with tmux or a worker is kept, too, so that commands can say it: they see only what is kept.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quarterdeck.core import events

if TYPE_CHECKING:
    from quarterdeck.core.session import SessionId
    from quarterdeck.supervisor.supervisor import Supervisor

CHECKPOINT_EVERY_SECONDS = 30.0
NEVER = float("-inf")
CHANGES_TOGETHER_SECONDS = 0.25
"""Changes within this time are one transaction; other processes see them well within a second."""
TAILS_EVERY = 2.0
"""Seconds until the last lines of a session that goes on are kept again: each time costs a look for secrets."""


class Checkpoints:
    """Writes the live rows of the fleet, the tails that belong to them, and what is wrong with tmux or a worker."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._changed: set[SessionId] = set()
        self._tails: dict[SessionId, str] = {}
        self._tail_kept_at: dict[SessionId, float] = {}
        self._troubles: dict[str, str] = {}
        self._kept_troubles: dict[str, str] | None = None
        """As they were written last; None before that, for another process may have left something."""
        self._wake = asyncio.Event()
        # What another process has left as wrong goes even while nothing happens here.
        self._wake.set()
        self.written = 0
        supervisor.subscribe(self._note)

    def tail(self, session_id: SessionId, text: str) -> None:
        """Keep a session's last lines with the next checkpoint."""
        self._tails[session_id] = text
        self._wake.set()

    def _note(self, event: events.Event) -> None:
        match event:
            case events.SessionCreated(session=session) | events.SessionChanged(after=session):
                self._changed.add(session.session_id)
            case events.SessionDeleted(session=session):
                self._changed.discard(session.session_id)
            case events.LookFailed() | events.LookSucceeded() | events.WorkerHealth() if (
                found := self._troubles_now()
            ) != self._troubles:
                self._troubles = found
            case _:
                return
        self._wake.set()

    def _troubles_now(self) -> dict[str, str]:
        fleet = self._supervisor.fleet
        found = {
            worker: detail or health.value
            for worker, (health, detail) in fleet.workers.items()
            if health in {events.Health.DEGRADED, events.Health.UNHEALTHY}
        }
        return found | {"tmux": fleet.look_error} if fleet.look_failures else found

    def take_over(self) -> None:
        """The rows are ours to keep now: what the one before us found wrong is not what we find."""
        self._kept_troubles = None
        self._wake.set()

    async def end(self) -> None:
        """Write the rest. Nobody watches from now on, so nothing is wrong with who does."""
        self._troubles = {}
        await self.save()

    async def run(self) -> None:
        """Save until cancelled."""
        while True:
            try:
                async with asyncio.timeout(TAILS_EVERY if self._tails else CHECKPOINT_EVERY_SECONDS):
                    await self._wake.wait()
                await asyncio.sleep(CHANGES_TOGETHER_SECONDS)
            except TimeoutError:
                if not self._tails:
                    self._changed |= self._supervisor.fleet.sessions.keys()
            self._wake.clear()
            await self.save(all_tails=False)

    async def save(self, *, all_tails: bool = True) -> None:
        """Write what changed since the last time. Only the writer of the rows does; a follower got its changes there.

        Without `all_tails` the last lines of sessions that go on may wait.
        """
        supervisor = self._supervisor
        if not supervisor.is_writer():
            return
        troubles = self._troubles
        if troubles != self._kept_troubles:
            # Whoever stops us while it is written does not know which of the two is kept.
            self._kept_troubles = None
            await supervisor.store.keep_troubles(supervisor.server, troubles)
            self._kept_troubles = troubles
        if not supervisor.fleet.is_certain:
            # What an unreliable look left behind is not written; it waits for a reliable one.
            return
        changed, self._changed = self._changed, set()
        sessions, now = supervisor.fleet.sessions, supervisor.clock.monotonic()
        waiting = {
            key for key in self._tails if key in sessions and now - self._tail_kept_at.get(key, NEVER) < TAILS_EVERY
        }
        tails = {key: text for key, text in self._tails.items() if all_tails or key not in waiting}
        self._tails = {key: text for key, text in self._tails.items() if key not in tails}
        rows = [sessions[key] for key in changed if key in sessions and not sessions[key].is_stale]
        try:
            if rows:
                await supervisor.store.checkpoint(rows)
                self.written += 1
            if tails:
                await supervisor.store.save_tails(tails)
                kept_at = {**self._tail_kept_at, **dict.fromkeys(tails, now)}
                self._tail_kept_at = {key: at for key, at in kept_at.items() if key in sessions}
        except BaseException:
            self._changed |= changed
            self._tails = tails | self._tails
            raise
