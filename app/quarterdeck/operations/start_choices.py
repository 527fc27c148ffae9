"""What a session can be started with on this machine: folders to start in, and agents."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.errors import UsageError
from quarterdeck.roots import current_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quarterdeck.ports.agent import Agents

FOLDER_DEPTH = 3
MOST_FOLDERS = 400
SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "target", "build", "dist", "site-packages"})


class Directory(Struct, frozen=True, kw_only=True):
    """A place to start a session in."""

    path: str
    is_repository: bool = False
    is_recent: bool = False


class Tools(Struct, frozen=True):
    """The agents that can be started here."""

    names: tuple[str, ...] = ()
    usual: str = ""
    """The one to begin with; "" when none is."""


def directories(recent: Iterable[str], cwds: Iterable[str], home: Path | None = None) -> list[Directory]:
    """Folders to start in: repositories first, recent ones among them on top. Blocking."""
    home = home or Path.home()
    known = [*recent, *cwds]
    # The folder we were started in may be gone, and then it is none to choose.
    with suppress(UsageError):
        known.append(current_folder())
    found: dict[str, Directory] = {}
    for path in dict.fromkeys(known):
        if Path(path).is_dir():
            found[path] = Directory(path=path, is_repository=(Path(path) / ".git").exists(), is_recent=True)
    for repository in _repositories(home):
        found.setdefault(str(repository), Directory(path=str(repository), is_repository=True))
    found.setdefault(str(home), Directory(path=str(home)))
    order = {path: place for place, path in enumerate(found)}
    return sorted(found.values(), key=lambda d: (not d.is_repository, not d.is_recent, order[d.path]))[:MOST_FOLDERS]


def _repositories(home: Path) -> Iterable[Path]:
    """Repositories near the home folder, breadth first; links are not followed and hidden folders left out."""
    level = [home]
    count = 0
    for _ in range(FOLDER_DEPTH):
        below: list[Path] = []
        for folder in level:
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError:
                # A folder that may not be read holds nothing we could start in.
                continue
            for entry in entries:
                if entry.name.startswith(".") or entry.name in SKIPPED or not entry.is_dir(follow_symlinks=False):
                    continue
                path = Path(entry.path)
                if (path / ".git").exists():
                    yield path
                    count += 1
                    if count >= MOST_FOLDERS:
                        return
                else:
                    below.append(path)
        level = below[: MOST_FOLDERS * 4]


def installed(agents: Agents) -> tuple[str, ...]:
    """The agents that can be started here, by the names `new --tool` takes."""
    return tuple(agent.spec.key for agent in agents.all() if shutil.which(agent.spec.commands[0]) is not None)


def tools(agents: Agents, usual: str) -> Tools:
    """The agents that are installed; the one to begin with is the usual one, or else the only one."""
    names = installed(agents)
    wanted = agents.get(usual)
    if wanted is not None and wanted.spec.key in names:
        return Tools(names, wanted.spec.key)
    return Tools(names, names[0] if len(names) == 1 else "")
