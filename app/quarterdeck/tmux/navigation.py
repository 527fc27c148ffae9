"""Going to a pane and back, from wherever we are: in a pane, in a popup, outside, or in another server's pane."""

from __future__ import annotations

import os
import re
import shlex
from contextlib import suppress
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from quarterdeck.core.pane import PaneId
from quarterdeck.core.session_names import CONSOLE_NAME
from quarterdeck.errors import NotFound, Refused, TmuxRefused
from quarterdeck.programs import tmux_program
from quarterdeck.tmux import one_call
from quarterdeck.tmux.quoting import unexpanded, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.core.pane import Client, ServerAddress, TmuxSessionId
    from quarterdeck.tmux.tmux_commands import TmuxCommands

CONSOLE_OPTION: Final = "@quarterdeck_console"
"""Server option that holds the console's pane, so that a key binding can go there without us."""
CONSOLE_PROCESS_OPTION: Final = "@quarterdeck_console_pid"
"""Server option that holds the console's process, so that a note left by a killed one is known."""
MOST_CONSOLES: Final = 100
READABLE_COMMAND: Final = ("sh", "-c", '"$@" || { printf "\\n%s" "Enter leads back. "; read -r _; }', CONSOLE_NAME)
"""Runs what follows: what a console says that could not start, or that failed, stays until it has been read."""


class Place(StrEnum):
    """Where this process runs, as seen from the server it works with."""

    PANE = "pane"
    POPUP = "popup"
    """A popup, or a command that tmux runs for a key: it has a client and no pane."""
    OUTSIDE = "outside"
    OTHER_SERVER = "other_server"


class Placement(NamedTuple):
    """The place this process runs in, and its pane where it has one."""

    place: Place
    pane_id: PaneId | None = None


def placement(address: ServerAddress, environment: Mapping[str, str] = os.environ) -> Placement:
    """Where a process with this environment runs. `TMUX` is `socket,server pid,session number`."""
    # Only the socket in it is sure to stay true.
    socket = environment.get("TMUX", "").rsplit(",", 2)[0]
    if not socket:
        return Placement(Place.OUTSIDE)
    try:
        is_same = Path(socket).samefile(address.socket)
    except OSError:
        is_same = Path(socket) == Path(address.socket)
    if not is_same:
        return Placement(Place.OTHER_SERVER)
    # A popup gets no `TMUX_PANE` (3.3a).
    pane = pane_id_of(environment.get("TMUX_PANE", ""))
    return Placement(Place.PANE, pane) if pane is not None else Placement(Place.POPUP)


def own_pane(address: ServerAddress) -> PaneId | None:
    """The pane this process runs in, if that is one of the server's."""
    return placement(address).pane_id


def pane_id_of(text: str) -> PaneId | None:
    """The id that a text is; None when it is none."""
    return PaneId(text) if re.fullmatch(r"%\d+", text) else None


async def go(commands: TmuxCommands, where: Placement, pane_id: PaneId, *, client: str | None = None) -> None:
    """Show a pane on the operator's terminal; in a popup the caller then ends, which closes it.

    Raises Refused with the command to type where tmux cannot do it: outside (the caller may run `attach_argv`
    itself), and from a pane of another server.
    """
    if where.place is Place.OTHER_SERVER:
        raise Refused(
            "That session is on another tmux server than this terminal.",
            hint=f"Type: {crossing_command(commands.address, pane_id)}",
        )
    if where.place is Place.OUTSIDE:
        raise Refused(
            "This terminal is not in tmux.", hint=f"Type: {shlex.join(attach_argv(commands.address, pane_id))}"
        )
    if pane_id == where.pane_id:
        raise Refused("That is the pane you are in.")
    await commands.switch_client(client or await client_here(commands, where), pane_id)


async def back(commands: TmuxCommands, where: Placement, *, client: str | None = None) -> None:
    """Return to the console that runs on this server."""
    pane_id = await console_pane(commands)
    if pane_id is None:
        with suppress(TmuxRefused):
            # What is no tmux at all knows of no console either.
            await commands.incarnation()
        raise NotFound("No console runs on this tmux server.", hint="Start one: quarterdeck")
    if where.place in {Place.OUTSIDE, Place.OTHER_SERVER}:
        # A script, or another terminal, sends back whoever typed last at this server.
        clients = await commands.clients()
        if not clients and client is None:
            raise Refused(
                "No terminal is attached to this tmux server.", hint="`quarterdeck attach` shows a session here."
            )
        await commands.switch_client(client or await newest(commands, clients), pane_id)
        return
    await go(commands, where, pane_id, client=client)


