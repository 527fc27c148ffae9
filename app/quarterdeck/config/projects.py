"""Settings of projects: repositories in which agents are spawned."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from quarterdeck.config.fields import Environment, Section, Texts, WholePath, matching, wrong
from quarterdeck.core.project import is_project_name

if TYPE_CHECKING:
    from collections.abc import Mapping

Permissions = Literal["default", "suggest", "auto-edit", "permissionless"]
Strategy = Literal["reuse", "delete", "ignore"]
Prefix = Annotated[str, matching(r"[a-zA-Z0-9_-]+", "letters, digits, - and _ only")]


def _is_relative(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if Path(value).is_absolute() or ".." in Path(value).parts:
            raise wrong(f"paths inside the repository, unlike {value!r}")
    return values


class RoleSettings(Section):
    """What a worker or an orchestrator gets, in place of what the project gives."""

    agent: str = ""
    """Agent to start."""
    model: str = ""
    """Model the agent uses; empty leaves it to the agent."""
    permissions: Permissions | None = None
    """What the agent may do without asking."""
    subagent: str = ""
    """Persona the agent takes on, where it knows such."""


class Defaults(Section):
    """What holds for every project that does not say otherwise."""

    agent: str = "claude"
    """Agent to start; `n` in the console begins with it, too."""
    model: str = ""
    """Model the agent uses; empty leaves it to the agent."""
    permissions: Permissions = "default"
    """What an agent may do without asking; `permissionless` is everything."""
    subagent: str = ""
    """Persona the agent takes on, where it knows such."""
    worker: RoleSettings = RoleSettings()
    """Other values for workers."""
    orchestrator: RoleSettings = RoleSettings()
    """Other values for orchestrators."""


class TrackerSettings(Section):
    """Where a project's issues are."""

    kind: Literal["auto", "github", "gitlab", "linear", "files", "none"] = "auto"
    """`auto` goes by the repository's remote; `files` reads Markdown and TODO files in the repository."""
    team: str = ""
    """Linear's team key."""
    key_variable: str = "LINEAR_API_KEY"
    """Environment variable that holds Linear's key."""
    files: Texts = ("TODO.md",)
    """Files, or patterns of files, that hold the issues; for `files`."""


class ProjectSettings(Section):
    """One repository and how agents work in it."""

    path: WholePath
    """The repository's folder."""
    display: str = Field(default="", max_length=80)
    """Name shown in place of the project's own."""
    session_prefix: Prefix = Field(default="", max_length=30)
    """What the ids of its sessions begin with; empty makes one from the folder's name."""
    repo: str = ""
    """`owner/name` at its forge; empty goes by the remote."""
    default_branch: str = ""
    """Branch that new work begins from; empty asks git, and else is `main`."""
    agent: str = ""
    """Agent to start; empty is that of [defaults]."""
    model: str = ""
    """Model the agent uses."""
    permissions: Permissions | None = None
    """What an agent may do without asking."""
    subagent: str = ""
    """Persona the agent takes on, where it knows such."""
    worker: RoleSettings = RoleSettings()
    """Other values for workers."""
    orchestrator: RoleSettings = RoleSettings()
    """Other values for the orchestrator."""
    env: Environment
    """Environment that agents get on top of ours."""
    tracker: TrackerSettings = TrackerSettings()
    """Where the issues are."""
    scm: Literal["auto", "github", "gitlab", "none"] = "auto"
    """Where pull requests are; `auto` goes by the remote."""
    symlinks: Annotated[Texts, AfterValidator(_is_relative)] = ()
    """Files and folders of the repository that every worktree shares, such as `.env`."""
    post_create: tuple[str | tuple[str, ...], ...] = ()
    """What runs in a new worktree: a list is a program with its arguments, a text goes to `sh -c`."""
    disposable: Texts = ()
    """Names of files that git ignores and that can be had again, such as `dist`; caches are known anyway."""
    rules: str = ""
    """Instructions for every agent of the project."""
    rules_file: str = ""
    """File in the repository that holds such instructions."""
    orchestrator_rules: str = ""
    """Instructions for the orchestrator alone."""
    orchestrator_strategy: Strategy = "reuse"
    """What becomes of an orchestrator's earlier conversation: take it up, delete it, or leave it and begin anew."""
    opencode_issue_strategy: Strategy = "reuse"
    """What becomes of OpenCode's earlier conversation about the same issue."""

    @property
    def prefix(self) -> str:
        """What its session ids begin with."""
        return self.session_prefix or prefix_for(self.path.name)


def prefix_for(folder: str) -> str:
    """The session prefix made from a folder's name: short, lower case, easy to recognise."""
    name = re.sub(r"[^a-zA-Z0-9_-]", "", folder).strip("-_")
    capitals = re.findall(r"[A-Z]", name)
    parts = [part for part in re.split(r"[-_]", name) if part]
    if not name:
        return "qd"
    if len(name) <= 4:
        return name.lower()
    if len(parts) > 1:
        return "".join(part[0] for part in parts).lower()
    if len(capitals) > 1:
        return "".join(capitals).lower()
    return name[:3].lower()


def check_projects(projects: Mapping[str, ProjectSettings]) -> None:
    """Refuse a name that cannot be a folder's, and two projects with one session prefix: their ids would clash."""
    taken: dict[str, str] = {}
    for name, project in projects.items():
        if not is_project_name(name):
            raise wrong("a project name of letters, digits, dots, - and _", at=f"projects.{name}")
        prefix = project.prefix.lower()
        if prefix in taken:
            free = next(f"{prefix}{number}" for number in range(2, 1000) if f"{prefix}{number}" not in taken)
            raise wrong(
                f"another prefix than {project.prefix!r}, which project {taken[prefix]!r} has, such as {free!r}",
                at=f"projects.{name}.session_prefix",
            )
        taken[prefix] = name
