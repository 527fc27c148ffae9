"""The list of processes: read once for all panes, off the loop and bounded; one that is not fresh changes nothing."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.process_tree import Process, ProcessTree, below, grow, has_work
from quarterdeck.ports.agent_process import Program
from quarterdeck.ports.clock import wall_clock
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quarterdeck.ports.clock import Clock

logger = logging.getLogger(__name__)

FRESH_FOR = 1.5
"""Seconds for which a list is good enough for everybody."""
SOONEST_LIST_SECONDS = 0.4
"""Seconds between two lists, however urgent."""
LIST_TIMEOUT_SECONDS = 0.75
ARGV_BYTES = 16_384
"""Of a command line; prompts passed as arguments may be long."""

STAT_BYTES = 4096

Row = tuple[int, int, str, float, bool]
"""Pid, parent, name, start, and whether it is in front in its terminal."""


class ProcessTable(Struct, frozen=True):
    """The processes of one moment. One that is not fresh must change nothing."""

    tree: ProcessTree = field(default_factory=ProcessTree)
    at: float = float("-inf")
    """Monotonic seconds when it was asked for."""
    fresh: bool = False

    def family(self, pid: int) -> tuple[Process, ...]:
        """A pane's own process and all below it; the very same objects as long as they run."""
        return tuple(below(self.tree, pid))

    def programs_below(self, pid: int) -> tuple[Program, ...]:
        """A pane's own process and all below it, nearest first."""
        return tuple(
            Program(pid=each.pid, command=each.name, argv=each.argv, started=f"{each.started:.15g}")
            for each in below(self.tree, pid)
        )

    def has_children(self, pid: int, command: str = "") -> bool | None:
        """Whether something runs in a pane whose foreground command this is; None when that is not known."""
        return has_work(self.tree, pid, command) if self.fresh else None


class Processes:
    """Everybody's way to the list. At most one reading is under way."""

    def __init__(self, *, clock: Clock, read: Callable[[], list[Process]] | None = None) -> None:
        self._clock = clock
        self._read = read or ProcessReader()
        self._table = ProcessTable()
        self._reading: asyncio.Future[ProcessTable] | None = None

    @property
    def latest(self) -> ProcessTable:
        """The list that was read last."""
        return self._table

    async def look(self, *, at_once: bool = False) -> ProcessTable:
        """The list, `FRESH_FOR` old at most, less when `at_once`; the old one, not fresh, if there is no new."""
        age = self._clock.monotonic() - self._table.at
        if self._table.fresh and age < (SOONEST_LIST_SECONDS if at_once else FRESH_FOR):
            return self._table
        if self._reading is None or self._reading.done():
            self._reading = asyncio.ensure_future(self._refresh())
        reading = self._reading
        done, _ = await asyncio.wait({reading}, timeout=LIST_TIMEOUT_SECONDS)
        if not done:
            logger.warning("the process list took longer than %s s", LIST_TIMEOUT_SECONDS)
            return replace(self._table, fresh=False)
        self._table = reading.result()
        return self._table

    async def _refresh(self) -> ProcessTable:
        asked_at = self._clock.monotonic()
        try:
            processes = await asyncio.to_thread(self._read)
        except (OSError, ValueError) as error:
            logger.warning("the process list could not be read: %s", error)
            return replace(self._table, fresh=False)
        return ProcessTable(grow(processes), asked_at, fresh=True)


class ProcessReader:
    """Reads the list, and keeps command lines between readings: they are the costly part and hardly ever change."""

    def __init__(self) -> None:
        self._known: dict[int, Process] = {}

    def __call__(self) -> list[Process]:
        """All processes that run now. Blocking."""
        found: dict[int, Process] = {}
        for pid, ppid, name, started, in_front in _from_proc() if sys.platform == "linux" else _from_psutil():
            known = self._known.get(pid)
            if known is None or (known.ppid, known.name, known.started) != (ppid, name, started):
                known = Process(pid=pid, ppid=ppid, name=name, argv=_argv(pid), started=started, in_front=in_front)
            elif known.in_front is not in_front:
                known = replace(known, in_front=in_front)
            found[pid] = known
        self._known = found
        return list(found.values())


def _from_proc() -> Iterator[Row]:
    """Linux: one small file for each process; a third of what psutil takes, and start times that are exact."""
    for pid in os.listdir("/proc"):  # noqa: PTH208  # paths as objects would double the cost
        if not pid.isdigit():
            continue
        stat = _content(f"/proc/{pid}/stat", STAT_BYTES)
        if not stat:
            continue  # it ended meanwhile
        # The name stands in parentheses and may hold some itself.
        start, end = stat.index(b"("), stat.rindex(b")")
        fields = stat[end + 2 :].split()
        if fields[0] not in {b"Z", b"X"}:
            in_front = fields[2] == fields[5]  # its group is the one that its terminal gives what is typed
            yield int(pid), int(fields[1]), stat[start + 1 : end].decode(errors="replace"), float(fields[19]), in_front


CLOCKS_APART_SECONDS = 0.002
"""Two clocks that are read within this time are read at once."""


def boot_time() -> float | None:
    """When the machine started, in epoch seconds; None where the system does not say it in a way we read."""
    found = []
    try:
        # On a busy machine much time may pass between two looks at two clocks.
        for _ in range(3):
            before = wall_clock().timestamp()
            uptime = float(Path("/proc/uptime").read_text().split()[0])
            after = wall_clock().timestamp()
            found.append((after - before, (before + after) / 2 - uptime))
            if after - before < CLOCKS_APART_SECONDS:
                break
    except (OSError, ValueError, IndexError):
        return None
    return min(found)[1]


def _from_psutil() -> Iterator[Row]:
    """Every other system."""
    import psutil  # costs 20 ms, and Linux does without

    try:
        for each in psutil.process_iter(["ppid", "name", "create_time", "status"]):
            told = each.info
            if told["status"] != psutil.STATUS_ZOMBIE:
                yield each.pid, told["ppid"] or 0, told["name"] or "", told["create_time"] or 0.0, True
    except psutil.Error as error:
        raise OSError(str(error)) from error


def _argv(pid: int) -> tuple[str, ...]:
    """A process's command line; empty when it ended, or is none of ours."""
    if sys.platform != "linux":
        import psutil

        try:
            return tuple(psutil.Process(pid).cmdline())
        except psutil.Error:
            return ()
    line = _content(f"/proc/{pid}/cmdline", ARGV_BYTES)
    return tuple(word.decode(errors="replace") for word in line.split(b"\0") if word)


def _content(path: str, limit: int) -> bytes:
    """The beginning of a small file of the system's; empty when it went away or is not for us."""
    with suppress(OSError):
        file = os.open(path, os.O_RDONLY)
        try:
            return os.read(file, limit)
        finally:
            os.close(file)
    return b""
