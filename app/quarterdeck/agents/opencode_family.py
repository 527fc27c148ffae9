"""What tells the programs of OpenCode's family apart: names, folders and titles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.agents.agent_files import agent_folder

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.ports.agent_process import AgentHome


class OpenCodeFamily(Struct, frozen=True, kw_only=True):
    """One program of the family, by what differs in it."""

    key: str
    """Our short name of it."""
    name: str
    """As shown."""
    folder: str
    """Its folder among the user's data and settings."""
    title: str
    """The pane's title while it shows no conversation, or one that has no name yet."""
    named: str
    """Stands in the pane's title before the name of a conversation."""
    programs: tuple[str, ...]
    """Names of its program's file."""
    variables: str
    """Beginning of the environment variables of its server."""

    @property
    def password(self) -> str:
        """The variable that says what its server wants to be asked with."""
        return f"{self.variables}PASSWORD"

    def data(self, home: AgentHome | None) -> Path:
        """Where it keeps its conversations and its log."""
        return agent_folder("XDG_DATA_HOME", home, ".local/share") / self.folder

    def database(self, home: AgentHome | None) -> Path:
        """The database of its conversations."""
        return self.data(home) / f"{self.folder}.db"

    def config(self, home: AgentHome | None) -> Path:
        """Where it keeps its settings and plugins."""
        return agent_folder("XDG_CONFIG_HOME", home, ".config") / self.folder


OPENCODE = OpenCodeFamily(
    key="opencode",
    name="OpenCode",
    folder="opencode",
    title="OpenCode",
    named="OC | ",
    programs=("opencode", "opencode.exe", ".opencode"),
    variables="OPENCODE_SERVER_",
)

KILO = OpenCodeFamily(
    key="kilo",
    name="Kilo",
    folder="kilo",
    title="Kilo CLI",
    named="Kilo CLI | ",
    programs=("kilo", ".kilo", "kilo.exe"),
    variables="KILO_SERVER_",
)
