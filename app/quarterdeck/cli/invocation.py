"""How this program is called again: by a key of tmux, in a session of its own, by a service."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.programs import TMUX_VARIABLE, chosen_tmux
from quarterdeck.roots import HOME_VARIABLE

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call

OUR_COMMANDS = frozenset({"quarterdeck", "qd"})


def own_command() -> list[str]:
    """The words that start this program from anywhere, whatever PATH is there."""
    started_as = Path(sys.argv[0])
    if started_as.name in OUR_COMMANDS and os.access(started_as, os.X_OK):
        # Not resolved: the link that an installer made outlives the version behind it.
        return [str(started_as.absolute())]
    return [sys.executable, "-m", "quarterdeck"]


def own_command_with(call: Call) -> list[str]:
    """The same, on the tmux server and in the home that this call named."""
    words = own_command()
    options = call.options
    if options.socket_path is not None or options.socket_name is not None:
        words += ["-S", call.address.socket]
    if options.home is not None or os.environ.get(HOME_VARIABLE):
        words += ["--home", str(call.places.home)]
    return words


def own_command_in_tmux(call: Call) -> list[str]:
    """The same, for a tmux server to start: what it starts has its environment, which may choose no tmux."""
    chosen = chosen_tmux()
    return [*(("env", f"{TMUX_VARIABLE}={chosen}") if chosen else ()), *own_command_with(call)]
