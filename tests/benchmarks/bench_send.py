"""How long a message takes to an idle agent, from the call to the proof: `python tests/benchmarks/bench_send.py`.

The agent is scripted and draws as the real one does; `tests/agents_live` prints the same for the real ones.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "app"), str(ROOT / "tests")]

from quarterdeck.operations.answer import answer  # noqa: E402
from quarterdeck.operations.send import send  # noqa: E402
from support.post import post_office  # noqa: E402

SENDS = 30
NEWBORN = 13.0


async def measure(*, persistent: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="qd-", dir="/tmp") as folder:
        async with post_office(Path(folder), persistent=persistent) as office:
            agent = office.agent()
            session = await office.session()
            # In its first seconds an agent is looked at for longer.
            await asyncio.sleep(NEWBORN)
            seconds, proofs = [], Counter[str]()
            for number in range(SENDS):
                began = time.perf_counter()
                sent = await send(office.context, session, f"message number {number}")
                seconds.append(time.perf_counter() - began)
                proofs[f"{sent.outcome} by {sent.proof}"] += 1
                await asyncio.sleep(0.4)
            answers = []
            for number in range(10):
                await asyncio.to_thread(agent.order, f"ask touch {number}")
                began = time.perf_counter()
                await answer(office.context, session, "1")
                answers.append(time.perf_counter() - began)
            seconds.sort()
            answers.sort()
            how = "in a console" if persistent else "from the command line"
            print(
                f"{how}: send median {seconds[len(seconds) // 2]:.2f} s, 90 % {seconds[int(len(seconds) * 0.9)]:.2f} s,"
                f" slowest {seconds[-1]:.2f} s; {dict(proofs)}; answer median {answers[len(answers) // 2]:.2f} s"
            )


if __name__ == "__main__":
    for each in (True, False):
        asyncio.run(measure(persistent=each))
