"""How this program is called again: by a key of tmux, in a session of its own, by a service."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.cli.output import write
from quarterdeck.programs import TMUX_VARIABLE, chosen_tmux
from quarterdeck.roots import HOME_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.cli.call import Call

OUR_COMMANDS = frozenset({"quarterdeck", "qd"})
_UNIT = """\
# Save this as ~/.config/systemd/user/quarterdeck.service, then:
#   systemctl --user enable --now quarterdeck
[Unit]
Description=Quarterdeck watches the agents in tmux
Documentation=man:quarterdeck(1)

[Service]
ExecStart={command}
{environment}
Restart=on-failure
RestartSec=5
# What it starts, such as a program that is told of a need, may end by itself.
KillMode=mixed

[Install]
WantedBy=default.target
"""
_PLAIN = re.compile(r"[A-Za-z0-9_@+=:,./-]+")


def own_command_with(call: Call, *, names_server: bool = False) -> list[str]:
    """The words that start this program from anywhere, on the tmux server and in the home that this call named."""
    # `names_server` names also a server that the call did not name.
    started_as, options = Path(sys.argv[0]), call.options
    words = [sys.executable, "-m", "quarterdeck"]
    if started_as.name in OUR_COMMANDS and os.access(started_as, os.X_OK):
        # Not resolved: the link that an installer made outlives the version behind it.
        words = [str(started_as.absolute())]
    if names_server or options.socket_path is not None or options.socket_name is not None:
        words += ["-S", call.address.socket]
    if options.home is not None or os.environ.get(HOME_VARIABLE):
        words += ["--home", str(call.places.home)]
    return words


def own_command_in_tmux(call: Call) -> list[str]:
    """The same, for a tmux server to start: what it starts has its environment, which may choose no tmux."""
    chosen = chosen_tmux()
    return [*(("env", f"{TMUX_VARIABLE}={chosen}") if chosen else ()), *own_command_with(call)]


def print_unit(call: Call) -> int:
    """Print the unit file."""
    # A service runs in no session, so it must be told the server that is meant here.
    words = [*own_command_with(call, names_server=True), "watch"]
    chosen = {TMUX_VARIABLE: chosen_tmux()} if chosen_tmux() else {}
    write(unit(words, {"PATH": os.environ.get("PATH", os.defpath)} | chosen))
    return 0


def unit(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """The unit that runs this command. Pure."""
    variables = (_in_quotes(f"{name}={value}", dollar="$") for name, value in environment.items())
    return _UNIT.format(
        command=" ".join(map(word, command)), environment="\n".join(f"Environment={each}" for each in variables)
    )


def word(text: str) -> str:
    """A word of `ExecStart=`, in which systemd expands nothing."""
    escaped = text.replace("%", "%%").replace("$", "$$")
    return escaped if _PLAIN.fullmatch(text) else _in_quotes(text, dollar="$$")


def _in_quotes(text: str, *, dollar: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("%", "%%").replace("$", dollar) + '"'
