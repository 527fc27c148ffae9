"""An agent's process, and where it keeps its files by that process's own environment, which need not be ours."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct


class Program(Struct, frozen=True, kw_only=True):
    """One process of a pane, as the process table tells it."""

    pid: int
    command: str
    """Its short name."""
    argv: tuple[str, ...] = ()
    started: str = ""
    """Start time as the system counts it (Linux: ticks since boot), to tell a reused pid apart."""


class AgentHome(Struct, frozen=True):
    """The part of a process's environment that says where its files and its service are."""

    path: Path
    variables: tuple[tuple[str, str], ...] = ()
    """Names and values of those that its descriptor asks for (`AgentSpec.home_variables`) and that are set."""

    def variable(self, name: str) -> str:
        """What a variable is set to; "" when it is not set."""
        return dict(self.variables).get(name, "")

    def folder(self, variable: str, below_home: str) -> Path:
        """The folder that a variable names, or the usual one."""
        told = self.variable(variable)
        return Path(told) if told else self.path / below_home
