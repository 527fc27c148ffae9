"""What the thought engine costs: `python tests/benchmarks/bench_thoughts.py`.

Runs the real engine with lines made here over 100 sessions for a while and prints the share of one core that it adds.
A third of the sessions are agents at work whose transcripts and tools change every two seconds, a tenth are terminals
that print all the time, and the rest wait or are idle. Expected: under 1 %. Nothing fails, for machines differ.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.values import replace

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "app"), str(ROOT / "tests")]

from quarterdeck.core.fleet import Fleet  # noqa: E402 - the checkout's own code, found a line above
from quarterdeck.core.session import Need, SessionId, SessionState  # noqa: E402
from quarterdeck.core.transcript import ActionKind, AgentAction  # noqa: E402
from quarterdeck.ports.clock import SystemClock  # noqa: E402
from quarterdeck.ports.thinker import EngineSetup  # noqa: E402
from quarterdeck.store.sqlite import SqliteStore  # noqa: E402
from quarterdeck.supervisor.accepted_thoughts import AcceptedThoughts, ThoughtQueue  # noqa: E402
from quarterdeck.supervisor.session_thoughts import ThoughtPublisher  # noqa: E402
from quarterdeck.supervisor.thought_engine import ThoughtEngine  # noqa: E402
from quarterdeck.thoughts.local import line_of  # noqa: E402
from support.thinking import CADENCE, agent_of, session_of, terminal_of, view_of  # noqa: E402

if TYPE_CHECKING:
    from quarterdeck.core.insight import Insight

CHANGES_EVERY = 2.0
LOOKS_EVERY = 0.25
TOOLS = ("Bash: pytest -q", "Read: parser.py", "Edit: parser.py", "Grep: def main", "Bash: git status")


class Scene:
    """One hundred sessions that go on by themselves."""

    def __init__(self, count: int) -> None:
        self.step = 0
        self.clock = SystemClock()
        self.kinds = {
            SessionId(f"sess_{number}"): "agent" if number % 3 == 0 else "terminal" if number % 10 == 1 else "still"
            for number in range(count)
        }
        self.insights = {key: self._insight(key, kind) for key, kind in self.kinds.items()}

    def fleet(self) -> Fleet:
        """The rows."""
        return Fleet(sessions={key: insight.session for key, insight in self.insights.items()})

    def goes_on(self) -> list[SessionId]:
        """Let those at work have written something; answers who has."""
        self.step += 1
        moved = [key for key, kind in self.kinds.items() if kind == "terminal"]
        if self.step % int(CHANGES_EVERY / LOOKS_EVERY) == 0:
            moved += [key for key, kind in self.kinds.items() if kind == "agent"]
        for key in moved:
            self.insights[key] = self._insight(key, self.kinds[key])
        return moved

    def _insight(self, key: SessionId, kind: str) -> Insight:
        now = self.clock.now()
        if kind == "terminal":
            lines = "\n".join(f"cc -O2 -c source_{self.step + line}.c" for line in range(40))
            found = terminal_of(lines)
        elif kind == "agent":
            tool = TOOLS[self.step // 8 % len(TOOLS)]
            steps = [
                AgentAction(kind=ActionKind.TOOL, tool=each.partition(":")[0], text=each, ok=True)
                for each in (TOOLS * 80)[: 300 + self.step % 50]
            ]
            view = view_of("fix the login redirect", *steps, current_tool=tool, turn_actions=40)
            found = agent_of(view, screen="words\n" * 40)
        else:
            over = session_of(SessionState.IDLE, needs=Need.FINISHED)
            found = agent_of(view_of("x", said="Fixed the login redirect."), over, is_waiting=True)
        return replace(found, session=replace(found.session, session_id=key, last_activity_at=now))


async def measure(count: int, seconds: float, *, thinks: bool) -> tuple[float, int]:
    """CPU seconds a second, and lines said, with or without the engine."""
    scene = Scene(count)
    with tempfile.TemporaryDirectory(prefix="qd") as folder:
        async with SqliteStore(Path(folder) / "state.db") as store:
            queue = ThoughtQueue(store.save_thought)
            thoughts = AcceptedThoughts(queue)
            said: list[SessionId] = []
            publisher = ThoughtPublisher(
                clock=scene.clock, thoughts=thoughts, pane_of=lambda session: None, show=said.append
            )
            engine = ThoughtEngine(
                fleet=scene.fleet,
                insight=lambda session: scene.insights[session.session_id],
                publisher=publisher,
                line_of=line_of,
                setup=EngineSetup(cadence=CADENCE, concurrency=2),
                clock=scene.clock,
                report=lambda *_: None,
                is_writer=lambda: True,
            )
            workers = [asyncio.create_task(work()) for work in ((engine.run, queue.run) if thinks else ())]
            await asyncio.sleep(2)
            earlier, began, cpu = len(said), time.perf_counter(), time.process_time()
            while time.perf_counter() - began < seconds:
                moved = scene.goes_on()
                if thinks:
                    engine.moved(moved)
                await asyncio.sleep(LOOKS_EVERY)
            spent = (time.process_time() - cpu) / (time.perf_counter() - began)
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            return spent, len(said) - earlier


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    added, lines = [], 0
    for _ in range(options.rounds):
        without, _ = await measure(options.sessions, options.seconds, thinks=False)
        spent, lines = await measure(options.sessions, options.seconds, thinks=True)
        added.append((spent - without) * 100)
    each = ", ".join(f"{share:.2f}" for share in added)
    print(f"{options.sessions} sessions, {lines / options.seconds:.1f} lines a second, written to a store")
    print(f"added by the engine: {statistics.median(added):.2f} % of a core (rounds: {each}); expected under 1 %")


asyncio.run(main())
