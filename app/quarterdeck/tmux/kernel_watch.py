"""What the kernel tells of panes: exits, by one pidfd for each process or by asking, and output, by inotify."""

from __future__ import annotations

import fcntl
import logging
import os
import resource
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from quarterdeck.inotify import IGNORED, MODIFY, ONCE, OVERFLOW, Inotify

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection

    from quarterdeck.core.pane import Pane, PaneId

logger = logging.getLogger(__name__)

# Linux 6.13: `struct pidfd_info` of 64 bytes, mask first, exit code last; the exit code is given from 6.15.
PIDFD_GET_INFO: Final = 0xC040FF0B
PIDFD_INFO_EXIT: Final = 1 << 3
PIDFD_INFO_SIZE: Final = 64

# Fields of /proc/PID/stat, counted from the one after the program's name.
STAT_TTY: Final = 4
STAT_STARTED: Final = 19
STAT_EXIT_CODE: Final = 49
STATUS_ROW_BYTES: Final = 4096

REARM_EVERY: Final = 0.25
"""Seconds between two batches: a loud pane costs one event each, whatever it prints."""

OWN_TERMINAL: Final = "/dev/tty"
"""What programs call their own terminal, whichever that is; a watch tells that one has written there, not which."""
REARM_COMMON_EVERY: Final = 0.5

Process = tuple[int, str]
"""Its id and its terminal."""


class ExitWatch:
    """Calls `exited(pane, status)` once when a pane's process ends, about a millisecond after.

    tmux learns of it some 3 ms later (3.3a), so a look taken on this call alone may still show the pane alive.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, exited: Callable[[PaneId, int | None], None]) -> None:
        self._loop = loop
        self._exited = exited
        self._watched: dict[PaneId, tuple[Process, int]] = {}
        self._told: dict[PaneId, Process] = {}
        self._most = most_watched()
        self.missed: frozenset[PaneId] = frozenset()
        """Living panes that could not be watched, for want of file descriptors or rights."""

    @staticmethod
    def works() -> bool:
        """Whether this system has pidfds."""
        try:
            os.close(os.pidfd_open(os.getpid()))
        except (AttributeError, OSError):
            return False
        return True

    def watch(self, panes: dict[PaneId, Pane]) -> None:
        """Watch exactly these panes' processes."""
        wanted = {pane_id: (pane.pid, pane.tty) for pane_id, pane in panes.items()}
        for pane_id, (process, _) in list(self._watched.items()):
            if wanted.get(pane_id) != process:
                self._drop(pane_id)
        # tmux may list a pane for some milliseconds after its process ended: that is told once.
        self._told = {pane_id: process for pane_id, process in self._told.items() if wanted.get(pane_id) == process}
        missed = {
            pane_id
            for pane_id, pane in panes.items()
            if pane_id not in self._watched and pane_id not in self._told and not self._open(pane)
        }
        if missed and not self.missed:
            logger.warning("%d pane processes cannot be watched; they are polled", len(missed))
        self.missed = frozenset(missed)

    def _open(self, pane: Pane) -> bool:
        if len(self._watched) >= self._most:
            return False
        process = pane.pid, pane.tty
        try:
            fd = os.pidfd_open(pane.pid)
        except ProcessLookupError:
            self._tell(pane.pane_id, process, None)
            return True
        except OSError as error:
            logger.debug("no pidfd for process %d: %s", pane.pid, error)
            return False
        # A pid may be another process's by now; tmux gave the pane's own process the pane's terminal.
        if not has_terminal(*process):
            os.close(fd)
            self._tell(pane.pane_id, process, None)
            return True
        self._watched[pane.pane_id] = process, fd
        self._loop.add_reader(fd, self._on_exit, pane.pane_id)
        return True

    def _on_exit(self, pane_id: PaneId) -> None:
        process, fd = self._watched[pane_id]
        status = exit_status(process[0], fd)
        self._drop(pane_id)
        self._tell(pane_id, process, status)

    def _tell(self, pane_id: PaneId, process: Process, status: int | None) -> None:
        self._told[pane_id] = process
        self._exited(pane_id, status)

    def _drop(self, pane_id: PaneId) -> None:
        _, fd = self._watched.pop(pane_id)
        self._loop.remove_reader(fd)
        os.close(fd)

    def close(self) -> None:
        """Let go of every process."""
        for pane_id in list(self._watched):
            self._drop(pane_id)


