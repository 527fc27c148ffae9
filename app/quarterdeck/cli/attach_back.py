"""`attach` and `back`: go to a session, and return to the console."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from quarterdeck.cli.call import services
from quarterdeck.cli.invocation import own_command_in_tmux
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import RowKind
from quarterdeck.errors import QuarterdeckError, Refused

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call
    from quarterdeck.core.session import Session
    from quarterdeck.runtime.services import Services


def attach(call: Call) -> int:
    """Show the session on this terminal."""
    argv = asyncio.run(_attach(call))
    if argv:
        from quarterdeck.process import child_environment

        # In place of this process, so that the terminal is tmux's alone.
        os.execvpe(argv[0], argv, child_environment())  # noqa: S606 - argv of ours, no shell
    return 0


async def _attach(call: Call) -> list[str]:
    """Switch there if this is inside tmux; answers the command to become where it is not."""
    from quarterdeck.tmux.navigation import Place, attach_argv, go, placement

    async with services(call) as opened:
        rows = opened.context.rows(call.options.session)
        session, snapshot = rows[0], opened.workers.supervisor.snapshot
        pane_id = session.pane_id
        if len(rows) > 1 and snapshot is not None:
            # The bare name of a session with several rows: as tmux would show it.
            here = (pane.pane_id for pane in snapshot.panes if pane.tmux_id == session.tmux_id and pane.is_current)
            pane_id = next(here, pane_id)
        if session.kind is RowKind.DETACHED:
            return await _attach_detached(opened, session)
        if pane_id is None:
            raise Refused(f'"{row_name(session)}" has no pane to go to.')
        where = placement(call.address)
        if where.place is Place.OUTSIDE:
            if not (os.isatty(0) and os.isatty(1)):
                raise Refused("Attaching needs a terminal.", hint=f"quarterdeck show {session.session_id}")
            return attach_argv(call.address, pane_id)
        await go(opened.mux, where, pane_id)
    return []


async def _attach_detached(opened: Services, session: Session) -> list[str]:
    """Show an agent that no pane shows: in a new window inside tmux, else by the command that is answered."""
    from quarterdeck.operations.detached import attach_command, folder_of, show_in_pane
    from quarterdeck.tmux.navigation import Place, go, own_pane, placement

    where = placement(opened.mux.address)
    if where.place is Place.OUTSIDE:
        if not (os.isatty(0) and os.isatty(1)):
            raise Refused("Attaching needs a terminal.", hint=f"quarterdeck show {session.session_id}")
        argv = list(attach_command(opened.context, session))
        os.chdir(folder_of(session))  # this process becomes that command
        return argv
    await go(opened.mux, where, await show_in_pane(opened.context, session, own_pane(opened.mux.address)))
    return []


async def back(call: Call) -> int:
    """Show the console again on the terminal that looks at this server."""
    from quarterdeck.tmux import navigation
    from quarterdeck.tmux.operator_terminal import give_back
    from quarterdeck.tmux.tmux_commands import TmuxCommands

    options = call.options
    commands = TmuxCommands(call.address)
    try:
        where = navigation.placement(call.address)
        if await give_back(commands, where, client=options.client):
            return 0
        if options.open:
            await navigation.ensure_console(commands, [*own_command_in_tmux(call), "console"])
        await navigation.back(commands, where, client=options.client)
    except QuarterdeckError as error:
        if options.client is None:
            raise
        # tmux runs us for a key: it would cover the operator's pane with what we print, and with our exit code.
        await commands.tell(options.client, f"quarterdeck: {error.message}")
    return 0
