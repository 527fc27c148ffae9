"""An agent's own files: where they lie, which one a live process has open, and which session reads which."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.ports.clock import wall_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime

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
    return (path for each in family(pid, leave_out=leave_out) for _, path in open_files(each))


def open_files(pid: int) -> Iterator[tuple[str, str]]:
    """What a process has open: the number of each descriptor, and its path or `socket:[7]`."""
    try:
        with os.scandir(f"/proc/{pid}/fd") as entries:
            links = [(entry.name, entry.path) for entry in entries]
    except OSError:
        return
    for name, link in links:
        with suppress(OSError):
            yield name, str(Path(link).readlink())


def place_in_file(pid: int, descriptor: str) -> int:
    """Where a process reads or writes next in a file. Raises OSError, and ValueError where that is not said."""
    said = Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text()
    return int(said.partition("pos:")[2].partition("\n")[0])


def process_of(pid: int, names: Collection[str]) -> int:
    """The process that runs a program of one of these names: this one, or one that it started; else this one."""
    return next((each for each in family(pid) if executable(each) in names), pid)


def executable(pid: int) -> str:
    """The name of the file that a process runs; "" where that cannot be seen."""
    try:
        return Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return ""


def family(pid: int, depth: int = DEEPEST, leave_out: Callable[[int], bool] = lambda _: False) -> Iterator[int]:
    """A process, and those it started; some can be left out."""
    yield pid
    if not depth:
        return
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return
    for child in map(int, children.split()[:20]):
        if not leave_out(child):
            yield from family(child, depth - 1, leave_out)


def began(pid: int) -> str:
    """When a process started, in the system's ticks since it booted; "?" where that is not said."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "?"


def began_at(pid: int) -> datetime | None:
    """The same as a time; None where that is not said."""
    try:
        uptime = float(Path("/proc/uptime").read_text().split()[0])
        return wall_clock() - timedelta(seconds=uptime - float(began(pid)) / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return None


def working_folder(pid: int) -> str:
    """The folder a process works in; "" where that cannot be seen."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""


def named(command: str) -> Iterator[int]:
    """The processes of this short name."""
    try:
        with os.scandir("/proc") as entries:
            numbers = [entry.name for entry in entries if entry.name.isdigit()]
    except OSError:
        return
    for number in numbers:
        with suppress(OSError, UnicodeDecodeError):
            if Path(f"/proc/{number}/comm").read_text() == f"{command}\n":
                yield int(number)


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
