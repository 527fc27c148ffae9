"""An agent's own files: where they lie, which one a live process has open, and which session reads which."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quarterdeck.ports.agent_process import AgentHome

DEEPEST = 3


def agent_folder(variable: str, home: AgentHome | None, below_home: str) -> Path:
    """The folder that an environment variable names, or the usual one; without a `home`, by our own environment."""
    if home is not None:
        return home.folder(variable, below_home)
    told = os.environ.get(variable)
    return Path(told) if told else Path.home() / below_home


def open_paths(pid: int, *, leave_out: Callable[[int], bool]) -> Iterator[str]:
    """What a process, and those it started, have open, as the system names it; some processes can be left out."""
    for each in _family(pid, DEEPEST, leave_out):
        try:
            with os.scandir(f"/proc/{each}/fd") as entries:
                links = [entry.path for entry in entries]
        except OSError:
            continue
        for link in links:
            with suppress(OSError):
                yield str(Path(link).readlink())


def _family(pid: int, depth: int, leave_out: Callable[[int], bool]) -> Iterator[int]:
    yield pid
    if not depth:
        return
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return
    for child in map(int, children.split()[:20]):
        if not leave_out(child):
            yield from _family(child, depth - 1, leave_out)


class FileClaims:
    """Implements ports.Claims: two sessions in one folder never share a file. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: dict[Path, object] = {}

    def claim(self, path: Path, owner: object) -> bool:
        """Take a file, giving up any other; False when somebody else holds it."""
        path = path.resolve()
        with self._lock:
            if self._owners.get(path, owner) is not owner:
                return False
            self._drop(owner)
            self._owners[path] = owner
            return True

    def release(self, owner: object) -> None:
        """Give up whatever this owner holds."""
        with self._lock:
            self._drop(owner)

    def _drop(self, owner: object) -> None:
        for path in [path for path, holder in self._owners.items() if holder is owner]:
            del self._owners[path]
