"""The console's outside, made of the workers and the operations."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.events import SessionDeleted
from quarterdeck.core.fleet import as_seen
from quarterdeck.errors import QuarterdeckError, Refused
from quarterdeck.operations import answer as answering
from quarterdeck.operations import kill as ending
from quarterdeck.operations import start_choices
from quarterdeck.operations.folder_diff import folder_diff
from quarterdeck.operations.preview import preview
from quarterdeck.process import on_terminal
from quarterdeck.programs import tmux_trouble
from quarterdeck.runtime import crewing, messaging
from quarterdeck.runtime.bridge import settings_desk_of
from quarterdeck.runtime.capable import WORKS
from quarterdeck.runtime.ending import end_each
from quarterdeck.runtime.making import back_again, new_in_each
from quarterdeck.runtime.pulse import ActivityCounts
from quarterdeck.runtime.showing import ENDED_SHOWN, Guests, Same, absent, still_shown
from quarterdeck.runtime.underway import Undertakings
from quarterdeck.supervisor.notice_channels import Told, in_console
from quarterdeck.supervisor.settings_followers import say_what_waits
from quarterdeck.tmux import navigation as ways
from quarterdeck.tmux.lent_terminal import lending, lending_argv
from quarterdeck.tui.requests import (
    Attach,
    Delivery,
    GoResult,
    Loss,
    NewRequest,
    SpawnRequest,
    Switched,
    TypeThis,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from quarterdeck.core.day import Moment
    from quarterdeck.core.events import Event
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.session import Ask, Session
    from quarterdeck.core.thought import ThoughtSnapshot
    from quarterdeck.operations.settings_desk import Setting
    from quarterdeck.operations.start_choices import Directory, Tools
    from quarterdeck.ports.store import Activity, ActivityQuery
    from quarterdeck.ports.store_health import StoreHealth
    from quarterdeck.runtime.bridge import Services
    from quarterdeck.runtime.memory import ConsoleMemory
    from quarterdeck.tui.backend import Capability, Preferences
    from quarterdeck.tui.mailbox import Mailbox
    from quarterdeck.tui.work import Clearable, Cleared, Issues, UnderWay

logger = logging.getLogger(__name__)


class LiveBackend:
    """Implements tui.backend.Backend, all but its set-up, over one tmux server."""

    def __init__(self, services: Services, memory: ConsoleMemory, client: str | None = None) -> None:
        self._services = services
        self._workers = services.workers
        self._context = services.context
        self._memory = memory
        self._client = client
        self._activity_counts = ActivityCounts(services.context.clock)
        self._where = ways.placement(services.mux.address, os.environ)
        self.server = Path(services.mux.address.socket).name
        self.themes_folder = services.context.places.themes
        self._whole: Fleet | None = None
        self._shown = self._workers.supervisor.fleet
        self._guests = Guests(self._where.pane_id)
        self._ended = Same()
        self._workers.supervisor.bus.subscribe(self._activity_counts.note)
        self._desk = settings_desk_of(services)
        self._under = Undertakings(services.context.clock)
        self._under.listeners.append(self._look_anew)
        self._spawned = 0
        self._listener: Callable[[Told], None] = lambda told: None
        say_what_waits(services.live, lambda said: self._listener(Told("Settings", said)))

    # What is there

    def _look_anew(self) -> None:
        self._whole = None

    def fleet(self) -> Fleet:
        """The fleet as it is now."""
        fleet = self._workers.supervisor.fleet
        if fleet is not self._whole:
            self._whole = fleet
            exited = self._ended(still_shown(fleet.exited, self._context.clock.now()))
            shown = self._guests(as_seen(fleet), self._workers.supervisor.snapshot)
            self._memory.stands_in(self._guests.own, ends_with_us=self._guests.ends_with_us)
            self._shown = self._under.shown_in(replace(shown, exited=exited))
        return self._shown

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change."""
        loop = asyncio.get_running_loop()

        def changed(event: Event) -> None:
            callback()
            if isinstance(event, SessionDeleted):
                loop.call_later(ENDED_SHOWN.total_seconds() + 0.1, fade)

        def fade() -> None:
            self._look_anew()
            callback()

        def unsubscribe() -> None:
            self._under.listeners.remove(callback)
            off_the_bus()

        self._under.listeners.append(callback)
        off_the_bus = self._workers.supervisor.bus.subscribe(changed)
        return unsubscribe

    def on_notice(self, listener: Callable[[Told], None]) -> None:
        """Tell the console what it is to show, or that it is to ring."""
        in_console(self._services.notifying.channels, listener)
        self._listener = listener

    async def run(self) -> None:
        """Supervise until cancelled, with a note at the server of where the console is."""
        own = self._where.pane_id
        if own is not None:
            await self._noted(ways.remember_console(self._services.mux, own))
        # Beside the watch: taking a large worktree back must not keep the table waiting.
        righting = asyncio.create_task(crewing.put_right(self._services, self._listener))
        try:
            await self._workers.run()
        finally:
            righting.cancel()
            await asyncio.wait([righting])
            if own is not None:
                await self._noted(ways.forget_console(self._services.mux, own))

    async def _noted(self, noting: Awaitable[None]) -> None:
        try:
            await noting
        except QuarterdeckError:
            logger.warning("tmux could not be told where the console is, or that it is gone", exc_info=True)

    def trouble(self) -> QuarterdeckError | None:
        """Why nothing can be shown."""
        return tmux_trouble()

    def store_health(self) -> StoreHealth:
        """How the store is doing."""
        return self._context.store.health()

    def capabilities(self) -> frozenset[Capability]:
        """What works now."""
        return WORKS

    def activity_of(self, session_id: SessionId) -> Sequence[int]:
        """How much a session moved in each of the last minutes."""
        return self._activity_counts.minutes(session_id)

    def day_of(self, session_id: SessionId) -> Sequence[Moment]:
        """When a session began to do what over the last day."""
        return self._workers.day_history.day(session_id)

    # About one session

    def under_way(self, session_id: SessionId) -> UnderWay | None:
        """The long operation of this console on a session."""
        return self._under.of(session_id)

    def _session(self, session_id: SessionId) -> Session:
        self._under.refuse_if_busy(session_id)
        fleet = self.fleet()
        found = fleet.sessions.get(session_id) or fleet.exited.get(session_id)
        if found is None:
            raise absent(fleet)
        return found

    async def preview(self, session_id: SessionId, lines: int) -> str:
        """The session's last lines in their own colours, or what an operation on it has said so far."""
        if held := self._under.find(session_id):
            return "\n".join(held.lines[-lines:])
        return await preview(self._context, self._session(session_id), lines=lines)

    async def thought_history(self, session_id: SessionId, limit: int) -> list[ThoughtSnapshot]:
        """Its latest thoughts."""
        return await self._context.store.thought_history(session_id, limit)

    async def losses(self, ids: Sequence[SessionId]) -> list[Loss]:
        """What ending these sessions would lose."""
        found = []
        for each in ids:
            session = self._session(each)
            work = await crewing.losses(self._services, session) if session.work else ()
            found.append(Loss(session_id=each, sentences=(*ending.losses(session), *work)))
        return found

    async def diff(self, session_id: SessionId) -> str:
        """What changed in its folder."""
        return "" if self._under.find(session_id) else await folder_diff(self._session(session_id).cwd)

    # Doing

    async def look_now(self) -> None:
        """Look at tmux at once."""
        self._workers.watcher.look_now()

    async def go(self, session_id: SessionId) -> GoResult:
        """Take the operator to the session's pane."""
        session = self._session(session_id)
        pane_id = session.pane_id
        if pane_id is None or session.is_stale or session.ended_at is not None:
            raise Refused(f'"{session.tmux_name}" has no pane to go to.')
        address = self._services.mux.address
        if self._where.place is ways.Place.OUTSIDE:
            return Attach(tuple(lending_argv(address, pane_id)))
        if self._where.place is ways.Place.OTHER_SERVER:
            return TypeThis(ways.crossing_command(address, pane_id), "That session is on another tmux server.")
        await ways.go(self._services.mux, self._where, pane_id, client=self._client)
        return Switched(closes=self._where.place is ways.Place.POPUP)

    async def attach(self, going: Attach) -> None:
        """Run the attach and wait for its end."""
        async with lending(self._services.mux.address):
            await on_terminal(going.argv, ways.attach_environment())

    async def new(self, request: NewRequest) -> list[SessionId]:
        """Make sessions, one in each directory; one that fails does not stop the others."""
        return await new_in_each(self._context, self._memory, request)

    async def kill(self, ids: Sequence[SessionId], *, detach: bool) -> Sequence[str]:
        """End sessions, or forget them; one that fails does not stop the others."""
        return await end_each(
            self._services, self._under, self._session, ids, detach=detach, own_pane=self._where.pane_id
        )

    async def send(self, ids: Sequence[SessionId], text: str) -> list[Delivery]:
        """Deliver a message to each."""
        sessions = [self._session(each) for each in ids]
        return await messaging.send(self._context, sessions, text, self._where.pane_id)

    async def mailbox(self) -> Mailbox:
        """The messages that wait."""
        return messaging.ContextMailbox(self._context, self._where.pane_id)

    async def question(self, session_id: SessionId) -> Ask:
        """What it asks at this moment, as its screen shows it."""
        return await answering.asked_now(self._context, self._session(session_id))

    async def answer(self, session_id: SessionId, ask: Ask, choice: str) -> None:
        """Answer the question as it was shown."""
        await answering.answer(
            self._context, self._session(session_id), choice, shown=ask, own_pane=self._where.pane_id
        )

    async def restore(self, session_id: SessionId) -> Sequence[str]:
        """Bring a dead agent session back."""
        return await self._under.run(
            session_id, "restoring", lambda held: crewing.back_with(self._services, session_id, held)
        )

    async def adopt(self, session_id: SessionId) -> None:
        """Bring back a session that nobody spawned."""
        await back_again(self._context, self._session(session_id))

    async def dismiss(self, ids: Sequence[SessionId]) -> None:
        """Let go of ended and stale rows."""
        for session_id in ids:
            await ending.forget(self._context, self._session(session_id))

    async def spawn(self, request: SpawnRequest, begun: Callable[[SessionId], None]) -> SessionId:
        """Start a worker."""
        self._spawned += 1
        row = crewing.placeholder(self._services, request, self._spawned)
        return await self._under.run(
            row.session_id, "spawning", lambda held: crewing.spawn_worker(self._services, request, held, begun), row
        )

    async def stop(self, session_id: SessionId) -> Sequence[str]:
        """Stop what is under way there and take it back."""
        return await self._under.stop(session_id)

    async def close(self, postpone: Callable[[float], None] = lambda _: None) -> None:
        """Stop everything that is under way, and wait until it is taken back; `postpone` asks for the time."""
        await self._under.end(postpone)

    async def clearable(self) -> list[Clearable]:
        """What a cleanup could end."""
        return await crewing.clearable(self._services)

    async def clear(
        self, ids: Sequence[SessionId], *, keeping: Collection[SessionId], told: Callable[[Cleared], None]
    ) -> None:
        """End these of them."""
        await crewing.clear(self._services, self._under, ids, keeping, told)

    # Lists to choose from

    async def directories(self) -> list[Directory]:
        """Where a session could start."""
        cwds = [session.cwd for session in self.fleet().sessions.values() if session.cwd]
        return await asyncio.to_thread(start_choices.directories, self._memory.recent(), cwds)

    async def tools(self) -> Tools:
        """The agents that are installed."""
        return start_choices.tools(self._context.agents, self._services.live.now.defaults.agent)

    async def projects(self, near: SessionId | None = None) -> Mapping[str, str]:
        """The projects a worker can be spawned in."""
        fleet = self.fleet()
        row = (fleet.sessions.get(near) or fleet.exited.get(near)) if near is not None else None
        return await crewing.projects_near(self._services, row)

    async def issues(self, project: str) -> Issues:
        """The open issues of a project's tracker."""
        return await crewing.issues(self._services, project)

    async def activity(self, query: ActivityQuery) -> list[Activity]:
        """The activity log."""
        return await self._context.store.activity(query)

    # Settings

    def preferences(self) -> Preferences:
        """What the operator set for the console."""
        return self._memory.preferences(self._services.settings)

    def remember(self, **values: str | None) -> None:
        """Keep what was chosen for the next time."""
        self._memory.keep(values)

    async def settings(self) -> list[Setting]:
        """Every setting that the console can show."""
        return self._memory.over(await (await self._desk()).settings())

    async def change_setting(self, key: str, value: str) -> None:
        """Set one."""
        await (await self._desk()).change(key, value)
        self._memory.gives_way(key)
