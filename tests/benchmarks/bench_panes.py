"""What many panes cost, the console and the tmux server: `python tests/benchmarks/bench_panes.py [--against CHECKOUT]`.

Private tmux servers: a hundred sessions with an agent each, and thirty sessions of a hundred panes each, without agents
and with ninety. Prints milliseconds of processor time of a look, of a second at rest, and of a second in which a pane
writes twice, and the memory of both; beside that a spawned `tmux list-panes` and an empty Textual app in the same run.
Also how many panes were captured, and the bytes of a look's answer. With another checkout its figures stand beside
ours, from runs that take turns. Nothing fails, for machines differ.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "app"), str(ROOT / "tests")]

from support import agent_crowd  # noqa: E402 — the path is set above
from support.pseudo_terminal import EMPTY, Terminal, processor_ms  # noqa: E402
from support.tmux_server import TmuxServer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

READY = b"s0001"
SETTLES = 15.0
"""Seconds after the start in which screens come to count as still, and fewer things are asked for."""
WRITES_EACH = 0.5
"""Seconds between two lines that a pane writes."""
PANES_IN_WINDOW = 4
CONSOLE = """
import sys; sys.path.insert(0, {app!r}); sys.argv = ['quarterdeck', '-S', {socket!r}, '--home', {home!r}]
from quarterdeck.cli import main; sys.exit(main())
"""
LOOKS = """
import asyncio, json, sys, time
sys.path.insert(0, {app!r})
from pathlib import Path
from quarterdeck.config.settings import Settings
from quarterdeck.core.pane import ServerAddress
from quarterdeck.paths import find_places
from quarterdeck.runtime.services import open_services

def server():
    tasks = Path('/proc/{server}/task').glob('*/schedstat')
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6

