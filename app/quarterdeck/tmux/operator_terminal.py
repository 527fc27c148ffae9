"""The terminal of the operator, as the console that runs in it can use it: to show a pane, and to be found again."""

from __future__ import annotations

import logging
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from quarterdeck.errors import QuarterdeckError
from quarterdeck.ports.go_result import Attach, GoResult, Switched, TypeThis
from quarterdeck.process import on_terminal
from quarterdeck.tmux.lent_terminal import lending, lending_argv
from quarterdeck.tmux.navigation import (
    Place,
    attach_environment,
    crossing_command,
    forget_console,
    go,
    placement,
    remember_console,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from quarterdeck.core.pane import PaneId
    from quarterdeck.tmux.tmux_commands import TmuxCommands

logger = logging.getLogger(__name__)


class OperatorTerminal:
    """Where this process runs, and the ways from there to any pane."""

    def __init__(self, commands: TmuxCommands) -> None:
        self._commands = commands
        self._where = placement(commands.address, os.environ)
        self.own_pane = self._where.pane_id
        """The pane it runs in, if that is one of the server's."""

    async def go(self, pane_id: PaneId) -> GoResult:
        """Show a pane, or say what shows it."""
        address = self._commands.address
        if self._where.place is Place.OUTSIDE:
            return Attach(tuple(lending_argv(address, pane_id)))
        if self._where.place is Place.OTHER_SERVER:
            return TypeThis(crossing_command(address, pane_id), "That session is on another tmux server.")
        await go(self._commands, self._where, pane_id)
        return Switched(closes=self._where.place is Place.POPUP)

    async def attach(self, way: Attach) -> None:
        """Run the attach and wait for its end."""
        async with lending(self._commands.address):
            await on_terminal(way.argv, attach_environment())

    @asynccontextmanager
    async def noted(self) -> AsyncIterator[None]:
        """Keep a note at the server of where the console is."""
        if self.own_pane is None:
            yield
            return
        await _told(remember_console(self._commands, self.own_pane))
        try:
            yield
        finally:
            await _told(forget_console(self._commands, self.own_pane))


async def _told(telling: Awaitable[None]) -> None:
    try:
        await telling
    except QuarterdeckError:
        logger.warning("tmux could not be told where the console is, or that it is gone", exc_info=True)
