"""The one writer: it alone turns looks and readings into a new fleet, and tells everybody."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from quarterdeck.core.detached_row import DETACHED
from quarterdeck.core.events import (
    EndedShown,
    Event,
    Health,
    LookFailed,
    SessionChanged,
    SessionCreated,
    SessionForgotten,
    SessionStale,
    ThemeFound,
    WorkerHealth,
)
from quarterdeck.core.fleet import Fleet, apply
from quarterdeck.core.pane import Snapshot
from quarterdeck.core.projection import KnownFacts, project
from quarterdeck.core.session import SessionState
from quarterdeck.errors import TmuxError
from quarterdeck.supervisor.pane_agents import FoundAgents
from quarterdeck.supervisor.reconcile import Circumstances, Expected, make_good, reconcile
from quarterdeck.supervisor.row_writer import Followed, are_elsewhere, changes_elsewhere
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from quarterdeck.core.events import CreatedReason, SessionDeleted
    from quarterdeck.core.pane import Look, Pane, PaneId
    from quarterdeck.core.projection import Conclusion, Recorded
    from quarterdeck.core.session import Session, SessionId, ShownAgent
    from quarterdeck.core.thought import ThoughtSnapshot
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.mux import Mux
    from quarterdeck.ports.store import Store
    from quarterdeck.supervisor.pane_agents import PaneAgents
    from quarterdeck.supervisor.repo_themes import FoundTheme
    from quarterdeck.supervisor.untold_look import UntoldLook

logger = logging.getLogger(__name__)


class Supervisor:
    """Watches one tmux server. Everything else reads `fleet`, and subscribes to what happens."""

    def __init__(
        self,
        *,
        mux: Mux,
        store: Store,
        clock: Clock,
        is_writer: Callable[[], bool],
        pane_agents: PaneAgents | None = None,
        thought: Callable[[Session, Pane | None], ThoughtSnapshot | None] = lambda session, pane: None,
        recorded: Callable[[SessionId], Recorded | None] = lambda session_id: None,
    ) -> None:
        self.mux = mux
        self.store = store
        self.clock = clock
        self.is_writer = is_writer
        self._pane_agents = pane_agents
        """Finds the panes in which agents run; without it there is one row for each tmux session."""
        self.own_pane: PaneId | None = None
        """The pane of the console, which is no row beside others."""
        self._fleet = Fleet()
        self._thought = thought
        self._recorded = recorded
        self._themes: Mapping[str, str] = {}
        """The theme of each folder that was looked at, "" for none."""
        self._held: Mapping[SessionId, int] | None = None
        """How many messages wait; None while nobody has counted them."""
        self._projected: dict[SessionId, tuple[Session, KnownFacts]] = {}
        """Rows, and what was put in them: to do so once more would change nothing."""
        self._listeners: list[Callable[[Event], None]] = []
        self.snapshot: Snapshot | None = None
        self.discovery = asyncio.Lock()
        """Held while a session is made or taken, so that a look never adopts it a second time."""
        self._exit_statuses: dict[str, int] = {}
        self._expected: dict[PaneId, Expected] = {}
        self.kept: Mapping[SessionId, Session] = {}
        """The store's rows as last read, ended ones included."""
        self.kept_detached: Mapping[SessionId, Session] = {}
        """The same of agents that no pane shows."""
        self._followed: Followed = {}
        self._untold: UntoldLook | None = None
        self.panes: Mapping[SessionId, Pane] = {}
        """The pane of every live row, by the last look."""
        self._at_start = True
        self._has_taken_over = False

    @property
    def server(self) -> str:
        """The address of the tmux server, as sessions carry it."""
        return str(self.mux.address)

    @property
    def fleet(self) -> Fleet:
        """The fleet as it was told last."""
        return self._fleet

    @property
    def fleet_seen(self) -> Fleet:
        """The fleet with what the last look showed, also where that is not told yet."""
        return self._fleet if self._untold is None else self._untold.in_fleet(self._fleet)

    def _commit(self, *events: Event) -> None:
        """Fold events into the fleet and tell every listener of them, in order."""
        for event in events:
            self._fleet = apply(self._fleet, event)
            for listener in tuple(self._listeners):
                try:
                    listener(event)
                except Exception:  # a boundary: one listener's fault must not reach the others or the supervisor
                    logger.exception("a listener failed on %s", type(event).__name__)

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener`, which must not block, with every event from now on; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def show(self, rows: Mapping[SessionId, Session] | None = None) -> None:
        """Tell all that is known by now in one go: these rows as they were read, and what is new of the others."""
        rows, seen, now = rows or {}, self.fleet_seen.sessions, self.clock.now()
        events: list[Event] = []
        for key, before in self._fleet.sessions.items():
            # Something may have been said of a row since it was read.
            after = self.projected(rows.get(key) or seen[key])
            if after is not before:
                events.append(SessionChanged(before=before, after=after, at=now))
        if self._untold is not None:
            events.append(self._untold.succeeded)
            self._untold = None
        self._commit(*events)
        for gone in self._projected.keys() - self._fleet.sessions.keys():
            del self._projected[gone]

    def renew(self, session_id: SessionId) -> None:
        """Tell what is new of one session."""
        before = self._fleet.sessions.get(session_id)
        if before is not None and (after := self.projected(before)) is not before:
            self._commit(SessionChanged(before=before, after=after, at=self.clock.now()))

    def projected(self, session: Session, conclusion: Conclusion | None = None) -> Session:
        """The row with all that is known of it by now, and with what was just read of it."""
        facts = self._facts_of(session)
        before = self._projected.get(session.session_id)
        if conclusion is None and before is not None and before[0] is session and before[1] == facts:
            return session
        known = facts if conclusion is None else replace(facts, conclusion=conclusion)
        after = project(session, known, self.clock.now())
        self._projected[session.session_id] = after, facts
        return after

    def _facts_of(self, session: Session) -> KnownFacts:
        """What is known of a session beside what tmux and its agent show: thought, work, colours, waiting messages."""
        return KnownFacts(
            thought=self._thought(session, self.pane_of(session)),
            recorded=self._recorded(session.session_id),
            theme_id=self._themes.get(session.cwd),
            held_messages=None if self._held is None else self._held.get(session.session_id, 0),
        )

    def note_held(self, counts: Mapping[SessionId, int]) -> None:
        """So many messages wait for each session."""
        if counts != self._held:
            self._held = counts
            self.show()

    def note_themes(self, found: Mapping[str, FoundTheme | None]) -> None:
        """These folders have these themes."""
        self._themes = {folder: each.theme_id if each else "" for folder, each in found.items()}
        for theme_id, theme in {each.theme_id: each.theme for each in found.values() if each}.items():
            if self._fleet.themes.get(theme_id) != theme:
                self._commit(ThemeFound(theme_id=theme_id, theme=theme, at=self.clock.now()))
        self.show()

    def note_end(self, event: SessionDeleted | SessionForgotten) -> None:
        """An operation has ended a session, or forgotten it."""
        gone = event.session_id if isinstance(event, SessionForgotten) else event.session.session_id
        self.kept = {key: row for key, row in self.kept.items() if key != gone}
        self._commit(event)

    def note_detached(self, *events: SessionCreated | SessionChanged | SessionForgotten | SessionDeleted) -> None:
        """Agents that no pane shows came, changed or went."""
        self._commit(*events)

    def pane_of(self, session: Session) -> Pane | None:
        """The pane of a row, by the last look."""
        return None if session.is_stale else self.panes.get(session.session_id)

    async def load(self) -> None:
        """Read what was kept. Nothing is shown from it before a look has said what is there."""
        self.kept = {session.session_id: session for session in await self.store.sessions(self.server)}
        self.kept_detached = {session.session_id: session for session in await self.store.sessions(DETACHED)}

    def expect(self, pane_id: PaneId, reason: CreatedReason, started_with: ShownAgent | None = None) -> None:
        """Say how a row that is about to be seen came to be, and what was started in it."""
        self._expected[pane_id] = Expected(reason, started_with)

    def take_over(self) -> None:
        """The rows are ours to keep from now on: the next look writes what the last writer had seen and not written."""
        self._has_taken_over = True

    def note_exit(self, pane_id: PaneId, status: int | None) -> None:
        """A pane's process has ended; None: how is not known."""
        self._exit_statuses.pop(pane_id, None)
        if status is not None:
            self._exit_statuses[pane_id] = status

    async def look(self, moved: Collection[PaneId] | None = None, *, reads_next: bool = False) -> Look:
        """Look once and commit what it shows. Raises TmuxError, having told the fleet, when it could not be done.

        Who `reads_next` what the panes show calls `show` then: until that, new facts of known rows are not told.
        """
        async with self.discovery:
            return await self.look_locked(moved, reads_next=reads_next)

    async def look_locked(self, moved: Collection[PaneId] | None = None, *, reads_next: bool = False) -> Look:
        """Look while the caller holds `discovery`."""
        try:
            look = await self.mux.look(moved)
        except TmuxError as fault:
            failures = self._fleet.look_failures + 1
            self._commit(LookFailed(message=fault.message, failures=failures, at=self.clock.now()))
            raise
        is_writer = self.is_writer()
        agents = FoundAgents((), ())
        if isinstance(look, Snapshot) and self._pane_agents is not None and is_writer:
            agents = await self._pane_agents.look(look)
        had_failed = self._fleet.look_failures > 0
        around = Circumstances(
            look=look,
            now=self.clock.now(),
            store=self.store,
            server=self.server,
            is_writer=is_writer,
            kept=self.kept,
            expected=self._expected,
            exit_statuses=_statuses_in(look) | self._exit_statuses,
            agents=agents.panes,
            young=agents.young,
            conversation=self._conversation,
            own_pane=self.own_pane,
            at_start=self._at_start,
        )
        events, shown, panes = await reconcile(around, lambda: self._fleet.of_panes())
        if self._has_taken_over and not self._at_start:
            events += await make_good(around, self._fleet.of_panes())
        self._has_taken_over = self._at_start = False
        self.snapshot, self._untold, self.panes = look if isinstance(look, Snapshot) else None, shown, panes
        is_read = reads_next and around.is_writer and not events and not had_failed and not around.at_start
        if not (is_read and shown.may_wait(self._fleet)):
            self._tell_look(shown, events)
        if around.at_start:
            # The identities that wait for their session to come back.
            waiting = [row for key, row in self.kept.items() if row.is_stale and key not in self._fleet.sessions]
            self._commit(*(SessionStale(session=row, at=around.now) for row in waiting))
        # An end that this look did not show yet is told with the one that does.
        for spent in around.exit_statuses.keys() - self.living:
            self._exit_statuses.pop(spent, None)
        return look

    async def _conversation(self, pane_id: PaneId) -> str:
        return await self._pane_agents.conversation(pane_id) if self._pane_agents is not None else ""

    @property
    def living(self) -> set[PaneId]:
        """The panes whose program ran at the last look."""
        return {pane.pane_id for pane in self.snapshot.panes if not pane.dead} if self.snapshot else set()

    def _tell_look(self, look: UntoldLook, events: list[Event]) -> None:
        """Tell who came and went, and the plain facts of the others."""
        changed = [
            SessionChanged(before=before, after=after, at=look.succeeded.at)
            for key, after in look.in_rows_of(self._fleet).items()
            if after is not (before := self._fleet.sessions[key])
        ]
        self._untold = None
        self._commit(*events, *changed, look.succeeded)
        for event in events:
            if isinstance(event, SessionCreated) and event.session.pane_id is not None:
                self._expected.pop(event.session.pane_id, None)

    async def refresh(self) -> bool:
        """Carry over what other processes did to the store since we last read it; True when a look would show more."""
        async with self.discovery:
            await self.load()
            if not self._at_start:
                await self._give_back_lost()
                follow = None if self.is_writer() else self._follow
                now, fleet = self.clock.now(), self._fleet.of_panes()
                self._followed = {key: pair for key, pair in self._followed.items() if key in fleet.sessions}
                self._commit(*changes_elsewhere(fleet, self.kept, self._followed, follow=follow, now=now))
            return not self._at_start and are_elsewhere(self._fleet, self.kept)

    def _follow(self, ours: Session, kept: Session) -> Session:
        return project(ours, replace(self._facts_of(ours), followed=kept), self.clock.now())

    async def _give_back_lost(self) -> None:
        """Keep again what a database that was set aside or taken away has lost; what was forgotten stays so."""
        lost = [session for key, session in self._fleet.of_panes().sessions.items() if key not in self.kept]
        if not lost:
            return
        await self.store.checkpoint([session for session in lost if not session.is_stale])
        await self.store.stale([session for session in lost if session.is_stale])
        await self.load()

    @property
    def ended(self) -> dict[SessionId, Session]:
        """Every session that is over and still known, whoever saw it end."""
        kept = {
            key: row for key, row in {**self.kept, **self.kept_detached}.items() if row.state is SessionState.EXITED
        }
        return {key: row for key, row in {**kept, **self._fleet.exited}.items() if key not in self._fleet.sessions}

    def keep_in_view(self, ended: Mapping[SessionId, Session]) -> None:
        """Show these ended rows although they ended before, and take the place of what was shown of them."""
        live = self._fleet.sessions
        exited = {key: row for key, row in {**self._fleet.exited, **ended}.items() if key not in live}
        if exited != self._fleet.exited:
            self._commit(EndedShown(sessions=exited, at=self.clock.now()))

    def said_of(self, worker: str) -> str | None:
        """The last that was reported of a worker."""
        said = self._fleet.workers.get(worker)
        return None if said is None else said[1]

    def report(self, worker: str, health: Health, detail: str = "") -> None:
        """Show how a worker is doing; said only when it changed."""
        if self._fleet.workers.get(worker) != (health, detail):
            self._commit(WorkerHealth(worker=worker, health=health, detail=detail, at=self.clock.now()))


def _statuses_in(look: Look) -> dict[str, int]:
    """How programs have ended whose panes stay."""
    panes = look.panes if isinstance(look, Snapshot) else ()
    return {pane.pane_id: pane.dead_status for pane in panes if pane.dead and pane.dead_status is not None}