async def main():
    settings = Settings.model_validate({{'tmux': {{'look_timeout_seconds': 30, 'command_timeout_seconds': 30}}}})
    opening = open_services(ServerAddress({socket!r}), find_places({home!r}), settings, persistent=True)
    async with opening as opened:
        workers = opened.workers
        await workers.look_once()
        mux = workers.supervisor.mux
        while not mux.control.linked:
            await asyncio.sleep(0.05)
        # By then new panes are what they will be, and no longer asked about.
        for _ in range(4):
            await workers.supervisor.look([])
            await asyncio.sleep(0.5)
        asked, plain = [], mux.control.ask
        async def ask(*words):
            blocks = await plain(*words)
            asked.append(sum(len(block.body) for block in blocks))
            return blocks
        mux.control.ask = ask
        taken = []
        for _ in range({looks}):
            begun, before = time.process_time(), server()
            await workers.supervisor.look([])
            workers.supervisor.show()
            taken.append(((time.process_time() - begun) * 1000, server() - before))
        await mux.close()
    print(json.dumps([sorted(each)[len(each) // 2] for each in (*zip(*taken), asked)]))
asyncio.run(main())
"""
TWELVE = "|".join(
    f"#{{{name}}}"
    for name in (
        *("session_id", "window_id", "pane_id", "pane_pid", "pane_tty", "window_activity", "pane_dead"),
        *("session_name", "window_name", "pane_title", "pane_current_command", "pane_current_path"),
    )
)


class FleetOfPanes(NamedTuple):
    """What a server is filled with."""

    sessions: int
    panes: int
    """In each session."""
    agents: int
    """In all; the other panes wait for input."""

    def __str__(self) -> str:
        return f"{self.sessions} sessions, {self.sessions * self.panes} panes, {self.agents} agents"


FLEETS = (FleetOfPanes(100, 1, 100), FleetOfPanes(30, 100, 0), FleetOfPanes(30, 100, 90))


class Cost(NamedTuple):
    """What was measured of one program on one fleet; times in milliseconds of processor."""

    look: float = 0.0
    look_server: float = 0.0
    look_kib: float = 0.0
    rest: float = 0.0
    rest_server: float = 0.0
    row_writes: float = 0.0
    row_writes_server: float = 0.0
    other_writes: float = 0.0
    other_writes_server: float = 0.0
    memory: float = 0.0
    server_memory: float = 0.0


UNITS = {
    "look": "a look, ms",
    "look_server": "the same, tmux, ms",
    "look_kib": "its answer, KiB",
    "rest": "a second at rest, ms",
    "rest_server": "the same, tmux, ms",
    "row_writes": "a second in which the pane of a row writes twice, ms",
    "row_writes_server": "the same, tmux, ms",
    "other_writes": "a second in which another pane writes twice, ms",
    "other_writes_server": "the same, tmux, ms",
    "memory": "memory, MiB",
    "server_memory": "memory of tmux, MiB",
}


def fill(server: TmuxServer, folder: Path, fleet: FleetOfPanes) -> None:
    """Start the sessions; their agents are the first panes of windows of their own."""
    recorded = itertools.cycle(agent_crowd.recorded(agent_crowd.AT_REST))
    each = fleet.agents // fleet.sessions
    for number in range(1, fleet.sessions + 1):
        words: list[str] = []
        for pane in range(fleet.panes):
            is_agent = pane % PANES_IN_WINDOW == 0 and pane // PANES_IN_WINDOW < each
            program = agent_crowd.command(folder, next(recorded)) if is_agent else ("cat",)
            words += [*_opening(f"s{number:04}", pane), "--", *program, ";"]
        server.run(*words[:-1])


def _opening(name: str, pane: int) -> tuple[str, ...]:
    if pane == 0:
        return "new-session", "-d", "-s", name, "-x", "80", "-y", "24"
    if pane % PANES_IN_WINDOW == 0:
        return "new-window", "-d", "-t", f"={name}:"
    return "split-window", "-d", "-t", f"={name}:{pane // PANES_IN_WINDOW}.0", "-l", "4"


def rss(pid: int) -> float:
    """Resident memory in MiB."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


def spend(terminal: Terminal, server: int, seconds: float, tty: str = "") -> tuple[float, float]:
    """Milliseconds a second that a program and the server use, while a pane may write."""
    before, ends = (terminal.cpu(), processor_ms(server)), time.perf_counter() + seconds
    while (left := ends - time.perf_counter()) > 0:
        if tty:
            written = os.open(tty, os.O_WRONLY | os.O_NOCTTY)
            os.write(written, b"something\r\n")
            os.close(written)
        until = time.perf_counter() + min(left, WRITES_EACH)
        while (rest := until - time.perf_counter()) > 0:
            terminal.burst(rest)
    return (terminal.cpu() - before[0]) / seconds, (processor_ms(server) - before[1]) / seconds


def measured(server: TmuxServer, app: Path, home: Path, seconds: float, ttys: tuple[str, str]) -> Cost:
    """One program on one server."""
    pid, words = server.pid(), {"app": str(app), "socket": server.socket, "home": str(home)}
    code = LOOKS.format(**words, server=pid, looks=21)
    looked = json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
    terminal = Terminal(CONSOLE.format(**words), 200, 50)
    try:
        terminal.until(READY, timeout=60)
        spend(terminal, pid, SETTLES)
        rest = spend(terminal, pid, seconds)
        writes = [spend(terminal, pid, seconds, tty) if tty else (0.0, 0.0) for tty in ttys]
        sizes = rss(terminal.pid), rss(pid)
    finally:
        terminal.close()
    return Cost(looked[0], looked[1], looked[2] / 1024, *rest, *writes[0], *writes[1], *sizes)


def baseline(server: TmuxServer, seconds: float) -> Cost:
    """A spawned `tmux list-panes`, and an empty Textual app."""
    pid, taken = server.pid(), list[tuple[float, float, float]]()
    for _ in range(7):
        before, spent = os.times(), processor_ms(pid)
        told = server.run("list-panes", "-a", "-F", TWELVE)
        after = os.times()
        ours = after.children_user + after.children_system - before.children_user - before.children_system
        taken.append((ours * 1000, processor_ms(pid) - spent, len(told) / 1024))
    terminal = Terminal(EMPTY, 200, 50)
    try:
        terminal.until(b"nothing but this")
        spend(terminal, pid, SETTLES / 3)
        look, look_server, kib = _medians(taken)
        rest, rest_server = spend(terminal, pid, seconds)
        sizes = rss(terminal.pid), rss(pid)
    finally:
        terminal.close()
    return Cost(look, look_server, kib, rest, rest_server, memory=sizes[0], server_memory=sizes[1])


def _medians(rows: Iterable[tuple[float, ...]]) -> Iterator[float]:
    return (statistics.median(column) for column in zip(*rows, strict=True))


def report(fleet: FleetOfPanes, found: dict[str, list[Cost]]) -> None:
    """Print the medians of one fleet, ours as so many times the first column."""
    medians = {name: Cost(*_medians(costs)) for name, costs in found.items()}
    print(f"\n{fleet!s:<54}" + "".join(f"{name:>12}" for name in medians) + f"{'times':>9}")
    for field, words in UNITS.items():
        values = [getattr(cost, field) for cost in medians.values()]
        times = f"{values[-1] / values[-2]:>9.2f}" if values[-2] else f"{'-':>9}"
        print(f"{words:<54}" + "".join(f"{value:>12.2f}" for value in values) + times, flush=True)


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, help="another checkout, to be measured in turn with this one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--fleets", type=int, nargs="*", default=range(len(FLEETS)), help="which, by number")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="qd-", dir="/tmp"))
    os.environ |= {"PYTHONPYCACHEPREFIX": str(folder / "pyc")}
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "TMUX", "TMUX_PANE", "QUARTERDECK_SESSION"):
        os.environ.pop(name, None)
    programs = {"before": chosen.against / "app"} if chosen.against else {}
    programs["here"] = ROOT / "app"
    try:
        for index in chosen.fleets:
            fleet, found = FLEETS[index], dict[str, list[Cost]]()
            with TmuxServer(folder / f"t{index}") as server:
                fill(server, folder, fleet)
                last = f"=s{fleet.sessions:04}:0"
                ttys = server.run("list-panes", "-t", last, "-F", "#{pane_tty}").splitlines()
                for _ in range(chosen.rounds):
                    found.setdefault("beside it", []).append(baseline(server, chosen.seconds / 2))
                    for name, app in programs.items():
                        home = folder / f"{name}{index}"
                        cost = measured(server, app, home, chosen.seconds, (ttys[0], ttys[3] if ttys[3:] else ""))
                        found.setdefault(name, []).append(cost)
            report(fleet, found)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