async def client_here(commands: TmuxCommands, where: Placement) -> str:
    """The terminal the operator types this on: of those that may be it, the one with the newest key press.

    A popup says nothing certain about its terminal (its `TMUX` names the session that was newest when it opened), so
    there all of them may be it, and the key that was just pressed decides.
    """
    possible: Sequence[Client] = await commands.clients()
    session = None
    if where.pane_id is not None:
        session = await commands.session_of(where.pane_id)
        possible = [known for known in possible if known.pane_id == where.pane_id] or [
            known for known in possible if known.tmux_id == session
        ]
    if not possible:
        raise Refused("No terminal shows this pane.", hint="Attach to its session first.")
    return await newest(commands, possible, session)


async def newest(commands: TmuxCommands, possible: Sequence[Client], session: TmuxSessionId | None = None) -> str:
    """Of these terminals the one with the newest key press, in one session or in all."""
    if len(possible) > 1:
        # tmux knows the newest key press to the microsecond, and tells it in seconds.
        newest = await commands.newest_client(session)
        possible = [known for known in possible if known.name == newest] or possible
    return max(possible, key=lambda client: (client.activity, "focused" in client.flags)).name


async def remember_console(commands: TmuxCommands, pane_id: PaneId) -> None:
    """Note at the server where the console is."""
    await commands.set_option(CONSOLE_OPTION, pane_id)
    await commands.set_option(CONSOLE_PROCESS_OPTION, str(os.getpid()))


async def forget_console(commands: TmuxCommands, pane_id: PaneId) -> None:
    """Take the note back, unless it is another console's by now."""
    if await commands.option(CONSOLE_OPTION) == pane_id:
        await commands.set_option(CONSOLE_OPTION, None)
        await commands.set_option(CONSOLE_PROCESS_OPTION, None)


async def console_pane(commands: TmuxCommands) -> PaneId | None:
    """The console's pane, if the note is still true: the pane is there, and so is the console's process."""
    pane_id = pane_id_of(await commands.option(CONSOLE_OPTION) or "")
    process = await commands.option(CONSOLE_PROCESS_OPTION) or ""
    if pane_id is None or not _runs(process) or await commands.session_of(pane_id) is None:
        return None
    return pane_id


async def ensure_console(commands: TmuxCommands, program: Sequence[str]) -> PaneId:
    """The pane of the console that runs, or of one started now; two presses of the key start one."""
    for number in count(1):
        found = await console_pane(commands)
        if found is not None:
            return found
        # A session of this name may be the operator's own: theirs is left alone.
        name = CONSOLE_NAME if number == 1 else f"{CONSOLE_NAME}-{number}"
        target = f"={name}:"
        # One command line for tmux: whoever sees the session sees the note of it too.
        ran = await one_call.run(
            commands.address,
            *words("new-session", "-d", "-s", unexpanded(name), "-n", "console", "--", *READABLE_COMMAND, *program),
            *(";", "set-option", "-s", "-F", "-t", target, CONSOLE_OPTION, "#{pane_id}"),
            *(";", "set-option", "-s", "-F", "-t", target, CONSOLE_PROCESS_OPTION, "#{pane_pid}"),
            # Leaving the console must not throw its operator out of tmux.
            *(";", "set-option", "-t", target, "detach-on-destroy", "off"),
        )
        taken = ran.err.startswith("duplicate session")
        if ran.exit_code and (not taken or number == MOST_CONSOLES):
            raise one_call.failure(commands.address, ran.err)
        if not ran.exit_code:
            break
    made = await console_pane(commands)
    if made is None:
        raise TmuxRefused("The console ended at once.", hint="Type: quarterdeck")
    return made


def attach_argv(address: ServerAddress, pane_id: PaneId) -> list[str]:
    """The command that shows a pane on a terminal outside tmux; run it with `process.child_environment`."""
    return [tmux_program(), "-S", address.socket, "attach-session", "-t", pane_id]


def crossing_command(address: ServerAddress, pane_id: PaneId) -> str:
    """What to type in another server's pane: its terminal leaves that server and shows the pane."""
    return shlex.join([tmux_program(), "detach-client", "-E", shlex.join(attach_argv(address, pane_id))])


def _runs(process: str) -> bool:
    if not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True
