"""The console's outside: the first fleet at once, everything else as soon as the first frame stands.

What is asked of it before it is open waits, so nothing that is typed early is lost.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.fleet import Fleet
from quarterdeck.ports.clock import wall_clock
from quarterdeck.ports.store import StoreHealth
from quarterdeck.programs import tmux_trouble
from quarterdeck.runtime.setup_checks import ConsoleSetup
from quarterdeck.store.glances import own_session_key
from quarterdeck.store.kept_rows import first_read
from quarterdeck.supervisor.shown_rows import Guests, first_fleet
from quarterdeck.tmux.look import FirstLook
from quarterdeck.tmux.navigation import own_pane
from quarterdeck.tui import preferences as prefs
from quarterdeck.tui.backend import OpenFleet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quarterdeck.config.settings import Settings
    from quarterdeck.core.day import Moment
    from quarterdeck.core.events import Event
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.core.session import SessionId
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.operations.long_operations import LongOperations
    from quarterdeck.operations.shown_fleet import ShownFleet
    from quarterdeck.paths import Places
    from quarterdeck.runtime.services import Services
    from quarterdeck.supervisor.notifications import Told
    from quarterdeck.tmux.operator_terminal import OperatorTerminal
    from quarterdeck.tui.backend import FleetSource
    from quarterdeck.tui.preferences import Preferences

LOADED_BESIDE = (
    "runtime.services",
    "runtime.live_fleet",
    "supervisor.agent_facts",
    "supervisor.day_history",
    "supervisor.notifications",
    "supervisor.scrollbacks",
    "supervisor.state_reader",
    "supervisor.thought_engine",
    "tmux.control",
    "tmux.hints",
    "tmux.operator_terminal",
)
"""What a console needs once its first frame stands: a quarter of a second, in which the loop answers keys."""
FIRST_FRAME_PATIENCE = 0.2
"""Seconds the first frame waits for tmux, which has been at it since the start; then it says that it is looking."""


class FirstFrame:
    """The first fleet and the console's preferences. tmux is asked at once. Implements tui.backend.FleetSource."""

    def __init__(self, address: ServerAddress, places: Places, load_settings: Callable[[], Settings]) -> None:
        self._server = str(address)
        self._own = own_pane(address)
        self._look = FirstLook(address)
        self._read = first_read(places.state_file, self._server)
        self.print = prefs.fingerprint(places.config_file)
        """Of what the settings are read from."""
        known = prefs.kept_preferences(self._read.meta.get(prefs.SETTINGS_KEPT_AS), self.print)
        self.is_known = known is not None
        """Whether the settings are as they were when they were last found right."""
        # What was changed since is checked before anything is shown; raises SettingsError.
        self._by_settings = known if known is not None else prefs.preferences_of(load_settings())

    @cached_property
    def preferences(self) -> Preferences:
        """How the console opens."""
        return prefs.arranged(self._by_settings, prefs.arrangement(self._read.meta.get(prefs.key_of(self._server))))

    def fleet(self) -> Fleet:
        """The sessions tmux lists, as they were last known; an empty fleet while tmux does not answer."""
        return self._fleet

    @cached_property
    def _fleet(self) -> Fleet:
        look = self._look.wait(FIRST_FRAME_PATIENCE)
        if look is None:
            return Fleet()
        fleet = first_fleet(self._read.sessions, look, self._server, wall_clock())
        return Guests(self._own)(fleet, look)

    def store_health(self) -> StoreHealth:
        """Well, until the store is opened."""
        return StoreHealth()

    def activity_of(self, session_id: SessionId) -> Sequence[int]:
        """Nothing was counted yet."""
        return ()

    def day_of(self, session_id: SessionId) -> Sequence[Moment]:
        """Nothing of it was read yet."""
        return ()

    def under_way(self, session_id: SessionId) -> None:
        """Nothing was begun yet."""


