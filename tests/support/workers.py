"""A whole workers on a private tmux server, a real store and the real clock."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from quarterdeck.config.settings import Settings
from quarterdeck.core.pane import ServerAddress
from quarterdeck.paths import find_places
from quarterdeck.runtime.services import open_services
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from quarterdeck.core.events import Event
    from quarterdeck.core.session import Session
    from quarterdeck.runtime.services import Services


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition in the loop, looking often, and fail with a sentence when it never comes."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  what is waited for is another program's doing and sets no event
            await asyncio.sleep(0.01)
    assert condition(), what


class Watching:
    """A running workers, with every event it told."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.workers = services.workers
        self.context = services.context
        self.events: list[Event] = []
        services.workers.supervisor.subscribe(self.events.append)

    def row(self, name: str) -> Session | None:
        """The live or stale row of this tmux name."""
        sessions = self.workers.supervisor.fleet.sessions.values()
        return next((session for session in sessions if session.tmux_name == name), None)

    def need(self, name: str) -> Session:
        """The row of this name, which must be there."""
        found = self.row(name)
        assert found is not None, f"no row {name!r} among {[s.tmux_name for s in self.sessions()]}"
        return found

    def sessions(self) -> list[Session]:
        """Every live or stale row."""
        return list(self.workers.supervisor.fleet.sessions.values())

    def of(self, kind: type[Event]) -> list[Event]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    async def shows(self, *names: str) -> None:
        """Wait until exactly these names are shown as live."""
        await until(
            lambda: {s.tmux_name for s in self.sessions() if not s.is_stale} == set(names), f"the live rows are {names}"
        )


def patient(**tmux: float) -> Settings:
    """Settings with which no answer of tmux comes too late, however busy the machine is; others of tmux as wanted."""
    bounds = {"look_timeout_seconds": PATIENCE, "command_timeout_seconds": PATIENCE}
    return Settings.model_validate({"tmux": bounds | tmux})


@asynccontextmanager
async def services_on(
    socket: str | Path, home: Path, *, persistent: bool = False, settings: Settings | None = None
) -> AsyncIterator[Services]:
    """Workers and context on a socket, nothing asked yet."""
    address, places = ServerAddress(str(socket)), find_places(home)
    async with open_services(address, places, settings or patient(), persistent=persistent) as opened:
        yield opened


@asynccontextmanager
async def watching(socket: str | Path, home: Path, *, settings: Settings | None = None) -> AsyncIterator[Watching]:
    """A workers at work, as the console and `watch` have it."""
    async with services_on(socket, home, persistent=True, settings=settings) as opened:
        workers = Watching(opened)
        running = asyncio.create_task(opened.workers.run())
        try:
            await until(lambda: opened.workers.supervisor.fleet.last_good_look, "the first look has been taken")
            yield workers
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
