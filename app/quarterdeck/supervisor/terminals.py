"""What the system says of a pane's terminal: how it takes what is typed, who waits for that, and who listens. Blocking.

A terminal is opened without becoming ours and is only asked; whatever cannot be seen is not known.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from quarterdeck.core.plain_reading import Terminal, TerminalMode
from quarterdeck.sockets import listening_sockets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_PROCESSES = 8
MOST_TASKS = 32
MOST_FILES = 512
SMALL_BYTES = 4_096

_READS = frozenset({b"0", b"63"})
"""Numbers of the system call `read`: x86-64; ARM 64 and RISC-V."""
_WAITS_IN = b"wait_woken"
"""Where in the kernel one waits that reads from a terminal, or from a connection."""
_TERMINAL = re.compile(r"^/dev/(?:tty|pts/\d+|ttys\d+)$")
_SOCKET = re.compile(r"^socket:\[(\d+)\]$")


def mode_of(tty: str) -> TerminalMode | None:
    """How a terminal takes what is typed; None where it cannot be asked."""
    try:
        import termios
    except ImportError:
        return None
    if not _TERMINAL.match(tty):
        return None
    try:
        descriptor = os.open(tty, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        flags = termios.tcgetattr(descriptor)[3]
    except (OSError, termios.error):
        return None
    finally:
        os.close(descriptor)
    if not flags & termios.ICANON:
        return TerminalMode.KEYS
    return TerminalMode.LINES if flags & termios.ECHO else TerminalMode.SECRET


def reads_terminal(pids: Sequence[int]) -> bool | None:
    """Whether one of these waits for something to be typed; None where no one of them can be seen."""
    if sys.platform != "linux":
        return None
    told: list[bool | None] = [_waits(pid, task) for pid in pids[:MOST_PROCESSES] for task in _tasks(pid)]
    if any(told):
        return True
    return None if not told or None in told else False


def listens(pids: Sequence[int]) -> bool:
    """Whether one of these waits for connections."""
    if sys.platform != "linux":
        return _listens_elsewhere(pids)
    wanted = {inode for pid in pids[:MOST_PROCESSES] for inode in _sockets(pid)}
    return bool(wanted) and any(each.inode in wanted for each in listening_sockets())


def terminal_of(tty: str, pids: Sequence[int], *, asks: bool, is_silent: bool) -> Terminal:
    """All of this, as far as it is wanted: who reads where something seems to ask, who listens where all is silent."""
    mode = mode_of(tty)
    return Terminal(mode, reads_terminal(pids) if asks else None, listens=is_silent and listens(pids))


def _tasks(pid: int) -> list[str]:
    with suppress(OSError):
        return os.listdir(f"/proc/{pid}/task")[:MOST_TASKS]  # noqa: PTH208 - names are wanted, and cost less
    return []


def _waits(pid: int, task: str) -> bool | None:
    """Whether a thread reads from a terminal. Which file it reads is not told everywhere; where it waits mostly is."""
    place = f"/proc/{pid}/task/{task}"
    call = _content(f"{place}/syscall").split()
    if len(call) >= 2:
        if call[0] not in _READS:
            return False
        with suppress(OSError, ValueError):
            return _TERMINAL.match(_target(f"/proc/{pid}/fd/{int(call[1], 16)}")) is not None
        return None
    if call:
        return False  # it runs, or is stopped
    where = _content(f"{place}/wchan")
    return None if where in {b"", b"0"} else where.startswith(_WAITS_IN)


def _sockets(pid: int) -> Iterator[str]:
    try:
        names = os.listdir(f"/proc/{pid}/fd")[:MOST_FILES]  # noqa: PTH208 - names are wanted, and cost less
    except OSError:
        return
    for name in names:
        with suppress(OSError):
            found = _SOCKET.match(_target(f"/proc/{pid}/fd/{name}"))
            if found:
                yield found[1]


def _listens_elsewhere(pids: Sequence[int]) -> bool:
    import psutil

    for pid in pids[:MOST_PROCESSES]:
        with suppress(psutil.Error, OSError):
            if any(each.status == psutil.CONN_LISTEN for each in psutil.Process(pid).net_connections("tcp")):
                return True
    return False


def _target(link: str) -> str:
    return os.readlink(link)  # noqa: PTH115 - paths as objects would double the cost


def _content(path: str) -> bytes:
    """The beginning of one of the system's own files; empty when it went away or is not for us."""
    with suppress(OSError):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(file, SMALL_BYTES)
        finally:
            os.close(file)
    return b""
