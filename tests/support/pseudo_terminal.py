"""Programs in a real pseudo-terminal, for benchmarks: what they write, when, and what it costs them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("nothing but this")
Empty().run()
"""
QUIET = 0.02
"""Painting is over when nothing was written for this long."""
FRAME = 0.004
"""One frame is over when nothing was written for this long."""


def processor_ms(pid: int) -> float:
    """Milliseconds of processor time that a process has used, in all its threads."""
    return sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e6


class Terminal:
    """A program in a pseudo-terminal of its own."""

    def __init__(self, code: str, columns: int, lines: int) -> None:
        self.started = time.perf_counter()
        self.spent = 0.0
        """Milliseconds of processor time at the end of the frame that was waited for, without what it does next."""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ |= {"PYTHONPATH": f"{ROOT}/app:{ROOT}/tests", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            for name in ("TMUX", "TMUX_PANE", "NO_COLOR"):
                os.environ.pop(name, None)
            os.execv(sys.executable, [sys.executable, "-c", code])  # noqa: S606 — no shell is what is wanted
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def burst(self, timeout: float, quiet: float = QUIET, *, counts: bool = False) -> tuple[bytes, float]:
        """What it writes until it is quiet, and when the last of it came."""
        said, last = b"", 0.0
        deadline = time.perf_counter() + timeout
        while True:
            wait = quiet if said else max(0.0, deadline - time.perf_counter())
            if not select.select([self.fd], [], [], wait)[0]:
                return said, last
            said += os.read(self.fd, 1 << 16)
            last = time.perf_counter()
            if counts:
                self.spent = self.cpu()

    def until(self, marker: bytes, timeout: float = 20) -> float:
        """When the frame that holds the marker was written whole."""
        said, last = b"", 0.0
        deadline = time.perf_counter() + timeout
        while marker not in said:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{marker!r} was never painted")
            more, last = self.burst(1, counts=True)
            said += more
        return last

    def press(self, key: bytes) -> float | None:
        """Seconds from a key to the end of the frame it causes; None when it causes none."""
        pressed = time.perf_counter()
        os.write(self.fd, key)
        said, last = self.burst(1, quiet=FRAME)
        self.burst(0.2)  # The preview follows in a frame of its own.
        return last - pressed if said else None

    def cpu(self) -> float:
        """Milliseconds of processor time it has used; on a busy machine they say more than the clock does."""
        return processor_ms(self.pid)

    def close(self) -> None:
        """End it."""
        os.kill(self.pid, signal.SIGTERM)
        with contextlib.suppress(OSError):  # Linux says EIO where a terminal has no program any more.
            while self.burst(0.3)[0]:
                pass
        os.waitpid(self.pid, 0)
        os.close(self.fd)
