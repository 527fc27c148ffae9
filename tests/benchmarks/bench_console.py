"""How fast the console answers, in a real pseudo-terminal: `python tests/benchmarks/bench_console.py`.

Prints key press to painted frame at 1,000 rows, start to first full table against an empty Textual app, and the bytes
written in an idle minute. The expected figures stand beside what was measured; nothing fails, for machines differ.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import pty
import select
import signal
import statistics
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
CONSOLE = (
    "import gc; gc.disable(); import sys; sys.argv = ['demo', 'dark', '{rows}']; from support.demo import main; main()"
)
QUIET = 0.02
"""Painting is over when nothing was written for this long."""
FRAME = 0.004
"""One frame is over when nothing was written for this long."""


class Terminal:
    """A program in a pseudo-terminal of its own."""

    def __init__(self, code: str, columns: int, lines: int) -> None:
        self.started = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ |= {"PYTHONPATH": f"{ROOT}/app:{ROOT}/tests", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            for name in ("TMUX", "TMUX_PANE", "NO_COLOR"):
                os.environ.pop(name, None)
            os.execv(sys.executable, [sys.executable, "-c", code])  # noqa: S606 — no shell is what is wanted
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def burst(self, timeout: float, quiet: float = QUIET) -> tuple[bytes, float]:
        """What it writes until it is quiet, and when the last of it came."""
        said, last = b"", 0.0
        deadline = time.perf_counter() + timeout
        while True:
            wait = quiet if said else max(0.0, deadline - time.perf_counter())
            if not select.select([self.fd], [], [], wait)[0]:
                return said, last
            said += os.read(self.fd, 1 << 16)
            last = time.perf_counter()

    def until(self, marker: bytes, timeout: float = 20) -> float:
        """When the frame that holds the marker was written whole."""
        said, last = b"", 0.0
        deadline = time.perf_counter() + timeout
        while marker not in said:
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{marker!r} was never painted")
            more, last = self.burst(1)
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
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6

    def close(self) -> None:
        """End it."""
        os.kill(self.pid, signal.SIGTERM)
        with contextlib.suppress(OSError):  # Linux says EIO where a terminal has no program any more.
            while self.burst(0.3)[0]:
                pass
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def start(code: str, marker: bytes, columns: int, lines: int) -> tuple[float, float]:
    """Milliseconds, by the clock and of the processor, until the frame that holds the marker is painted."""
    terminal = Terminal(code, columns, lines)
    try:
        return (terminal.until(marker) - terminal.started) * 1000, terminal.cpu()
    finally:
        terminal.close()


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--presses", type=int, default=200)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument(
        "--idle", type=float, default=60.0, help="seconds of idling; shorter ones are scaled to a minute"
    )
    parser.add_argument("--size", default="200x50")
    chosen = parser.parse_args()
    columns, lines = map(int, chosen.size.split("x"))
    console = CONSOLE.format(rows=chosen.rows)

    empty, full = [], []
    for _ in range(chosen.starts):
        empty.append(start(EMPTY, b"nothing but this", columns, lines))
        full.append(start(console, b"checkout-tax", columns, lines))
    for index, unit in enumerate(("ms", "ms of cpu")):
        ours, theirs = (statistics.median(pair[index] for pair in taken) for taken in (full, empty))
        said = f"{ours:.0f} {unit}, empty app {theirs:.0f}: {ours / theirs:.2f} x"
        print(f"start, {chosen.rows} rows: {said}, expected <= 1.5 x")

    terminal = Terminal(console, columns, lines)
    try:
        terminal.until(b"checkout-tax")
        terminal.burst(2, quiet=1.5)
        for name, keys in (("move", b"j"), ("move and scroll", b"jjjjjjjjjk"), ("page", b"\x04\x15")):
            before, taken = terminal.cpu(), list[float]()
            for number in range(chosen.presses):
                seconds = terminal.press(keys[number % len(keys) : number % len(keys) + 1])
                if seconds is not None:
                    taken.append(seconds * 1000)
            middle, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
            cpu = (terminal.cpu() - before) / len(taken)
            said = f"{middle:.1f} ms, p95 {p95:.1f}"
            print(f"key, {name}: {said}, expected p95 < 20 (cpu {cpu:.1f} ms with the preview)")
        terminal.burst(3, quiet=2.5)
        written, until = 0, time.perf_counter() + chosen.idle
        while time.perf_counter() < until:
            written += len(terminal.burst(max(0.01, until - time.perf_counter()))[0])
        print(f"idle minute: {written * 60 / chosen.idle:.0f} bytes, expected < 2000")
    finally:
        terminal.close()


if __name__ == "__main__":
    main()
