"""Lines on their way to standard output, written by a thread: whoever reads slowly holds up nobody but the lines."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING

from quarterdeck.cli.output import NobodyReads
from quarterdeck.errors import QuarterdeckError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 10_000
"""Lines that wait to be read; more are lost, and it is said how many."""
PATIENCE = 1.0
"""Seconds that whoever reads gets at the end to take what is left."""


class LinesOut:
    """Takes lines at once, and writes them as fast as they are read."""

    def __init__(self, lost: Callable[[int], str], failed: Callable[[Exception], None], most: int = MOST) -> None:
        self._lost_line = lost
        self._failed = failed
        """Called once, from the thread, when nothing can be written any more."""
        self._most = most
        self._lines: deque[str] = deque()
        self._lost = 0
        self._is_over = False
        self._changed = threading.Condition()
        # A daemon, so that a reader that stopped reading does not keep us from ending.
        self._thread = threading.Thread(target=self._write_all, name="lines", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Have a line written; never waits."""
        with self._changed:
            if len(self._lines) >= self._most:
                self._lost += 1
                return
            if self._lost:
                self._lines.append(self._lost_line(self._lost))
                self._lost = 0
            self._lines.append(line)
            self._changed.notify()

    def close(self, patience: float = PATIENCE) -> None:
        """Write what is left, as far as it is read in time."""
        with self._changed:
            self._is_over = True
            self._changed.notify()
        self._thread.join(patience)

    def _write_all(self) -> None:
        output, encoding = sys.stdout.fileno(), sys.stdout.encoding or "utf-8"
        while (line := self._next()) is not None:
            data = f"{line}\n".encode(encoding, "backslashreplace")
            try:
                # Past the stream, whose lock a write that waits would hold.
                while data:
                    data = data[os.write(output, data) :]
            except BrokenPipeError:
                return self._failed(NobodyReads())
            except OSError as error:
                return self._failed(QuarterdeckError(f"The output cannot be written: {error.strerror}."))
        return None

    def _next(self) -> str | None:
        with self._changed:
            while not self._lines and not self._is_over:
                self._changed.wait()
            return self._lines.popleft() if self._lines else None
