"""The console's outside while it opens: the first fleet at once, everything else as soon as the first frame stands.

What is asked of it before it is open waits, so nothing that is typed early is lost.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.ports.store_health import StoreHealth
from quarterdeck.programs import tmux_trouble
from quarterdeck.runtime.capable import WORKS
from quarterdeck.runtime.console_setup import ConsoleSetup
from quarterdeck.runtime.first import First
from quarterdeck.runtime.showing import absent
from quarterdeck.runtime.wishes import KEPT, wishes_of, wishes_to_keep
from quarterdeck.supervisor.session_facts import UNNAMED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from quarterdeck.config.settings import Settings
    from quarterdeck.core.day import Moment
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.core.session import Ask
    from quarterdeck.core.thought import ThoughtSnapshot
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.operations.settings_desk import Setting
    from quarterdeck.operations.start_choices import Directory, Tools
    from quarterdeck.paths import Places
    from quarterdeck.ports.store import Activity, ActivityQuery
    from quarterdeck.runtime.backend import LiveBackend
    from quarterdeck.runtime.memory import ConsoleMemory
    from quarterdeck.supervisor.notice_channels import Told
    from quarterdeck.tui.backend import Capability, Preferences
    from quarterdeck.tui.mailbox import Mailbox
    from quarterdeck.tui.requests import Attach, Delivery, GoResult, Loss, NewRequest, SpawnRequest
    from quarterdeck.tui.work import Clearable, Cleared, Issues, UnderWay


class OpeningBackend:
    """Implements tui.backend.Backend, first with what is known at once and then by a LiveBackend."""

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
        self._first = First(address, places, load_settings)
        self._open = AsyncExitStack()
        self._opening: asyncio.Task[LiveBackend] | None = None
        self._live: LiveBackend | None = None
        self._memory: ConsoleMemory | None = None
        self._begun = asyncio.Event()
        """Set once the first frame stands. What is asked with it, such as the preview, must not hold it up."""
        self._looked = asyncio.Event()
        """Set once the first look is over, however it went."""
        self._callbacks: list[Callable[[], None]] = []
        self._listener: Callable[[Told], None] | None = None
        self._early: dict[str, str | None] = {}
        self.server = Path(address.socket).name
        self.themes_folder = places.themes
        self.setup = ConsoleSetup(address, places, load_settings, program, self._ready)

    # Opening and closing

    async def run(self) -> None:
        """Open everything, then supervise until cancelled."""
        self._begun.set()
        try:
            await (await self._opened()).run()
        finally:
            self._looked.set()

    async def close(self, postpone: Callable[[float], None] = lambda _: None) -> None:
        """Write what is to be remembered and let go of everything; `postpone` asks for so many seconds more."""
        if self._opening is not None:
            # A thread that imports cannot be stopped, and is over in a moment.
            await asyncio.wait([self._opening])
        if self._live is not None:
            await self._live.close(postpone)
        if self._memory is not None:
            self._memory.leave()
            await self._memory.flush()
        await self._open.aclose()

    async def _opened(self) -> LiveBackend:
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = asyncio.create_task(self._open_everything())
        return await asyncio.shield(self._opening)

    async def _open_everything(self) -> LiveBackend:
        await asyncio.to_thread(_import_everything)
        settings = await asyncio.to_thread(self._load_settings)
        from quarterdeck.runtime.backend import LiveBackend
        from quarterdeck.runtime.bridge import open_services
        from quarterdeck.runtime.memory import ConsoleMemory

        services = await self._open.enter_async_context(
            open_services(self._address, self._places, settings, persistent=True)
        )
        memory = ConsoleMemory(services.context.store, str(self._address))
        await memory.load()
        if not self._first.is_known:
            await services.context.store.set_meta(KEPT, wishes_to_keep(wishes_of(settings), self._first.print))
        live = LiveBackend(services, memory)
        live.subscribe(self._changed)
        if self._listener is not None:
            live.on_notice(self._listener)
        live.remember(**self._early)
        self._live, self._memory = live, memory
        return live

    async def _ready(self) -> LiveBackend:
        """The open one, after its first look."""
        await self._begun.wait()
        live = await self._opened()
        await self._looked.wait()
        return live

    def _changed(self) -> None:
        fleet = self._live.fleet() if self._live else None
        if fleet is not None and (fleet.last_good_look is not None or fleet.look_failures):
            self._looked.set()
        for callback in tuple(self._callbacks):
            callback()

    async def _at(self, session_id: SessionId) -> tuple[LiveBackend, SessionId]:
        """The open one, and the id that a row of the first fleet has got by now."""
        live = await self._ready()
        if not session_id.startswith(UNNAMED):
            return live, session_id
        tmux_id = session_id.removeprefix(UNNAMED)
        found = next((s for s in live.fleet().sessions.values() if s.tmux_id == tmux_id), None)
        if found is None:
            raise absent(live.fleet())
        return live, found.session_id

    async def _at_each(self, ids: Sequence[SessionId]) -> tuple[LiveBackend, list[SessionId]]:
        return await self._ready(), [(await self._at(each))[1] for each in ids]

    # What is there

    def fleet(self) -> Fleet:
        """The fleet as it is now; until the first look has succeeded, the first one."""
        fleet = self._live.fleet() if self._live else None
        if fleet is None or (fleet.last_good_look is None and not fleet.look_failures):
            return self._first.fleet
        if fleet.last_good_look is None:
            return replace(
                self._first.fleet,
                look_failures=fleet.look_failures,
                look_error=fleet.look_error,
                workers=fleet.workers,
            )
        return fleet

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def on_notice(self, listener: Callable[[Told], None]) -> None:
        """Call with what the operator is to be told; nothing is before it is open."""
        self._listener = listener
        if self._live is not None:
            self._live.on_notice(listener)

    def trouble(self) -> QuarterdeckError | None:
        """Why nothing can be shown."""
        return tmux_trouble()

    def store_health(self) -> StoreHealth:
        """How the store is doing; well, until it is opened."""
        return self._live.store_health() if self._live else StoreHealth()

    def capabilities(self) -> frozenset[Capability]:
        """What works now, or will in a moment."""
        return self._live.capabilities() if self._live else WORKS

    def activity_of(self, session_id: SessionId) -> Sequence[int]:
        """How much a session moved in each of the last minutes."""
        return self._live.activity_of(session_id) if self._live else ()

    def day_of(self, session_id: SessionId) -> Sequence[Moment]:
        """When a session began to do what over the last day."""
        return self._live.day_of(session_id) if self._live else ()

    # About one session

    async def preview(self, session_id: SessionId, lines: int) -> str:
        """The session's last lines in their own colours."""
        live, session_id = await self._at(session_id)
        return await live.preview(session_id, lines)

    async def thought_history(self, session_id: SessionId, limit: int) -> list[ThoughtSnapshot]:
        """Its latest thoughts."""
        live, session_id = await self._at(session_id)
        return await live.thought_history(session_id, limit)

    async def losses(self, ids: Sequence[SessionId]) -> list[Loss]:
        """What ending these sessions would lose."""
        live, ids = await self._at_each(ids)
        return await live.losses(ids)

    async def diff(self, session_id: SessionId) -> str:
        """What changed in its folder."""
        live, session_id = await self._at(session_id)
        return await live.diff(session_id)

    # Doing

    async def look_now(self) -> None:
        """Look at tmux at once."""
        await (await self._ready()).look_now()

    async def go(self, session_id: SessionId) -> GoResult:
        """Take the operator to the session's pane."""
        live, session_id = await self._at(session_id)
        return await live.go(session_id)

    async def attach(self, going: Attach) -> None:
        """Run the attach and wait for its end."""
        await (await self._ready()).attach(going)

    async def new(self, request: NewRequest) -> list[SessionId]:
        """Make sessions."""
        return await (await self._ready()).new(request)

    async def kill(self, ids: Sequence[SessionId], *, detach: bool) -> Sequence[str]:
        """End sessions, or forget them."""
        live, ids = await self._at_each(ids)
        return await live.kill(ids, detach=detach)

    async def send(self, ids: Sequence[SessionId], text: str) -> list[Delivery]:
        """Deliver a message to each."""
        live, ids = await self._at_each(ids)
        return await live.send(ids, text)

    async def mailbox(self) -> Mailbox:
        """The messages that wait."""
        return await (await self._ready()).mailbox()

    async def question(self, session_id: SessionId) -> Ask:
        """What it asks at this moment."""
        live, session_id = await self._at(session_id)
        return await live.question(session_id)

    async def answer(self, session_id: SessionId, ask: Ask, choice: str) -> None:
        """Answer the question as it was shown."""
        live, session_id = await self._at(session_id)
        await live.answer(session_id, ask, choice)

    async def restore(self, session_id: SessionId) -> Sequence[str]:
        """Bring a dead agent session back."""
        live, session_id = await self._at(session_id)
        return await live.restore(session_id)

    async def adopt(self, session_id: SessionId) -> None:
        """Bring back a session that nobody spawned."""
        live, session_id = await self._at(session_id)
        await live.adopt(session_id)

    async def dismiss(self, ids: Sequence[SessionId]) -> None:
        """Let go of ended and stale rows."""
        live, ids = await self._at_each(ids)
        await live.dismiss(ids)

    async def spawn(self, request: SpawnRequest, begun: Callable[[SessionId], None]) -> SessionId:
        """Start a worker."""
        return await (await self._ready()).spawn(request, begun)

    def under_way(self, session_id: SessionId) -> UnderWay | None:
        """The long operation of this console on a session."""
        return self._live.under_way(session_id) if self._live else None

    async def stop(self, session_id: SessionId) -> Sequence[str]:
        """Stop what is under way there and take it back."""
        return await (await self._ready()).stop(session_id)

    async def clearable(self) -> list[Clearable]:
        """What a cleanup could end."""
        return await (await self._ready()).clearable()

    async def clear(
        self, ids: Sequence[SessionId], *, keeping: Collection[SessionId], told: Callable[[Cleared], None]
    ) -> None:
        """End these of them."""
        await (await self._ready()).clear(ids, keeping=keeping, told=told)

    # Lists to choose from

    async def directories(self) -> list[Directory]:
        """Where a session could start."""
        return await (await self._ready()).directories()

    async def tools(self) -> Tools:
        """The agents that are installed."""
        return await (await self._ready()).tools()

    async def projects(self, near: SessionId | None = None) -> Mapping[str, str]:
        """The projects a worker can be spawned in."""
        return await (await self._ready()).projects(near)

    async def issues(self, project: str) -> Issues:
        """The open issues of a project's tracker."""
        return await (await self._ready()).issues(project)

    async def activity(self, query: ActivityQuery) -> list[Activity]:
        """The activity log."""
        return await (await self._ready()).activity(query)

    # Settings

    def preferences(self) -> Preferences:
        """What the operator set for the console."""
        return self._live.preferences() if self._live else self._first.preferences

    def remember(self, **values: str | None) -> None:
        """Keep what was chosen for the next time."""
        if self._live is not None:
            self._live.remember(**values)
        else:
            self._early |= values

    async def settings(self) -> list[Setting]:
        """Every setting that the console can show."""
        return await (await self._ready()).settings()

    async def change_setting(self, key: str, value: str) -> None:
        """Set one."""
        await (await self._ready()).change_setting(key, value)


def _import_everything() -> None:
    """Load the code of everything else, so that the loop only has to put it together."""
    from quarterdeck.plugins.loading import load_all

    load_all("agents")
