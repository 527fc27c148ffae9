"""The operator's terminal, as the console that runs in it can use it: to show a pane, to lend it, to be found again."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from quarterdeck.errors import QuarterdeckError, TmuxError
from quarterdeck.ports.mux import Attach, GoResult, Switched, TypeThis
from quarterdeck.process import child_environment, on_terminal, parent_of
from quarterdeck.tmux import navigation, one_call
from quarterdeck.tmux.navigation import Place, Placement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from quarterdeck.core.pane import PaneId
    from quarterdeck.tmux.tmux_commands import TmuxCommands

logger = logging.getLogger(__name__)

OUTSIDE_OPTION: Final = "@quarterdeck_outside_"
"""Begins the name of the server option that notes a console outside tmux which has lent its terminal to a client; the
console's process id ends it."""


class OperatorTerminal:
    """Where this process runs, and the ways from there to any pane."""

    def __init__(self, commands: TmuxCommands) -> None:
        self._commands = commands
        self._where = navigation.placement(commands.address)
        self.own_pane = self._where.pane_id
        """The pane it runs in, if that is one of the server's."""

    async def go(self, pane_id: PaneId) -> GoResult:
        """Show a pane, or say what shows it."""
        address = self._commands.address
        if self._where.place is Place.OUTSIDE:
            # Whose terminal it is, is noted before the pane is shown on it.
            tmux, *attach = navigation.attach_argv(address, pane_id)
            at = attach.index("attach-session")
            note = ("set-option", "-s", f"{OUTSIDE_OPTION}{os.getpid()}", "lent", ";")
            return Attach((tmux, *attach[:at], *note, *attach[at:]))
        if self._where.place is Place.OTHER_SERVER:
            command = navigation.crossing_command(address, pane_id)
            return TypeThis(command, "That session is on another tmux server.")
        await navigation.go(self._commands, self._where, pane_id)
        return Switched(closes=self._where.place is Place.POPUP)

    async def attach(self, way: Attach) -> None:
        """Run the attach, wait for its end and take the note back."""
        address = self._commands.address
        try:
            await on_terminal(way.argv, child_environment())
        finally:
            try:
                await one_call.run(address, "set-option", "-s", "-u", f"{OUTSIDE_OPTION}{os.getpid()}")
            except TmuxError:
                # A server that is gone has no note, and one that hangs misleads nobody.
                logger.warning("tmux could not be told that the console has its terminal again", exc_info=True)

    @asynccontextmanager
    async def noted(self) -> AsyncIterator[None]:
        """Keep a note at the server of where the console is."""
        if self.own_pane is None:
            yield
            return
        await _told(navigation.remember_console(self._commands, self.own_pane))
        try:
            yield
        finally:
            await _told(navigation.forget_console(self._commands, self.own_pane))


async def _told(telling: Awaitable[None]) -> None:
    try:
        await telling
    except QuarterdeckError:
        logger.warning("tmux could not be told where the console is, or that it is gone", exc_info=True)


async def give_back(commands: TmuxCommands, where: Placement, *, client: str | None = None) -> bool:
    """Detach the operator's terminal if a console outside tmux waits behind it; False when none does."""
    clients = await commands.clients()
    borrowed = set()
    for known in clients:
        parent = await asyncio.to_thread(parent_of, known.pid)
        if await commands.option(f"{OUTSIDE_OPTION}{parent}"):
            borrowed.add(known.name)
    if not borrowed:
        return False
    if client is None:
        is_here = where.place in {Place.PANE, Place.POPUP}
        client = await (navigation.client_here(commands, where) if is_here else navigation.newest(commands, clients))
    if client not in borrowed:
        return False
    await commands.detach_client(client)
    return True
