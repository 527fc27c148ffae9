"""A session of the console's own, made when its key is pressed and no console runs."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final

from quarterdeck.core.session_names import CONSOLE_NAME
from quarterdeck.errors import TmuxRefused
from quarterdeck.tmux import one_call
from quarterdeck.tmux.navigation import CONSOLE_OPTION, CONSOLE_PROCESS_OPTION, console_pane
from quarterdeck.tmux.quoting import unexpanded, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.pane import PaneId
    from quarterdeck.tmux.tmux_commands import TmuxCommands

MOST: Final = 100
READABLE: Final = ("sh", "-c", '"$@" || { printf "\\n%s" "Enter leads back. "; read -r _; }', CONSOLE_NAME)
"""Runs what follows: what a console says that could not start, or that failed, stays until it has been read."""


async def ensure_console(commands: TmuxCommands, program: Sequence[str]) -> PaneId:
    """The pane of the console that runs, or of one started now; two presses of the key start one."""
    for number in count(1):
        found = await console_pane(commands)
        if found is not None:
            return found
        # A session of this name may be the operator's own: theirs is left alone.
        name = CONSOLE_NAME if number == 1 else f"{CONSOLE_NAME}-{number}"
        ran = await one_call.run(commands.address, *_new_session(name, program))
        taken = ran.err.startswith("duplicate session")
        if ran.exit_code and (not taken or number == MOST):
            raise one_call.failure(commands.address, ran.err)
        if not ran.exit_code:
            break
    made = await console_pane(commands)
    if made is None:
        raise TmuxRefused("The console ended at once.", hint="Type: quarterdeck")
    return made


def _new_session(name: str, program: Sequence[str]) -> list[str]:
    """One command line for tmux: whoever sees the session sees the note of it too."""
    target = f"={name}:"
    return [
        *words("new-session", "-d", "-s", unexpanded(name), "-n", "console", "--", *READABLE, *program),
        *(";", "set-option", "-s", "-F", "-t", target, CONSOLE_OPTION, "#{pane_id}"),
        *(";", "set-option", "-s", "-F", "-t", target, CONSOLE_PROCESS_OPTION, "#{pane_pid}"),
        # Leaving the console must not throw its operator out of tmux.
        *(";", "set-option", "-t", target, "detach-on-destroy", "off"),
    ]
