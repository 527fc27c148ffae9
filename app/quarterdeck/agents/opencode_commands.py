"""The slash commands that an operator has written for OpenCode."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.agents.command_files import command_names

if TYPE_CHECKING:
    from collections.abc import Collection

    from quarterdeck.agents.opencode_family import OpenCodeFamily
    from quarterdeck.ports.agent_process import AgentHome

_FOLDERS = ("command", "commands")


def own_commands(family: OpenCodeFamily, home: AgentHome | None, cwd: str) -> Collection[str]:
    """Those of the operator and those of the folder, each by the name of its file."""
    bases = (family.config(home), Path(cwd) / f".{family.folder}")
    return {name for base in bases for folder in _FOLDERS for name in command_names(base / folder, (".md",))}