class Opening:
    """Implements tui.backend.Backend."""

    def __init__(
        self,
        address: ServerAddress,
        places: Places,
        load_settings: Callable[[], Settings],
        program: Sequence[str] = ("quarterdeck",),
    ) -> None:
        self._address = address
        self._places = places
        self._load_settings = load_settings
        self._first = FirstFrame(address, places, load_settings)
        self._stack = AsyncExitStack()
        self._opening: asyncio.Task[_Live] | None = None
        self._live: _Live | None = None
        self._begun = asyncio.Event()
        """Set once the first frame stands. What is asked with it, such as the preview, must not hold it up."""
        self._looked = asyncio.Event()
        """Set once the first look is over, however it went."""
        self._callbacks: list[Callable[[], None]] = []
        self._listener: Callable[[Told], None] = lambda told: None
        self.server = Path(address.socket).name
        self.themes_folder = places.themes
        self.preferences = self._first.preferences
        self.memory = prefs.ConsoleMemory(str(address), own_session_key(str(address)))
        self.setup = ConsoleSetup(address, places, load_settings, program, self.opened)

    @property
    def now(self) -> FleetSource:
        """What can be shown at this moment."""
        return self._live.opened.reader if self._live is not None else self._first

    def trouble(self) -> QuarterdeckError | None:
        """Why nothing can be shown."""
        return tmux_trouble()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def on_notice(self, listener: Callable[[Told], None]) -> None:
        """Call with what the operator is to be told; nothing is before it is open."""
        self._listener = listener

    async def opened(self) -> OpenFleet:
        """Wait until everything is open and was looked at once."""
        await self._begun.wait()
        live = await self._opened()
        await self._looked.wait()
        return live.opened

    async def run(self) -> None:
        """Open everything, then supervise until cancelled."""
        self._begun.set()
        try:
            live = await self._opened()
            async with live.terminal.noted():
                # Beside the watch: taking a large worktree back must not keep the table waiting.
                recovering = asyncio.create_task(self._recover(live.services))
                try:
                    await live.services.workers.run()
                finally:
                    recovering.cancel()
                    await asyncio.wait([recovering])
        finally:
            self._looked.set()

    async def _recover(self, services: Services) -> None:
        from quarterdeck.operations.recover import recover_aloud
        from quarterdeck.supervisor.notifications import Told

        if await recover_aloud(services.work_context, lambda title, said: self._listener(Told(title, said))):
            await services.workers.see_changes()

    async def close(self, postpone: Callable[[float], None] = lambda _: None) -> None:
        """Stop what is under way, write what is to be remembered and let go of everything.

        `postpone` asks for so many seconds more.
        """
        if self._opening is not None:
            # A thread that imports cannot be stopped, and is over in a moment.
            await asyncio.wait([self._opening])
        if self._live is not None:
            await self._live.operations.end(postpone)
            self.memory.leave()
        await self.memory.flush()
        await self._stack.aclose()

    async def _opened(self) -> _Live:
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = asyncio.create_task(self._open_everything())
        return await asyncio.shield(self._opening)

    async def _open_everything(self) -> _Live:
        # So that the loop only has to put it together.
        await asyncio.to_thread(lambda: [import_module(f"quarterdeck.{name}") for name in LOADED_BESIDE])
        settings = await asyncio.to_thread(self._load_settings)
        from quarterdeck.runtime.services import open_services

        services = await self._stack.enter_async_context(
            open_services(self._address, self._places, settings, persistent=True)
        )
        await self.memory.use(services.context.store)
        if not self._first.is_known:
            preferences = prefs.preferences_to_keep(prefs.preferences_of(settings), self._first.print)
            await services.context.store.set_meta(prefs.SETTINGS_KEPT_AS, preferences)
        self._live = self._joined(services)
        return self._live

    def _joined(self, services: Services) -> _Live:
        """The reader and the actions of a console, over what has been opened."""
        from quarterdeck.operations.long_operations import LongOperations
        from quarterdeck.operations.shown_fleet import ShownFleet
        from quarterdeck.runtime.live_fleet import LiveActions, LiveReader
        from quarterdeck.supervisor.notifications import Told, in_console
        from quarterdeck.tmux.operator_terminal import OperatorTerminal

        clock, supervisor = services.context.clock, services.workers.supervisor
        terminal = OperatorTerminal(services.mux)
        supervisor.own_pane = terminal.own_pane
        operations = LongOperations(clock, services.workers.see_changes)
        shown = ShownFleet(
            supervisor,
            operations,
            first=self._first.fleet,
            own_pane=terminal.own_pane,
            stands_in=lambda own, ends_with_us: self.memory.stands_in(own, ends_with_us=ends_with_us),
        )
        in_console(services.notifications.channels, lambda told: self._listener(told))
        services.live.say_what_waits(lambda said: self._listener(Told("Settings", said)))
        reader = LiveReader(services, shown, operations)
        operations.listeners.append(self._changed)
        supervisor.subscribe(self._changed)
        actions = LiveActions(services, shown, operations, terminal)
        return _Live(services, shown, operations, terminal, OpenFleet(reader, actions))

    def _changed(self, event: Event | None = None) -> None:
        if self._live is not None:
            fleet = self._live.services.workers.supervisor.fleet
            if fleet.last_good_look is not None or fleet.look_failures:
                self._looked.set()
            if event is not None:
                self._live.shown.fade(event, self._changed)
        for callback in tuple(self._callbacks):
            callback()


class _Live(NamedTuple):
    """Everything of a console that is open."""

    services: Services
    shown: ShownFleet
    operations: LongOperations
    terminal: OperatorTerminal
    opened: OpenFleet
