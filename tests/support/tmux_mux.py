"""Our own mux at a test's server."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from quarterdeck.core.pane import ServerAddress, Snapshot
from quarterdeck.tmux.mux import TmuxMux
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from quarterdeck.core.pane import Pane, PaneId
    from quarterdeck.ports.clock import Clock
    from quarterdeck.tmux.control import ControlClient
    from support.tmux_server import TmuxServer


def client_pid(mux: TmuxMux) -> int:
    """The process of the control client that is attached now."""
    assert mux.control is not None
    assert mux.control._link is not None
    assert mux.control._link.pid is not None
    return mux.control._link.pid


async def until_linked(control: ControlClient, patience: float = PATIENCE) -> bool:
    """Wait for a control connection; False when none came in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(patience):
            # Another process makes it, and the client tells nobody else of it.
            while not control.linked:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
    return control.linked


@asynccontextmanager
async def mux_at(
    server: TmuxServer,
    *,
    persistent: bool = True,
    linked: bool = True,
    home: PaneId | None = None,
    timeout: float = PATIENCE,
    clock: Clock | None = None,
) -> AsyncIterator[TmuxMux]:
    """A mux that is closed afterwards; a persistent one is connected when it is handed out, if a server runs."""
    address = ServerAddress(server.socket)
    mux = TmuxMux(
        address, persistent=persistent, home=home, timeout=timeout, command_timeout=PATIENCE, poll_every=1, clock=clock
    )
    try:
        if linked and mux.control is not None and server.alive():
            mux.control.start()
            assert await until_linked(mux.control)
        yield mux
    finally:
        await mux.close()


async def snapshot(mux: TmuxMux, moved: Collection[PaneId] | None = None) -> Snapshot:
    """A look that must find a server."""
    look = await mux.look(moved)
    assert isinstance(look, Snapshot)
    return look


async def pane(mux: TmuxMux, pane_id: str, moved: Collection[PaneId] | None = None) -> Pane:
    """One pane of a fresh look."""
    return next(pane for pane in (await snapshot(mux, moved)).panes if pane.pane_id == pane_id)
