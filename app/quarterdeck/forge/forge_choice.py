"""Which tracker and which forge a project has: as its settings say, else as its remote tells."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, TypeVar

from quarterdeck.forge.git_command import git
from quarterdeck.forge.linear import LinearTracker
from quarterdeck.forge.markdown import MarkdownTracker
from quarterdeck.forge.tool_forges import GitHub, GitLab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from quarterdeck.core.project import Project
    from quarterdeck.forge.tool_forges import ToolForge
    from quarterdeck.ports.forge import Scm, Tracker

T = TypeVar("T")

_ADDRESS = re.compile(r"(?:[a-z+]+://)?(?:[^@/]+@)?(?P<host>[^:/]+)(?::\d+/|[:/]).+?(?:\.git)?/?")
_FORGES = {"github": GitHub, "gitlab": GitLab}


def host_in(address: str) -> str:
    """The host that a remote's address names; "" for a folder on this machine."""
    match = None if address.startswith(("/", ".", "file:")) else _ADDRESS.fullmatch(address.strip())
    return match["host"].lower() if match else ""


class Forges:
    """The trackers and forges of all projects, made when first asked for and kept, with what they hold."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._hosts: dict[Path, str] = {}
        self._trackers: dict[str, tuple[Project, Tracker | None]] = {}
        self._scms: dict[str, tuple[Project, Scm | None]] = {}
        """Each with the project as it was, because its settings may change."""

    async def learn(self, projects: Iterable[Project]) -> None:
        """Ask each repository for its remote, so that `tracker` and `scm` can answer."""

        async def one(project: Project) -> None:
            result = await git(project.path, "config", "--get", "remote.origin.url")
            self._hosts[project.path] = host_in(result.out.strip()) if result.ok else ""

        unknown = [project for project in projects if project.path not in self._hosts and project.path.is_dir()]
        await asyncio.gather(*map(one, unknown))

    def tracker(self, project: Project) -> Tracker | None:
        """The project's tracker; None when it has none."""
        return _held(self._trackers, project, lambda: self._make_tracker(project))

    def scm(self, project: Project) -> Scm | None:
        """The project's forge; None when it has none."""
        return _held(self._scms, project, lambda: self._make_forge(project, project.scm))

    def _make_tracker(self, project: Project) -> Tracker | None:
        if project.tracker == "linear":
            told = {name: project.tracker_options.get(name, "") for name in ("key_variable", "team")}
            return LinearTracker(self._environ, **told)
        if project.tracker == "files":
            return MarkdownTracker(project.path, project.tracker_files)
        return self._make_forge(project, project.tracker)

    def _make_forge(self, project: Project, wanted: str | None) -> ToolForge | None:
        if wanted in (None, "auto"):
            host = self._hosts.get(project.path, "")
            wanted = next((name for name in _FORGES if name in host), None)
        make = _FORGES.get(wanted or "")
        return make(project.path, project.repo) if make else None


def _held(held: dict[str, tuple[Project, T]], project: Project, make: Callable[[], T]) -> T:
    """What was made for a project, made again when its settings are others."""
    known = held.get(project.name)
    if known is None or known[0] != project:
        known = held[project.name] = (project, make())
    return known[1]
