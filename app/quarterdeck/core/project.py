"""A project as operations see it: the repository, and how its sessions are started."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.work import Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Strategy(StrEnum):
    """What happens to an earlier session of the same purpose."""

    REUSE = "reuse"
    DELETE = "delete"
    IGNORE = "ignore"


class SetupCommand(Struct, frozen=True):
    """One command of the operator's to be run in a new worktree: an argument list, or a line for the shell."""

    argv: tuple[str, ...] = ()
    shell: str = ""

    @property
    def text(self) -> str:
        """As it is shown."""
        return self.shell or " ".join(self.argv)


class AgentChoice(Struct, frozen=True, kw_only=True):
    """How the sessions of one role are started; None and empty leave it to the next wider setting."""

    agent: str | None = None
    model: str | None = None
    permissions: str | None = None
    subagent: str | None = None


class Project(Struct, frozen=True, kw_only=True):
    """One project, with the defaults already filled in."""

    name: str
    path: Path
    prefix: str
    default_branch: str | None = None
    """None asks the repository."""
    repo: str | None = None
    """`owner/name` at its forge, where it has one."""
    agent_choice: AgentChoice = AgentChoice()
    workers: AgentChoice = AgentChoice()
    orchestrator: AgentChoice = AgentChoice()
    defaults: AgentChoice = AgentChoice()
    default_workers: AgentChoice = AgentChoice()
    default_orchestrator: AgentChoice = AgentChoice()
    tracker: str | None = None
    scm: str | None = None
    tracker_options: Mapping[str, str] = field(default_factory=dict)
    tracker_files: tuple[str, ...] = ("TODO.md",)
    symlinks: tuple[str, ...] = ()
    post_create: tuple[SetupCommand, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""
    rules_file: str = ""
    orchestrator_rules: str = ""
    orchestrator_strategy: Strategy = Strategy.REUSE
    issue_strategy: Strategy = Strategy.REUSE


def choose_agent(
    project: Project, role: Role, *, kept_agent: str | None = None, asked: AgentChoice | None = None
) -> AgentChoice:
    """Who starts: what a session was started with before, then what is asked, then narrow settings before wide ones."""
    mine, default = (
        (project.orchestrator, project.default_orchestrator)
        if role is Role.ORCHESTRATOR
        else (project.workers, project.default_workers)
    )
    chain = (asked or AgentChoice(), mine, project.agent_choice, default, project.defaults)

    def first(name: str) -> str | None:
        return next((value for agent_choice in chain if (value := getattr(agent_choice, name))), None)

    return AgentChoice(
        agent=kept_agent or first("agent"),
        model=first("model"),
        permissions="permissionless" if role is Role.ORCHESTRATOR else first("permissions"),
        subagent=first("subagent"),
    )


def is_project_name(name: str) -> bool:
    """Whether a name may be a project's, and so a folder's."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", name) is not None


def project_at(projects: Mapping[str, Project], folder: Path) -> Project | None:
    """The project a folder lies in; the innermost where several do."""
    holding = [project for project in projects.values() if folder == project.path or project.path in folder.parents]
    return max(holding, key=lambda project: len(project.path.parts), default=None)