class OutputWatch:
    """Calls `wrote(pane)` when a pane's program writes; `wrote(None)` when it is not known who did.

    A watch fires once and is armed again with the next batch, which tells of the pane once more: what it
    wrote in between would else stay unseen. Keys echoed by the kernel give no event.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, wrote: Callable[[PaneId | None], None]) -> None:
        self._loop = loop
        self._wrote = wrote
        self._kernel = Inotify()
        self._ttys: dict[PaneId, str] = {}
        self._watches: dict[PaneId, int] = {}
        self._owners: dict[int, PaneId] = {}
        self._fired: set[PaneId] = set()
        self._common: int | None = None
        """The watch of the name under which every program knows its own terminal: passwords are asked for there."""
        self._rearming: asyncio.TimerHandle | None = None
        self.missed: frozenset[PaneId] = frozenset()
        """Panes whose terminal could not be watched."""
        loop.add_reader(self._kernel.fd, self._on_events)
        self._arm_common()

    def _arm_common(self) -> None:
        with suppress(OSError):
            self._common = self._kernel.add(OWN_TERMINAL, MODIFY | ONCE)

    def watch(self, panes: dict[PaneId, Pane]) -> None:
        """Watch exactly these panes' terminals."""
        for pane_id, tty in list(self._ttys.items()):
            if pane_id not in panes or panes[pane_id].tty != tty:
                self.drop(pane_id)
        missed = {
            pane_id for pane_id, pane in panes.items() if pane_id not in self._ttys and not self._arm(pane_id, pane.tty)
        }
        if missed and not self.missed:
            logger.warning("%d terminals cannot be watched; they are polled", len(missed))
        self.missed = frozenset(missed)

    def drop(self, pane_id: PaneId) -> None:
        """Forget a pane, before its terminal's number goes to another one."""
        self._ttys.pop(pane_id, None)
        self._fired.discard(pane_id)
        watch = self._watches.pop(pane_id, None)
        if watch is not None:
            self._owners.pop(watch, None)
            self._kernel.remove(watch)

    def _arm(self, pane_id: PaneId, tty: str) -> bool:
        try:
            watch = self._kernel.add(tty, MODIFY | ONCE)
        except OSError as error:
            logger.debug("no watch on %s: %s", tty, error.strerror)
            self._ttys.pop(pane_id, None)
            return False
        self._ttys[pane_id] = tty
        former = self._watches.get(pane_id)
        if former is not None and former != watch:
            self._owners.pop(former, None)
        self._watches[pane_id] = watch
        self._owners[watch] = pane_id
        return True

    def _on_events(self) -> None:
        for watch, mask, _ in self._kernel.read():
            if mask & OVERFLOW:
                self._wrote(None)
            elif watch == self._common:
                if mask & IGNORED:
                    self._common = None
                    self._loop.call_later(REARM_COMMON_EVERY, self._rearm_common)
                else:
                    self._wrote(None)
            elif mask & IGNORED:
                self._ignored(watch)
            elif mask & MODIFY and watch in self._owners:
                self._wrote(self._owners[watch])

    def _ignored(self, watch: int) -> None:
        """The kernel took the watch away: it had fired, or its terminal is gone."""
        pane_id = self._owners.pop(watch, None)
        if pane_id is None or self._watches.get(pane_id) != watch:
            return
        del self._watches[pane_id]
        self._fired.add(pane_id)
        if self._rearming is None:
            self._rearming = self._loop.call_later(REARM_EVERY, self._rearm)

    def _rearm_common(self) -> None:
        if self._kernel.fd >= 0:
            self._arm_common()
            self._wrote(None)

    def _rearm(self) -> None:
        self._rearming = None
        fired, self._fired = self._fired, set()
        for pane_id in fired:
            if self._arm(pane_id, self._ttys[pane_id]):
                self._wrote(pane_id)

    def close(self) -> None:
        """Let go of every terminal."""
        if self._kernel.fd < 0:
            return
        if self._rearming is not None:
            self._rearming.cancel()
        self._loop.remove_reader(self._kernel.fd)
        self._kernel.close()


