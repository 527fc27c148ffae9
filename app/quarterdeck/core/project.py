"""A project as operations see it: the repository, and how its sessions are started."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from quarterdeck.core.work import Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Strategy(StrEnum):
    """What happens to an earlier session of the same purpose."""

    REUSE = "reuse"
    DELETE = "delete"
    IGNORE = "ignore"


_STRATEGY_ALIASES = {
    "kill-previous": Strategy.DELETE,
    "delete-new": Strategy.DELETE,
    "ignore-new": Strategy.IGNORE,
}


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the operator's to be run in a new worktree: an argument list, or a line for the shell."""

    argv: tuple[str, ...] = ()
    shell: str = ""

    @property
    def text(self) -> str:
        """As it is shown."""
        return self.shell or " ".join(self.argv)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """How the sessions of one role are started; None and empty leave it to the next wider setting."""

    agent: str | None = None
    model: str | None = None
    permissions: str | None = None
    subagent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One project, with the defaults already filled in."""

    name: str
    path: Path
    prefix: str
    default_branch: str | None = None
    """None asks the repository."""
    repo: str | None = None
    """`owner/name` at its forge, where it has one."""
    crew: Crew = Crew()
    workers: Crew = Crew()
    orchestrator: Crew = Crew()
    defaults: Crew = Crew()
    default_workers: Crew = Crew()
    default_orchestrator: Crew = Crew()
    tracker: str | None = None
    scm: str | None = None
    tracker_options: Mapping[str, str] = field(default_factory=dict)
    symlinks: tuple[str, ...] = ()
    post_create: tuple[Command, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""
    rules_file: str = ""
    orchestrator_rules: str = ""
    orchestrator_strategy: Strategy = Strategy.REUSE
    issue_strategy: Strategy = Strategy.REUSE


def choose_crew(project: Project, role: Role, *, kept_agent: str | None = None, asked: Crew | None = None) -> Crew:
    """Who starts: what a session was started with before, then what is asked, then narrow settings before wide ones."""
    mine, default = (
        (project.orchestrator, project.default_orchestrator)
        if role is Role.ORCHESTRATOR
        else (project.workers, project.default_workers)
    )
    chain = (asked or Crew(), mine, project.crew, default, project.defaults)

    def first(name: str) -> str | None:
        return next((value for crew in chain if (value := getattr(crew, name))), None)

    permissions = None if role is Role.ORCHESTRATOR else normal_permissions(first("permissions"))
    return Crew(
        agent=kept_agent or first("agent"),
        model=first("model"),
        permissions="permissionless" if role is Role.ORCHESTRATOR else permissions,
        subagent=first("subagent"),
    )


_PERMISSIONS = frozenset({"permissionless", "default", "auto-edit", "suggest"})


def normal_permissions(text: str | None) -> str | None:
    """A permission mode by its one name; None for one we do not know."""
    if text == "skip":
        return "permissionless"
    return text if text in _PERMISSIONS else None


def normal_strategy(text: str | None) -> Strategy:
    """A strategy by its one name; reuse where none is given."""
    word = (text or "").strip().lower()
    return _STRATEGY_ALIASES.get(word) or (Strategy(word) if word in set(Strategy) else Strategy.REUSE)


_PROJECT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def is_project_name(name: str) -> bool:
    """Whether a name may be a project's, and so a folder's."""
    return bool(_PROJECT_NAME.fullmatch(name))


def suggest_prefix(name: str) -> str:
    """A short prefix for a project's session ids: short names whole, capitals, initials, else three letters."""
    word = re.sub(r"[^A-Za-z0-9_-]", "", name).strip("-_")
    if len(word) <= 4:
        return word.lower() or "qd"
    capitals = re.sub(r"[^A-Z]", "", word)
    if len(capitals) >= 2 and not word.isupper():
        return capitals.lower()
    pieces = [piece for piece in re.split(r"[-_]+", word) if piece]
    if len(pieces) > 1:
        return "".join(piece[0] for piece in pieces).lower()
    return word[:3].lower()


def shared_prefixes(projects: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """The prefixes that more than one project uses, each with its projects: their ids would be the same."""
    users: dict[str, list[str]] = {}
    for name, prefix in projects.items():
        users.setdefault(prefix.casefold(), []).append(name)
    return [(prefix, names) for prefix, names in users.items() if len(names) > 1]


def project_at(projects: Mapping[str, Project], folder: Path) -> Project | None:
    """The project a folder lies in; the innermost where several do."""
    holding = [project for project in projects.values() if folder == project.path or project.path in folder.parents]
    return max(holding, key=lambda project: len(project.path.parts), default=None)
