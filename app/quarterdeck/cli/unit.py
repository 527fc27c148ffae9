"""`watch --print-unit`: watching as a service of the user's systemd."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from quarterdeck.cli.invocation import own_command_with
from quarterdeck.cli.output import write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.cli.call import Call

_UNIT = """\
# Save this as ~/.config/systemd/user/quarterdeck.service, then:
#   systemctl --user enable --now quarterdeck
[Unit]
Description=Quarterdeck watches the agents in tmux
Documentation=man:quarterdeck(1)

[Service]
ExecStart={command}
Environment={path}
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
    write(unit([*words, "watch"], os.environ.get("PATH", os.defpath)))
    return 0


def unit(command: Sequence[str], path: str) -> str:
    """The unit that runs this command. Pure."""
    return _UNIT.format(command=" ".join(map(word, command)), path=_in_quotes(f"PATH={path}", dollar="$"))


def word(text: str) -> str:
    """A word of `ExecStart=`, in which systemd expands nothing."""
    escaped = text.replace("%", "%%").replace("$", "$$")
    return escaped if _PLAIN.fullmatch(text) else _in_quotes(text, dollar="$$")


def _in_quotes(text: str, *, dollar: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("%", "%%").replace("$", dollar) + '"'
