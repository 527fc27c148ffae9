"""The program on a pseudo-terminal of its own, watched byte by byte, and ended in every way."""

from __future__ import annotations

import fcntl
import itertools
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

from support.cli import ROOT
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Self

SWITCHED = {
    "the alternate screen": (b"\x1b[?1049h", b"\x1b[?1049l"),
    "a hidden cursor": (b"\x1b[?25l", b"\x1b[?25h"),
    "reports of the mouse": (b"\x1b[?1000h", b"\x1b[?1000l"),
    "every movement of the mouse": (b"\x1b[?1003h", b"\x1b[?1003l"),
    "reports of focus": (b"\x1b[?1004h", b"\x1b[?1004l"),
    "bracketed paste": (b"\x1b[?2004h", b"\x1b[?2004l"),
    "no line wrap": (b"\x1b[?7l", b"\x1b[?7h"),
    "a frame that is not shown yet": (b"\x1b[?2026h", b"\x1b[?2026l"),
}
"""What a program may leave a terminal in: how it is turned on, and how off."""


class PtyProgram:
    """`python -m quarterdeck ARGS` in a terminal that understands everything and answers nothing."""

    def __init__(self, *args: str, held: str = "", mark: Path | None = None, redirection: str = "") -> None:
        self.said = b""
        self._reads, self._inside = pty.openpty()
        self.resize(24, 100)
        self.before = termios.tcgetattr(self._inside)
        paths = [str(ROOT / "tests/support/held")] if held else []
        full = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join([*paths, str(ROOT / "app")])}
        full |= {"QD_HELD": held, "QD_HELD_MARK": str(mark)} if held else {}
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "quarterdeck", *args],
            stdin=self._inside,
            stdout=self._inside,
            stderr=self._inside,
            env=full,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._reads)
        os.close(self._inside)

    def read(self) -> None:
        """Take what it has written."""
        if select.select([self._reads], [], [], 0.01)[0]:
            self.said += os.read(self._reads, 1 << 16)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Read on until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain until {what}: {self.said[-500:]!r}"
            assert self.process.poll() is None, f"it ended before {what}: {self.said[-500:]!r}"
            self.read()

    def shows(self, text: str) -> None:
        """Read on until a text was written."""
        self.until(lambda: text.encode() in self.said, f"it showed {text}")

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._reads, keys.encode())

    def resize(self, lines: int, columns: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self._inside, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def fill(self) -> None:
        """Have it paint, and read nothing, until the terminal takes no more."""
        deadline = time.monotonic() + PATIENCE
        for turn in itertools.count():
            assert time.monotonic() < deadline, "the terminal never was full"
            if not select.select([], [self._inside], [], 0)[1]:
                return
            self.resize(40 + turn % 2, 200)
            self.process.send_signal(signal.SIGWINCH)
            select.select([], [], [], 0.01)

    def end(self, how: str, *, reads: bool = True) -> float:
        """Press a key or send a signal, and answer how many seconds it took to end."""
        began = time.monotonic()
        if how.startswith("SIG"):
            self.process.send_signal(signal.Signals[how])
        else:
            self.press(how)
        while self.process.poll() is None:
            assert time.monotonic() < began + PATIENCE, f"{how} did not end it: {self.said[-500:]!r}"
            if reads:
                self.read()
            else:
                select.select([], [], [], 0.01)
        took = time.monotonic() - began
        while select.select([self._reads], [], [], 0)[0]:
            self.read()
        return took

    def left_on(self) -> list[str]:
        """What it has turned on in the terminal and not off again."""
        found = [what for what, (on, off) in SWITCHED.items() if self.said.rfind(on) > self.said.rfind(off)]
        return found + (["modes of its own"] if termios.tcgetattr(self._inside) != self.before else [])
