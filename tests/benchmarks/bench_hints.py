"""How soon a change is hinted: by the kernel, against a poll of tmux four times a second, on the same events.

python tests/benchmarks/bench_hints.py [SESSIONS...]
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[2] / "app"), str(HERE.parents[1])]

from quarterdeck.core.pane import ServerAddress  # noqa: E402
from quarterdeck.ports.mux import HintKind  # noqa: E402
from quarterdeck.tmux import one_call  # noqa: E402
from quarterdeck.tmux.hints import Hints  # noqa: E402
from support.patience import PATIENCE  # noqa: E402
from support.tmux_panes import panes_of  # noqa: E402
from support.tmux_server import TmuxServer  # noqa: E402

SIZES = (10, 100)
EVENTS = 30
POLL_EVERY = 0.25
EXIT, OUTPUT = "exit", "output"
EXPECTED = {EXIT: 5.0, OUTPUT: 2.0}
"""Milliseconds from the event to our hint, median."""

State = dict[str, str]


class Waiting:
    """The first moment after an event at which each way knows of it."""

    def __init__(self) -> None:
        self.kind, self.pane_id = "", ""
        self.hinted = self.polled = asyncio.Event()
        self.times: dict[str, float] = {}

    def begin(self, kind: str, pane_id: str) -> None:
        self.kind, self.pane_id = kind, pane_id
        self.hinted, self.polled = asyncio.Event(), asyncio.Event()
        self.times = {}

    def know(self, way: str, event: asyncio.Event) -> None:
        self.times.setdefault(way, time.perf_counter())
        event.set()


async def read_hints(hints: Hints, waiting: Waiting) -> None:
    """The way we take."""
    async for hint in hints.stream():
        kind = {HintKind.EXIT: EXIT, HintKind.OUTPUT: OUTPUT}.get(hint.kind)
        if (kind, hint.pane_id) == (waiting.kind, waiting.pane_id):
            waiting.know("hint", waiting.hinted)


async def poll(address: ServerAddress, waiting: Waiting) -> None:
    """The plain way: list all panes, and compare."""
    before: State = {}
    while True:
        rows = (
            await one_call.ask(address, "list-panes", "-a", "-F", "#{pane_id} #{cursor_x} #{history_size}")
        ).decode()
        now = dict(row.split(" ", 1) for row in rows.splitlines())
        pane_id = waiting.pane_id
        if (waiting.kind == EXIT and pane_id not in now) or (
            waiting.kind == OUTPUT and pane_id in before and now.get(pane_id) != before[pane_id]
        ):
            waiting.know("poll", waiting.polled)
        before = now
        await asyncio.sleep(POLL_EVERY)


async def bench(sessions: int, folder: str) -> dict[tuple[str, str], list[float]]:
    """Milliseconds per kind of event and way, on a server with so many sessions."""
    found: dict[tuple[str, str], list[float]] = {(kind, way): [] for kind in EXPECTED for way in ("hint", "poll")}
    with TmuxServer(f"{folder}/s{sessions}") as server:
        for at in range(sessions + EVENTS):
            server.session(f"session-{at}")
        panes = panes_of(server)
        hints, waiting = Hints(poll_every=1), Waiting()
        hints.watch(panes)
        tasks = [
            asyncio.create_task(read_hints(hints, waiting)),
            asyncio.create_task(poll(ServerAddress(server.socket), waiting)),
        ]
        try:
            for at in range(EVENTS):
                for kind, pane in ((OUTPUT, panes[at % sessions]), (EXIT, panes[sessions + at])):
                    # Past the next batch of watches and at no fixed place between two polls.
                    await asyncio.sleep(POLL_EVERY * (1.2 + random.random()))
                    waiting.begin(kind, pane.pane_id)
                    began = time.perf_counter()
                    cause(kind, pane.pid, pane.tty)
                    async with asyncio.timeout(PATIENCE):
                        await waiting.hinted.wait()
                        await waiting.polled.wait()
                    for way, moment in waiting.times.items():
                        found[kind, way].append((moment - began) * 1000)
        finally:
            hints.close()
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
    return found


def cause(kind: str, pid: int, tty: str) -> None:
    """Make it happen, as the pane's own program would."""
    if kind == EXIT:
        os.kill(pid, signal.SIGKILL)
        return
    terminal = os.open(tty, os.O_WRONLY | os.O_NOCTTY)
    os.write(terminal, b"x")
    os.close(terminal)


def main() -> int:
    """Print a table, and fail when a hint came later than was promised."""
    sizes = tuple(map(int, sys.argv[1:])) or SIZES
    late = []
    print(f"{'ms, median / worst of ' + str(EVENTS):<28}{'hint':>18}{'poll each 250 ms':>22}{'hint/poll':>12}")
    with tempfile.TemporaryDirectory(prefix="qd-", dir="/tmp") as folder:
        for sessions in sizes:
            found = asyncio.run(bench(sessions, folder))
            for kind, limit in EXPECTED.items():
                hint, polled = found[kind, "hint"], found[kind, "poll"]
                ours, theirs = statistics.median(hint), statistics.median(polled)
                print(
                    f"{f'{kind}, {sessions} sessions':<28}{f'{ours:.2f} / {max(hint):.2f}':>18}"
                    f"{f'{theirs:.0f} / {max(polled):.0f}':>22}{ours / theirs:>12.4f}"
                )
                if ours > limit:
                    late.append(f"{kind} is hinted after {ours:.2f} ms at {sessions} sessions, expected <= {limit}")
    print("\n".join(late))
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
