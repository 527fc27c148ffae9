"""The slash commands that an operator has written for OpenCode."""

from __future__ import annotations

import itertools
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from quarterdeck.agents.opencode_family import OpenCodeFamily
    from quarterdeck.ports.agent_process import AgentHome

MOST_COMMANDS = 500
_FOLDERS = ("command", "commands")


def own_commands(family: OpenCodeFamily, home: AgentHome | None, cwd: str) -> Collection[str]:
    """Those of the operator and those of the folder, each by the name of its file."""
    found: set[str] = set()
    for base in (family.config(home), Path(cwd) / f".{family.folder}"):
        for folder in _FOLDERS:
            # One that is not there, or may not be read, holds none.
            with suppress(OSError), os.scandir(base / folder) as entries:
                names = itertools.islice((entry.name for entry in entries), MOST_COMMANDS)
                found |= {name.removesuffix(".md") for name in names if name.endswith(".md")}
    return found
