"""How long a look takes: ours down the control pipe, against a spawned tmux and against libtmux, in one run.

python tests/benchmarks/bench_look.py [SESSIONS...]
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[2] / "app"), str(HERE.parents[1])]

import libtmux  # noqa: E402

from quarterdeck.core.pane import ServerAddress, Snapshot  # noqa: E402
from quarterdeck.programs import tmux_program  # noqa: E402
from quarterdeck.tmux.mux import TmuxMux  # noqa: E402
from support.patience import PATIENCE  # noqa: E402
from support.tmux_mux import until_linked  # noqa: E402
from support.tmux_server import TmuxServer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SIZES = (10, 100, 500)
ROUNDS = 21
TWELVE = "|".join(
    f"#{{{name}}}"
    for name in (
        *("session_id", "window_id", "pane_id", "pane_pid", "pane_tty", "window_activity", "pane_dead"),
        *("session_name", "window_name", "pane_title", "pane_current_command", "pane_current_path"),
    )
)
OURS = "ours, nobody moved"
OURS_MOVED = "ours, one in ten moved"
OURS_ALL = "ours, everybody asked"
SPAWNED = "spawned list-panes, 12 fields"
LIBTMUX = "libtmux server.panes"
EXPECTED = ((OURS, SPAWNED, 0.5), (OURS, LIBTMUX, 0.1))
"""At 100 sessions: ours takes less than this share of the other."""


async def spawned(socket: str) -> None:
    """The plain way: one tmux process for each look."""
    process = await asyncio.create_subprocess_exec(
        *(tmux_program(), "-u", "-S", socket, "list-panes", "-a", "-F", TWELVE), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out


async def measured(ways: dict[str, Callable[[], Awaitable[object]]]) -> dict[str, float]:
    """The median of each way, in milliseconds; the ways take turns, so that a busy machine hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS):
        order = list(ways.items())
        for name, way in order[turn % len(order) :] + order[: turn % len(order)]:
            # The one before leaves processes for the system to clear away, and has used up our share of the machine.
            await asyncio.sleep(0.02)
            began = time.perf_counter()
            await way()
            times[name].append((time.perf_counter() - began) * 1000)
    return {name: statistics.median(taken) for name, taken in times.items()}


async def bench(sessions: int, folder: str) -> dict[str, float]:
    """Measure on a server with so many sessions."""
    with TmuxServer(f"{folder}/s{sessions}") as server:
        for first in range(0, sessions, 50):
            commands = [
                word
                for n in range(first, min(first + 50, sessions))
                for word in ("new-session", "-d", "-s", f"session-{n}", "--", "sleep", "3600", ";")
            ]
            server.run(*commands[:-1])
        mux = TmuxMux(
            ServerAddress(server.socket), persistent=True, timeout=PATIENCE, command_timeout=PATIENCE, poll_every=1
        )
        look = await mux.look()
        assert isinstance(look, Snapshot)
        assert len(look.panes) == sessions
        assert mux.control is not None
        assert await until_linked(mux.control)
        moved = [pane.pane_id for pane in look.panes[::10]]
        library = libtmux.Server(socket_path=server.socket)

        async def by_libtmux() -> None:
            assert len(library.panes) == sessions

        try:
            return await measured(
                {
                    OURS: lambda: mux.look([]),
                    OURS_MOVED: lambda: mux.look(moved),
                    OURS_ALL: lambda: mux.look(None),
                    SPAWNED: lambda: spawned(server.socket),
                    LIBTMUX: by_libtmux,
                }
            )
        finally:
            await mux.close()


def main() -> int:
    """Print a table, and fail when a share that was promised is not kept."""
    sizes = tuple(map(int, sys.argv[1:])) or SIZES
    with tempfile.TemporaryDirectory(prefix="qd-", dir="/tmp") as folder:
        results = {sessions: asyncio.run(bench(sessions, folder)) for sessions in sizes}
    print(f"{'median ms, share of ours':<32}" + "".join(f"{sessions:>16} sessions" for sessions in sizes))
    for name in next(iter(results.values())):
        cells = (f"{taken[name]:>12.2f}  {taken[OURS] / taken[name]:>6.2f} x    " for taken in results.values())
        print(f"{name:<32}" + "".join(f"{cell:>25}" for cell in cells))
    broken = [
        f"at 100 sessions {ours} takes {share:.2f} of {other}, expected < {limit}"
        for ours, other, limit in EXPECTED
        if 100 in results and (share := results[100][ours] / results[100][other]) >= limit
    ]
    print("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
