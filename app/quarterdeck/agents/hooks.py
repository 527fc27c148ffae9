"""What it takes to make an agent report: in the user's own files, and for agents that we start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.ports.agent import HookPlan, HookStatus, Launch, LaunchPlan


class HookSetup(Protocol):
    """How one kind of agent is made to report."""

    def plan(self, *, install: bool, spool: Path, home: Path | None) -> HookPlan:
        """The change to the user's own file."""

    def status(self, *, spool: Path, home: Path | None) -> HookStatus:
        """Whether the user's own file holds our hooks."""

    def for_launch(self, plan: LaunchPlan, wanted: Launch) -> LaunchPlan:
        """The launch with hooks in it, leaving the user's own files alone."""
