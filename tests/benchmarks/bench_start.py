"""How fast the real program starts, and what it costs at rest: `python tests/benchmarks/bench_start.py`.

A private tmux server with so many sessions, a private home, and the console as its user starts it, in a real
pseudo-terminal: start to first full table against an empty Textual app in the same run, then processor time, memory and
bytes written while nothing happens, and while all work. Then the commands against `python -c pass`. The sessions are
agents with the names, titles and screens of recorded ones. Nothing fails, for machines differ.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "app"), str(ROOT / "tests")]

from support import agent_crowd  # noqa: E402 — the path is set above
from support.pseudo_terminal import EMPTY, Terminal  # noqa: E402
from support.recordings import AGENTS  # noqa: E402
from support.tmux_server import TmuxServer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

READY = b"s0001"
SETTLES = 15.0
"""Seconds after the start in which screens come to count as still, and fewer things are asked for."""
CONSOLE = "import sys; sys.argv = ['quarterdeck', '-S', {socket!r}]; from quarterdeck.cli import main; sys.exit(main())"
COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "--version": ("-m", "quarterdeck", "--version"),
    "-h": ("-m", "quarterdeck", "-h"),
    "status-line": ("-m", "quarterdeck", "status-line"),
    "ls": ("-m", "quarterdeck", "ls"),
    "ls --json": ("-m", "quarterdeck", "ls", "--json"),
    "events": ("-m", "quarterdeck", "events"),
}


def crowd(server: TmuxServer, folder: Path, count: int, states: Iterable[str], agents: Sequence[str]) -> None:
    """Fill the server with agents."""
    agent_crowd.start(
        server, folder, (f"s{number:04}" for number in range(1, count + 1)), agent_crowd.recorded(states, *agents)
    )


def rss(pid: int) -> float:
    """Resident memory in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def started(code: str, marker: bytes) -> tuple[float, float]:
    """Milliseconds by the clock and of the processor until the frame with the marker is painted."""
    terminal = Terminal(code, 200, 50)
    try:
        at = terminal.until(marker)
        return (at - terminal.started) * 1000, terminal.spent
    finally:
        terminal.close()


def resting(code: str, marker: bytes, seconds: float) -> tuple[float, float, float]:
    """Milliseconds of processor a second, MiB, and bytes a minute, once it has started."""
    terminal = Terminal(code, 200, 50)
    try:
        terminal.until(marker)
        settled = time.perf_counter() + SETTLES
        while time.perf_counter() < settled:
            terminal.burst(max(0.01, settled - time.perf_counter()))
        before, written, end = terminal.cpu(), 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            written += len(terminal.burst(max(0.01, end - time.perf_counter()))[0])
        return (terminal.cpu() - before) / seconds, rss(terminal.pid), written * 60 / seconds
    finally:
        terminal.close()


def command(words: tuple[str, ...]) -> tuple[float, float]:
    """Milliseconds by the clock and of the processor that a command takes."""
    began, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return (time.perf_counter() - began) * 1000, spent * 1000


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--idle", type=float, default=60.0)
    parser.add_argument("--only", choices=("starts", "rests", "works", "commands"))
    parser.add_argument("--agents", nargs="*", choices=AGENTS, default=(), help="all of them, unless told")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="qd-", dir="/tmp"))
    os.environ |= {"QUARTERDECK_HOME": str(folder / "home"), "PYTHONPYCACHEPREFIX": str(folder / "pyc")}
    os.environ |= {"PYTHONPATH": str(ROOT / "app")}
    for name in ("PYTHONDONTWRITEBYTECODE", "TMUX", "TMUX_PANE", "QUARTERDECK_SESSION"):
        os.environ.pop(name, None)
    try:
        for count in chosen.sessions:
            measure(folder, count, chosen)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(folder: Path, count: int, chosen: argparse.Namespace) -> None:
    """All of it on a server with so many sessions."""
    console = CONSOLE.format(socket=str(folder / f"t{count}"))
    with TmuxServer(folder / f"t{count}") as server:
        crowd(server, folder, count, agent_crowd.AT_REST, chosen.agents)
        # The first start of all makes the database and the bytecode, and lets the rows be kept.
        for code, marker in ((EMPTY, b"nothing but this"), (console, READY)):
            terminal = Terminal(code, 200, 50)
            terminal.until(marker, timeout=60)
            terminal.burst(15, quiet=4)
            terminal.close()
        if chosen.only in {None, "starts"}:
            empty, full = [], []
            for _ in range(chosen.starts):
                empty.append(started(EMPTY, b"nothing but this"))
                full.append(started(console, READY))
            for index, unit in enumerate(("ms", "ms of cpu")):
                ours, theirs = (statistics.median(taken[index] for taken in each) for each in (full, empty))
                said = f"{ours:.0f} {unit}, empty Textual app {theirs:.0f}: {ours / theirs:.2f} x"
                print(f"start, {count} sessions: {said}", flush=True)
        if chosen.only in {None, "rests"}:
            theirs_at_rest = resting(EMPTY, b"nothing but this", chosen.idle / 4)
            ours_at_rest = resting(console, READY, chosen.idle)
            for unit, ours, theirs in zip(("ms of cpu a second", "MiB"), ours_at_rest, theirs_at_rest, strict=False):
                said = f"{ours:.2f} {unit}, empty Textual app {theirs:.2f}: {ours / max(theirs, 0.01):.2f} x"
                print(f"rest, {count} sessions: {said}", flush=True)
            print(f"rest, {count} sessions: {ours_at_rest[2]:.0f} bytes a minute", flush=True)
        if chosen.only in {None, "works"}:
            with TmuxServer(folder / f"w{count}") as busy:
                crowd(busy, folder, count, agent_crowd.AT_WORK, chosen.agents)
                cpu, size, written = resting(CONSOLE.format(socket=busy.socket), READY, chosen.idle / 4)
            print(f"work, {count} sessions: {cpu:.2f} ms of cpu a second, {size:.1f} MiB, {written:.0f} bytes a minute")
        if chosen.only in {None, "commands"}:
            os.environ["TMUX"] = f"{folder / f't{count}'},1,0"
            floor = 0.0
            for name, words in COMMANDS.items():
                taken = [command(words) for _ in range(chosen.starts)]
                wall, cpu = (statistics.median(each[index] for each in taken) for index in (0, 1))
                floor = floor or wall
                print(f"{name}, {count} sessions: {wall:.0f} ms ({wall / floor:.1f} x), cpu {cpu:.0f} ms", flush=True)
            del os.environ["TMUX"]


if __name__ == "__main__":
    main()
