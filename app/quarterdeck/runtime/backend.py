"""The console's outside, made of the crew and the deck."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.events import SessionDeleted
from quarterdeck.core.fleet import as_seen
from quarterdeck.errors import QuarterdeckError, Refused
from quarterdeck.operations import adopt as adopting
from quarterdeck.operations import answer as answering
from quarterdeck.operations import kill as ending
from quarterdeck.operations.new import Wanted, new_session
from quarterdeck.operations.preview import preview
from quarterdeck.process import on_terminal
from quarterdeck.runtime import crewing, messaging, picking
from quarterdeck.runtime.capable import WORKS
from quarterdeck.runtime.channels import in_console
from quarterdeck.runtime.pulse import Pulse
from quarterdeck.runtime.settings_desk import SettingsDesk
from quarterdeck.runtime.showing import ENDED_SHOWN, absent, still_shown, without_console
from quarterdeck.tmux import going as ways
from quarterdeck.tmux.outside import end_lending, lending_argv
from quarterdeck.tui.backend import (
    Attach,
    Capability,
    Delivery,
    Directory,
    Going,
    Loss,
    NewRequest,
    Preferences,
    Setting,
    SpawnRequest,
    Switched,
    TypeThis,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quarterdeck.core.day import Moment
    from quarterdeck.core.events import Event
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.ids import PaneId, SessionId
    from quarterdeck.core.session import Ask, Session
    from quarterdeck.core.thought import ThoughtSnapshot
    from quarterdeck.ports.store import Activity, ActivityQuery, StoreHealth
    from quarterdeck.runtime.bridge import Bridge
    from quarterdeck.runtime.memory import Memory
    from quarterdeck.tui.backend import Told

logger = logging.getLogger(__name__)


class LiveBackend:
    """Implements tui.backend.Backend, all but its set-up, over one tmux server."""

    def __init__(self, bridge: Bridge, memory: Memory, client: str | None = None) -> None:
        self._bridge = bridge
        self._crew = bridge.crew
        self._deck = bridge.deck
        self._memory = memory
        self._client = client
        self._pulse = Pulse(bridge.deck.clock)
        self._where = ways.placement(bridge.mux.address, os.environ)
        self.server = Path(bridge.mux.address.socket).name
        self.themes_folder = bridge.deck.places.themes
        self._whole: Fleet | None = None
        self._shown = self._crew.supervisor.fleet
        self._crew.supervisor.bus.subscribe(self._pulse.note)
        self._settings = SettingsDesk(bridge.live, bridge.crew.engine, bridge.means)

    # What is there

    def fleet(self) -> Fleet:
        """The fleet as it is now."""
        fleet = self._crew.supervisor.fleet
        if fleet is not self._whole:
            self._whole = fleet
            shown = without_console(as_seen(fleet), self._crew.supervisor.snapshot, self._where.pane_id)
            self._shown = replace(shown, exited=still_shown(fleet.exited, self._deck.clock.now()))
        return self._shown

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change."""
        loop = asyncio.get_running_loop()

        def changed(event: Event) -> None:
            callback()
            if isinstance(event, SessionDeleted):
                loop.call_later(ENDED_SHOWN.total_seconds() + 0.1, fade)

        def fade() -> None:
            self._whole = None
            callback()

        return self._crew.supervisor.bus.subscribe(changed)

    def on_notice(self, listener: Callable[[Told], None]) -> None:
        """Tell the console what it is to show or ring."""
        in_console(self._bridge.notifying.channels, listener)

    async def run(self) -> None:
        """Supervise until cancelled, with a note at the server of where the console is."""
        own = self._where.pane_id
        if own is not None:
            await self._note_console(own)
        await crewing.put_right(self._bridge)
        try:
            await self._crew.run()
        finally:
            if own is not None:
                await self._unnote_console(own)

    async def _note_console(self, own: PaneId) -> None:
        try:
            await ways.remember_console(self._bridge.mux, own)
        except QuarterdeckError:
            logger.warning("tmux could not be told where the console is", exc_info=True)

    async def _unnote_console(self, own: PaneId) -> None:
        try:
            await ways.forget_console(self._bridge.mux, own)
        except QuarterdeckError:
            logger.warning("tmux could not be told that the console is gone", exc_info=True)

    def trouble(self) -> QuarterdeckError | None:
        """Why nothing can be shown."""
        return picking.tmux_trouble()

    def store_health(self) -> StoreHealth:
        """How the store is doing."""
        return self._deck.store.health()

    def capabilities(self) -> frozenset[Capability]:
        """What works now."""
        return WORKS | {Capability.SPAWN} if self._bridge.yard.projects else WORKS

    def activity_of(self, session_id: SessionId) -> Sequence[int]:
        """How much a session moved in each of the last minutes."""
        return self._pulse.minutes(session_id)

    def day_of(self, session_id: SessionId) -> Sequence[Moment]:
        """When a session began to do what over the last day."""
        return self._crew.diary.day(session_id)

    # About one session

    def _session(self, session_id: SessionId) -> Session:
        fleet = self.fleet()
        found = fleet.sessions.get(session_id) or fleet.exited.get(session_id)
        if found is None:
            raise absent(fleet)
        return found

    async def preview(self, session_id: SessionId, lines: int) -> str:
        """The session's last lines in their own colours."""
        return await preview(self._deck, self._session(session_id), lines=lines)

    async def thought_history(self, session_id: SessionId, limit: int) -> list[ThoughtSnapshot]:
        """Its latest thoughts."""
        return await self._deck.store.thought_history(session_id, limit)

    async def losses(self, ids: Sequence[SessionId]) -> list[Loss]:
        """What ending these sessions would lose."""
        found = []
        for each in ids:
            session = self._session(each)
            work = await crewing.losses(self._bridge, session) if session.work else ()
            found.append(Loss(session_id=each, sentences=(*ending.losses(session), *work)))
        return found

    async def diff(self, session_id: SessionId) -> str:
        """What changed in its folder."""
        return await picking.diff(self._session(session_id).cwd)

    # Doing

    async def look_now(self) -> None:
        """Look at tmux at once."""
        self._crew.watcher.look_now()

    async def go(self, session_id: SessionId) -> Going:
        """Take the operator to the session's pane."""
        session = self._session(session_id)
        pane_id = session.pane_id
        if pane_id is None or session.is_stale or session.ended_at is not None:
            raise Refused(f'"{session.tmux_name}" has no pane to go to.')
        address = self._bridge.mux.address
        if self._where.place is ways.Place.OUTSIDE:
            return Attach(tuple(lending_argv(address, pane_id)))
        if self._where.place is ways.Place.OTHER_SERVER:
            return TypeThis(ways.crossing_command(address, pane_id), "That session is on another tmux server.")
        await ways.go(self._bridge.mux, self._where, pane_id, client=self._client)
        return Switched(closes=self._where.place is ways.Place.POPUP)

    async def attach(self, going: Attach) -> None:
        """Run the attach and wait for its end."""
        await on_terminal(going.argv, ways.attach_environment())
        try:
            await end_lending(self._bridge.mux.address)
        except QuarterdeckError:
            logger.warning("tmux could not be told that the console has its terminal again", exc_info=True)

    async def new(self, request: NewRequest) -> list[SessionId]:
        """Make sessions, one in each directory; one that fails does not stop the others."""
        made: list[SessionId] = []
        failed: list[QuarterdeckError] = []
        for directory in request.directories:
            wanted = Wanted(
                name=request.name if len(request.directories) == 1 else None,
                cwd=Path(directory),
                tool=request.tool,
                request=request.request,
                shell=os.environ.get("SHELL", ""),
            )
            try:
                session, notices = await new_session(self._deck, wanted)
            except QuarterdeckError as error:
                failed.append(error)
                continue
            made.append(session.session_id)
            self._memory.went_to(directory)
            failed += [QuarterdeckError(notice) for notice in notices]
        if failed:
            raise QuarterdeckError(" ".join(error.message for error in failed), hint=failed[0].hint)
        return made

    async def kill(self, ids: Sequence[SessionId], *, detach: bool) -> None:
        """End sessions, or forget them."""
        failed: list[QuarterdeckError] = []
        for session_id in ids:
            session = self._session(session_id)
            try:
                if detach:
                    await ending.forget(self._deck, session)
                elif session.work is not None:
                    await crewing.end(self._bridge, session_id)
                else:
                    await ending.kill(self._deck, session, own_pane=self._where.pane_id)
            except QuarterdeckError as error:
                failed.append(error)
        if failed:
            raise QuarterdeckError(" ".join(error.message for error in failed), hint=failed[0].hint)

    async def send(self, ids: Sequence[SessionId], text: str) -> list[Delivery]:
        """Deliver a message to each."""
        sessions = [self._session(each) for each in ids]
        return await messaging.send(self._deck, sessions, text, self._where.pane_id)

    async def answer(self, session_id: SessionId, ask: Ask, choice: str) -> None:
        """Answer the question as it was shown."""
        await answering.answer(self._deck, self._session(session_id), choice, shown=ask, own_pane=self._where.pane_id)

    async def restore(self, session_id: SessionId) -> None:
        """Bring a dead agent session back."""
        await crewing.bring_back(self._bridge, session_id)

    async def adopt(self, session_id: SessionId) -> None:
        """Bind the tmux session of the same name to this stale identity."""
        session = self._session(session_id)
        await adopting.adopt(self._deck, session.tmux_name, session_id)

    async def dismiss(self, ids: Sequence[SessionId]) -> None:
        """Let go of ended and stale rows."""
        for session_id in ids:
            await ending.forget(self._deck, self._session(session_id))

    async def spawn(self, request: SpawnRequest) -> SessionId:
        """Start a worker."""
        return await crewing.spawn_worker(self._bridge, request)

    # Lists to choose from

    async def directories(self) -> list[Directory]:
        """Where a session could start."""
        cwds = [session.cwd for session in self.fleet().sessions.values() if session.cwd]
        return await asyncio.to_thread(picking.directories, self._memory.recent(), cwds)

    async def tools(self) -> list[str]:
        """The agents that are installed."""
        agents = self._deck.agents.all()
        return [agent.spec.key for agent in agents if shutil.which(agent.spec.commands[0]) is not None]

    async def projects(self) -> list[str]:
        """The projects a worker can be spawned in."""
        return sorted(self._bridge.settings.projects)

    async def activity(self, query: ActivityQuery) -> list[Activity]:
        """The activity log."""
        return await self._deck.store.activity(query)

    # Settings

    def preferences(self) -> Preferences:
        """What the operator set for the console."""
        return self._memory.preferences(self._bridge.settings)

    def remember(self, **values: str | None) -> None:
        """Keep what was chosen for the next time."""
        self._memory.keep(values)

    async def settings(self) -> list[Setting]:
        """Every setting that the console can show."""
        return await self._settings.settings()

    async def change_setting(self, key: str, value: str) -> None:
        """Set one."""
        await self._settings.change(key, value)
