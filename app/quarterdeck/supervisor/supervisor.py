"""The one writer: it alone turns looks and readings into a new fleet, and tells the bus."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from quarterdeck.core.apply_events import apply
from quarterdeck.core.events import (
    CreatedReason,
    Event,
    Health,
    LookFailed,
    LookSucceeded,
    SessionCreated,
    SessionStale,
    WorkerHealth,
)
from quarterdeck.core.fleet import Fleet
from quarterdeck.core.pane import NoServer, Snapshot
from quarterdeck.core.session import SessionState
from quarterdeck.errors import TmuxError
from quarterdeck.supervisor.bus import Bus
from quarterdeck.supervisor.reconcile import Circumstances, make_good, reconcile
from quarterdeck.supervisor.row_writer import Followed, changes_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from quarterdeck.core.ids import PaneId, SessionId, TmuxSessionId
    from quarterdeck.core.pane import Look
    from quarterdeck.core.session import Session
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.mux import Mux
    from quarterdeck.ports.store import Store

logger = logging.getLogger(__name__)


class Supervisor:
    """Watches one tmux server. Everything else reads `fleet` and listens to `bus`."""

    def __init__(self, *, mux: Mux, store: Store, clock: Clock, is_writer: Callable[[], bool]) -> None:
        self.mux = mux
        self.store = store
        self.clock = clock
        self.is_writer = is_writer
        self.fleet = Fleet()
        self.bus = Bus()
        self.snapshot: Snapshot | None = None
        self.discovery = asyncio.Lock()
        """Held while a session is made or taken, so that a look never adopts it a second time."""
        self._exit_statuses: dict[str, int] = {}
        self._reasons: dict[TmuxSessionId, tuple[CreatedReason, Callable[[Session], Session]]] = {}
        self._kept: dict[SessionId, Session] = {}
        self._followed: Followed = {}
        self._at_start = True
        self._has_taken_over = False
        self._failures = 0

    @property
    def server(self) -> str:
        """The address of the tmux server, as sessions carry it."""
        return str(self.mux.address)

    def commit(self, *events: Event) -> None:
        """Fold events into the fleet and publish them, in order."""
        for event in events:
            self.fleet = apply(self.fleet, event)
            self.bus.publish(event)

    async def load(self) -> None:
        """Read what was kept. Nothing is shown from it before a look has said what is there."""
        self._kept = {session.session_id: session for session in await self.store.sessions(self.server)}

    def expect(
        self, tmux_id: TmuxSessionId, reason: CreatedReason, dress: Callable[[Session], Session] = lambda s: s
    ) -> None:
        """Say how a session that is about to be seen came to be, and what we know of it beside what tmux tells."""
        self._reasons[tmux_id] = (reason, dress)

    def take_over(self) -> None:
        """The rows are ours to keep from now on: the next look makes good what who kept them before had no time for."""
        self._has_taken_over = True

    def note_exit(self, pane_id: PaneId, status: int | None) -> None:
        """A pane's process has ended; None: how is not known."""
        self._exit_statuses.pop(pane_id, None)
        if status is not None:
            self._exit_statuses[pane_id] = status

    async def look(self, moved: Collection[PaneId] | None = None) -> Look:
        """Look once and commit what it shows. Raises TmuxError, having told the fleet, when it could not be done."""
        async with self.discovery:
            return await self.look_locked(moved)

    async def look_locked(self, moved: Collection[PaneId] | None = None) -> Look:
        """Look while the caller holds `discovery`."""
        try:
            look = await self.mux.look(moved)
        except TmuxError as fault:
            self._failures += 1
            self.commit(LookFailed(message=fault.message, failures=self._failures, at=self.clock.now()))
            raise
        self._failures = 0
        now = self.clock.now()
        around = Circumstances(
            store=self.store, server=self.server, is_writer=self.is_writer(), at_start=self._at_start, now=now
        )
        statuses = dict(self._exit_statuses)
        events = await reconcile(around, lambda: self.fleet, self._kept, look, statuses)
        if self._has_taken_over and not self._at_start:
            events += await make_good(around, self.fleet, self._kept, look, statuses)
        self._has_taken_over = False
        first = self._at_start
        self._at_start = False
        self.snapshot = look if isinstance(look, Snapshot) else None
        incarnation = "" if isinstance(look, NoServer) else str(look.incarnation)
        self.fleet = replace(self.fleet, incarnation=incarnation)
        self.commit(*map(self._dressed, events), LookSucceeded(at=now))
        if first:
            self._show_kept()
        # An end that this look did not show yet is told with the one that does.
        living = {pane.pane_id for pane in self.snapshot.panes if not pane.dead} if self.snapshot else set()
        for spent in statuses.keys() - living:
            self._exit_statuses.pop(spent, None)
        return look

    async def refresh(self) -> None:
        """Carry over what other processes did to the store since we last read it."""
        async with self.discovery:
            await self.load()
            if not self._at_start:
                await self._give_back_lost()
                follow = not self.is_writer()
                now = self.clock.now()
                self._followed = {key: pair for key, pair in self._followed.items() if key in self.fleet.sessions}
                self.commit(*changes_elsewhere(self.fleet, self._kept, self._followed, follow=follow, now=now))

    async def _give_back_lost(self) -> None:
        """Keep again what a database that was set aside or taken away has lost; what was forgotten stays so."""
        lost = [session for key, session in self.fleet.sessions.items() if key not in self._kept]
        if not lost:
            return
        await self.store.checkpoint([session for session in lost if not session.is_stale])
        await self.store.stale([session for session in lost if session.is_stale])
        await self.load()

    @property
    def ended(self) -> dict[SessionId, Session]:
        """Every session that is over and still known, whoever saw it end."""
        kept = {key: row for key, row in self._kept.items() if row.state is SessionState.EXITED}
        return {key: row for key, row in {**kept, **self.fleet.exited}.items() if key not in self.fleet.sessions}

    def keep_in_view(self, ended: Mapping[SessionId, Session]) -> None:
        """Show these ended rows although they ended before, and take the place of what was shown of them."""
        live = self.fleet.sessions
        exited = {key: row for key, row in {**self.fleet.exited, **ended}.items() if key not in live}
        if exited != self.fleet.exited:
            self.fleet = replace(self.fleet, exited=exited)

    @property
    def kept(self) -> Mapping[SessionId, Session]:
        """The store's rows as last read, ended ones included."""
        return self._kept

    def _dressed(self, event: Event) -> Event:
        if isinstance(event, SessionCreated) and event.session.tmux_id in self._reasons:
            reason, dress = self._reasons.pop(event.session.tmux_id)
            return replace(event, reason=reason, session=dress(event.session))
        return event

    def _show_kept(self) -> None:
        """Show the identities that wait for their session to come back."""
        for session in self._kept.values():
            if session.is_stale and session.session_id not in self.fleet.sessions:
                self.commit(SessionStale(session=session, at=self.clock.now()))

    def report(self, worker: str, health: Health, detail: str = "") -> None:
        """Show how a worker is doing; said only when it changed."""
        if self.fleet.workers.get(worker) != (health, detail):
            self.commit(WorkerHealth(worker=worker, health=health, detail=detail, at=self.clock.now()))