class ExitPoll:
    """Remembers when each pane's process started, so that another one under its pid is not taken for it."""

    def __init__(self) -> None:
        self._starts: dict[PaneId, tuple[int, float | None]] = {}
        self._told: dict[PaneId, int] = {}

    def watch(self, panes: Collection[Pane]) -> None:
        """Remember exactly these panes' processes."""
        wanted = {pane.pane_id: pane.pid for pane in panes}
        self._told = {pane_id: pid for pane_id, pid in self._told.items() if wanted.get(pane_id) == pid}
        former, self._starts = self._starts, {}
        for pane_id, pid in wanted.items():
            if pane_id in self._told:
                continue
            known = former.get(pane_id)
            self._starts[pane_id] = known if known is not None and known[0] == pid else (pid, started(pid))

    def ended(self) -> list[PaneId]:
        """The panes whose process is there no more; each is told once."""
        gone = [pane_id for pane_id, (pid, start) in self._starts.items() if start is None or started(pid) != start]
        for pane_id in gone:
            self._told[pane_id], _ = self._starts.pop(pane_id)
        return gone


def started(pid: int) -> float | None:
    """When a living process started, for comparison; None when there is none. A zombie has ended."""
    if sys.platform == "linux":
        # There may be thousands to ask about each second, on a system that lets us open few files.
        fields = _stat(pid)
        return None if fields is None or fields[0] in {"Z", "X"} else float(fields[STAT_STARTED])
    # Needed only where the kernel does not tell us, and costs 20 ms of start-up.
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def most_watched() -> int:
    """How many processes may be watched: half of the files we may open, so that everything else still can."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft // 2


def exit_status(pid: int, pidfd: int) -> int | None:
    """The status of an ended process that is not our child: its exit code, or minus the signal; None if not known.

    Until tmux has reaped it, /proc tells; afterwards the pidfd does, on kernels that can.
    """
    code = _reaped_code(pidfd)
    if code is None and (fields := _stat(pid)) is not None and fields[0] == "Z":
        code = int(fields[STAT_EXIT_CODE])
    if code is None:
        code = _reaped_code(pidfd)
    return None if code is None else os.waitstatus_to_exitcode(code)


def _reaped_code(pidfd: int) -> int | None:
    info = bytearray(PIDFD_INFO_SIZE)
    struct.pack_into("Q", info, 0, PIDFD_INFO_EXIT)
    try:
        fcntl.ioctl(pidfd, PIDFD_GET_INFO, info)
    except OSError:
        return None
    (mask,) = struct.unpack_from("Q", info)
    return int(struct.unpack_from("i", info, PIDFD_INFO_SIZE - 4)[0]) if mask & PIDFD_INFO_EXIT else None


def has_terminal(pid: int, tty: str) -> bool:
    """Whether a process has this controlling terminal; True when that cannot be found out, or when it gave it up."""
    fields = _stat(pid)
    try:
        device = Path(tty).stat().st_rdev
    except OSError:
        return True
    if fields is None or fields[STAT_TTY] == "0":
        return True
    major, minor = os.major(device), os.minor(device)
    # The kernel's own packing of a device number, which is not the C library's.
    return int(fields[STAT_TTY]) & 0xFFFFFFFF == (minor & 0xFF) | major << 8 | (minor & ~0xFF) << 12


def _stat(pid: int) -> list[str] | None:
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return None
    try:
        text = os.read(descriptor, STATUS_ROW_BYTES).decode(errors="replace")
    except OSError:
        return None  # it ended meanwhile
    finally:
        os.close(descriptor)
    return text.rpartition(")")[2].split() or None
