"""Which tracker and which forge a project has: as its settings say, else as its remote tells."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from quarterdeck.forge.git_command import git
from quarterdeck.forge.github import GitHubScm, GitHubTracker
from quarterdeck.forge.gitlab import GitLabScm, GitLabTracker
from quarterdeck.forge.linear import LinearTracker
from quarterdeck.forge.markdown import MarkdownTracker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from quarterdeck.core.project import Project
    from quarterdeck.ports.scm import Scm
    from quarterdeck.ports.tracker import Tracker

T = TypeVar("T")

_ADDRESS = re.compile(r"(?:[a-z+]+://)?(?:[^@/]+@)?(?P<host>[^:/]+)(?::\d+/|[:/])(?P<path>.+?)(?:\.git)?/?")


class Remote(Struct, frozen=True):
    """A repository at a forge, as its remote's address names it."""

    host: str
    repo: str
    """`owner/name`, with groups where there are any."""


def parse_remote(address: str) -> Remote | None:
    """Read a remote's address; None for a folder on this machine."""
    if address.startswith(("/", ".", "file:")):
        return None
    match = _ADDRESS.fullmatch(address.strip())
    return Remote(match["host"].lower(), match["path"].strip("/")) if match else None


class Forges:
    """The trackers and forges of all projects, made when first asked for and kept, with what they hold."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._remotes: dict[Path, Remote | None] = {}
        self._trackers: dict[str, tuple[Project, Tracker | None]] = {}
        self._scms: dict[str, tuple[Project, Scm | None]] = {}
        """Each with the project as it was, because its settings may change."""

    async def learn(self, projects: Iterable[Project]) -> None:
        """Ask each repository for its remote, so that `tracker` and `scm` can answer."""

        async def one(project: Project) -> None:
            result = await git(project.path, "config", "--get", "remote.origin.url")
            self._remotes[project.path] = parse_remote(result.out.strip()) if result.ok else None

        unknown = [project for project in projects if project.path not in self._remotes and project.path.is_dir()]
        await asyncio.gather(*map(one, unknown))

    def tracker(self, project: Project) -> Tracker | None:
        """The project's tracker; None when it has none."""
        return _held(self._trackers, project, self._make_tracker)

    def scm(self, project: Project) -> Scm | None:
        """The project's forge; None when it has none."""
        return _held(self._scms, project, self._make_scm)

    def _make_scm(self, project: Project) -> Scm | None:
        match self._kind(project, project.scm):
            case "github":
                return GitHubScm(project.path, project.repo)
            case "gitlab":
                return GitLabScm(project.path, project.repo)
            case _:
                return None

    def _make_tracker(self, project: Project) -> Tracker | None:
        options = project.tracker_options
        match self._kind(project, project.tracker):
            case "github":
                return GitHubTracker(project.path, project.repo)
            case "gitlab":
                return GitLabTracker(project.path, project.repo)
            case "linear":
                variable = options.get("key_variable") or "LINEAR_API_KEY"
                return LinearTracker(self._environ, key_variable=variable, team=options.get("team", ""))
            case "files":
                return MarkdownTracker(project.path, project.tracker_files)
            case _:
                return None

    def _kind(self, project: Project, wanted: str | None) -> str:
        if wanted not in (None, "auto"):
            return str(wanted)
        remote = self._remotes.get(project.path)
        host = remote.host if remote else ""
        return "github" if "github" in host else "gitlab" if "gitlab" in host else "none"


def _held(held: dict[str, tuple[Project, T]], project: Project, make: Callable[[Project], T]) -> T:
    """What was made for a project, made again when its settings are others."""
    known = held.get(project.name)
    if known is None or known[0] != project:
        known = held[project.name] = (project, make(project))
    return known[1]
