"""Consoles outside tmux that have lent their terminal to a client: noted at the server, and given it back."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from quarterdeck.errors import TmuxError
from quarterdeck.process import parent_of
from quarterdeck.tmux import one_call
from quarterdeck.tmux.navigation import Place, attach_argv, client_here, newest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quarterdeck.core.pane import Client, PaneId, ServerAddress
    from quarterdeck.tmux.navigation import Placement
    from quarterdeck.tmux.tmux_commands import TmuxCommands

logger = logging.getLogger(__name__)

OUTSIDE_OPTION: Final = "@quarterdeck_outside_"
"""Begins the name of the server option that notes a console outside; its process id ends it."""


def lending_argv(address: ServerAddress, pane_id: PaneId) -> list[str]:
    """The command that shows a pane on this process's terminal, after a note of whose terminal it is."""
    tmux, *attach = attach_argv(address, pane_id)
    at = attach.index("attach-session")
    return [tmux, *attach[:at], "set-option", "-s", _note(os.getpid()), "lent", ";", *attach[at:]]


@asynccontextmanager
async def lending(address: ServerAddress) -> AsyncIterator[None]:
    """Take the note back in the end. A server that is gone has none, and one that hangs misleads nobody."""
    try:
        yield
    finally:
        try:
            await one_call.run(address, "set-option", "-s", "-u", _note(os.getpid()))
        except TmuxError:
            logger.warning("tmux could not be told that the console has its terminal again", exc_info=True)


def _note(process: int) -> str:
    return f"{OUTSIDE_OPTION}{process}"


async def give_back(commands: TmuxCommands, where: Placement, *, client: str | None = None) -> bool:
    """Detach the operator's terminal if a console outside tmux waits behind it; False when none does."""
    clients = await commands.clients()
    borrowed = {known.name for known in clients if await _is_borrowed(commands, known)}
    if not borrowed:
        return False
    if client is None:
        is_here = where.place in {Place.PANE, Place.POPUP}
        client = await (client_here(commands, where) if is_here else newest(commands, clients))
    if client not in borrowed:
        return False
    await commands.detach_client(client)
    return True


async def _is_borrowed(commands: TmuxCommands, client: Client) -> bool:
    parent = await asyncio.to_thread(parent_of, client.pid)
    return bool(await commands.option(_note(parent)))
