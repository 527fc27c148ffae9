"""How soon what an agent shows, writes and reports is on its row, and whether its thought comes with it.

    PYTHONPATH=app:tests python tests/benchmarks/bench_agent_words.py [ROUNDS]

Recorded screens and titles of Codex and Gemini are drawn into panes of a private tmux server, rollouts and reports are
written as they write them. Each kind is measured at rest and while 20 other panes write, in ms from the moment at which
all of it was there. `thought` is by how much the words came after the state. Last, what 30 agents cost a second.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.events import SessionChanged
from support import agent_crowd
from support.drawn_agents import DrawnAgents
from support.recordings import FULL, recordings
from support.tmux_server import TmuxServer
from support.workers import Watching, until, watching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quarterdeck.core.session import Session
    from support.recordings import Recording

WRITERS = 20
CROWD = 30
PATIENCE = 12.0
COSTS_SECONDS = 8.0
SHOWN = {str(each): each for each in recordings(FULL)}


async def waited(
    workers: Watching, name: str, act: Callable[[], object], shows: Callable[[Session], bool], words: str = ""
) -> tuple[float, float]:
    """Seconds from the end of an act until the row shows it, and from then until its thought says these words."""
    done = asyncio.get_running_loop().create_future()
    at: list[float] = []

    def heard(event: object) -> None:
        if not isinstance(event, SessionChanged) or event.after.tmux_name != name or done.done():
            return
        if not at and shows(event.after):
            at.append(time.perf_counter())
        if at and words in (event.after.thought or ""):
            done.set_result(time.perf_counter() - at[0])

    forget = workers.workers.supervisor.subscribe(heard)
    try:
        act()
        begun = time.perf_counter()
        async with asyncio.timeout(PATIENCE):
            late = float(await done)
        return at[0] - begun, late
    finally:
        forget()


async def redraw(stage: DrawnAgents, recording: Recording, seconds: float) -> None:
    """Move as an agent at work does."""
    end, tick = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        tick += 1
        stage.draw(recording, title="\u2839\u2838"[tick % 2] + recording.title[1:])
        await asyncio.sleep(0.15)


async def measure(workers: Watching, stage: DrawnAgents, rounds: int) -> dict[str, list[float]]:
    """Seconds of each kind."""
    took: dict[str, list[float]] = {}
    working, asking, idle = SHOWN["codex-working-silent-120x36"], SHOWN["codex-permission-120x36"], "demo"
    over, stopped = SHOWN["codex-finished-120x36"], SHOWN["codex-interrupted-120x36"]

    async def note(kind: str, act: Callable[[], object], shows: Callable[[Session], bool], words: str = "") -> None:
        name = "gemini" if kind.startswith("title") else "codex"
        seconds, late = await waited(workers, name, act, shows, words)
        took.setdefault(kind, []).append(seconds)
        if words:
            took.setdefault(f"{kind}: thought", []).append(late)

    async def at_work() -> None:
        stage.draw(working)
        await until(lambda: workers.need("codex").state == "busy", "it works")
        await redraw(stage, working, random.uniform(0.2, 3.5))

    for _ in range(rounds):
        stage.begin()
        await at_work()
        await note(
            "permission on the screen", lambda: stage.draw(asking, title=idle), lambda s: s.needs == "permission"
        )
        await redraw(stage, asking, random.uniform(0.3, 3.0))

        def refuse() -> None:
            stage.write("event_msg", type="turn_aborted", reason="interrupted")
            stage.draw(stopped)

        words = f"interrupted: prompt number {stage.said}"
        await note("refusal, no hooks", refuse, lambda s: s.state == "idle", words)
        await asyncio.sleep(random.uniform(0.5, 3))
        stage.begin()
        await at_work()

        def finish() -> None:
            stage.end()
            stage.draw(over)

        words = f"nswer number {stage.said} "
        await note("finish, no hooks", finish, lambda s: s.needs == "finished", words)
        await asyncio.sleep(random.uniform(0.5, 3))
        asked = stage.begin()
        words = f"prompt number {stage.said}"
        report = lambda: stage.report("UserPromptSubmit", prompt=asked)  # noqa: E731, B023
        await note("begin, hooks", report, lambda s: s.state == "busy", words)
        await at_work()

        def stop() -> None:
            stage.report("Stop", last_assistant_message=stage.end())
            stage.draw(over)

        words = f"nswer number {stage.said} "
        await note("finish, hooks", stop, lambda s: s.needs == "finished", words)
        await asyncio.sleep(6)
        gemini = {name: SHOWN[f"gemini-{name}-120x36"] for name in ("working", "permission", "finished")}
        stage.draw(gemini["working"])
        await until(lambda: workers.need("gemini").state == "busy", "it works")
        await asyncio.sleep(random.uniform(0.2, 3))
        ask = lambda: stage.draw(gemini["permission"], screen=False)  # noqa: E731, B023
        await note("title asks", ask, lambda s: s.needs == "permission")
        await asyncio.sleep(random.uniform(0.2, 3))
        rest = lambda: stage.draw(gemini["finished"])  # noqa: E731, B023
        await note("title rests", rest, lambda s: s.state == "idle")
        await asyncio.sleep(random.uniform(0.2, 1))
    return took


async def cost() -> float:
    """Milliseconds of processor a second that this process takes now."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    await asyncio.sleep(COSTS_SECONDS)
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return 1000 * spent / COSTS_SECONDS


def crowd(server: TmuxServer, folder: Path, number: int, states: tuple[str, ...]) -> list[str]:
    """So many agents that show these states."""
    names = [f"{states[0]}{each}" for each in range(number)]
    agent_crowd.start(server, folder, names, agent_crowd.recorded(states))
    return names


def table(title: str, took: dict[str, list[float]]) -> Iterator[str]:
    """Median and worst of each kind."""
    yield f"{title:<36} median  worst"
    for kind, seconds in took.items():
        yield f"  {kind:<34} {statistics.median(seconds) * 1000:6.0f} {max(seconds) * 1000:6.0f}"


async def run(folder: Path, rounds: int) -> None:
    """Measure, and print."""
    os.environ["HOME"] = str(folder / "home")
    os.environ.pop("CODEX_HOME", None)
    with TmuxServer(folder / "s") as server:
        stage = DrawnAgents(folder, server)
        async with watching(folder / "s", folder / "qd") as workers:
            await asyncio.sleep(4)
            print("\n".join(table("at rest", await measure(workers, stage, rounds))), flush=True)
            writers = crowd(server, folder, WRITERS, agent_crowd.AT_WORK)
            await asyncio.sleep(4)
            print("\n".join(table(f"{WRITERS} panes write", await measure(workers, stage, rounds))), flush=True)
            crowd(server, folder, CROWD, agent_crowd.AT_REST)
            for name in writers:
                server.run("kill-session", "-t", f"={name}")
            await asyncio.sleep(12)
            rests = await cost()
            for row in workers.sessions():
                if row.tmux_name not in {"codex", "gemini"}:
                    server.run("kill-session", "-t", f"={row.tmux_name}")
            crowd(server, folder, CROWD, agent_crowd.AT_WORK)
            await asyncio.sleep(6)
            print(f"{CROWD} agents, ms of processor a second: at rest {rests:.1f}, at work {await cost():.1f}")


def main() -> None:
    """Run it in a folder of its own."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    with tempfile.TemporaryDirectory(prefix="qd-", dir="/tmp") as folder:
        asyncio.run(run(Path(folder), rounds))


if __name__ == "__main__":
    main()
