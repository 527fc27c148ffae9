"""`watch --print-unit`: watching as a service of the user's systemd."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from quarterdeck.cli.invocation import own_command_with
from quarterdeck.cli.output import write
from quarterdeck.programs import TMUX_VARIABLE, chosen_tmux

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.cli.call import Call

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


def print_unit(call: Call) -> int:
    """Print the unit file."""
    words = own_command_with(call)
    if "-S" not in words:
        # A service runs in no session, so it must be told the server that is meant here.
        words += ["-S", call.address.socket]
    chosen = {TMUX_VARIABLE: chosen_tmux()} if chosen_tmux() else {}
    write(unit([*words, "watch"], {"PATH": os.environ.get("PATH", os.defpath)} | chosen))
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
