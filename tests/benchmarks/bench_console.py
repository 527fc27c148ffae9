"""How fast the console answers, in a real pseudo-terminal: `python tests/benchmarks/bench_console.py`.

Prints key press to painted frame at 1,000 rows, start to first full table against an empty Textual app, and the bytes
written in an idle minute. The expected figures stand beside what was measured; nothing fails, for machines differ.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from support.pseudo_terminal import EMPTY, Terminal  # noqa: E402 — the path is set above

CONSOLE = (
    "import gc; gc.disable(); import sys; sys.argv = ['demo', 'dark', '{rows}']; from support.demo import main; main()"
)


def start(code: str, marker: bytes, columns: int, lines: int) -> tuple[float, float]:
    """Milliseconds, by the clock and of the processor, until the frame that holds the marker is painted."""
    terminal = Terminal(code, columns, lines)
    try:
        return (terminal.until(marker) - terminal.started) * 1000, terminal.spent
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
