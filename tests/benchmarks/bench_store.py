"""What the store costs, next to writing everything into one JSON file: `python tests/benchmarks/bench_store.py`."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.values import replace

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "app"), str(ROOT / "tests")]

from quarterdeck.store.glances import glance  # noqa: E402
from quarterdeck.store.kept_rows import as_json  # noqa: E402
from quarterdeck.store.sqlite import SqliteStore  # noqa: E402
from support.store import RUN, SERVER, seen_session, session  # noqa: E402 — the path is set above

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.session import Session

ROUNDS = 15


def write_json(path: Path, sessions: Sequence[Session]) -> None:
    """The careful way: another file, synced, renamed."""
    fresh = path.with_suffix(".tmp")
    with fresh.open("w") as file:
        json.dump([json.loads(as_json(one)) for one in sessions], file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def said(what: str, seconds: list[float]) -> float:
    middle = statistics.median(seconds) * 1000
    print(f"{what:<52} {middle:9.3f} ms   (worst {max(seconds) * 1000:.3f})")
    return middle


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="qd-bench-") as folder:
        path = Path(folder) / "state.db"
        fleet = [
            replace(session(number), thought="mending the roof of the barn", cwd="/work") for number in range(1000)
        ]
        ours: list[float] = []
        theirs: list[float] = []
        looks: list[float] = []
        opened: list[float] = []
        claimed: list[float] = []
        known: list[float] = []
        noticed: list[float] = []
        async with SqliteStore(path) as store:
            await store.checkpoint(fleet)
            for turn in range(ROUNDS):
                fleet = [
                    replace(one, token_count=turn) if number % 20 == turn % 20 else one
                    for number, one in enumerate(fleet)
                ]
                began = time.perf_counter()
                await store.checkpoint(fleet)
                ours.append(time.perf_counter() - began)
                began = time.perf_counter()
                write_json(Path(folder) / "state.json", fleet)
                theirs.append(time.perf_counter() - began)
                began = time.perf_counter()
                glance(path, SERVER)
                looks.append(time.perf_counter() - began)
                began = time.perf_counter()
                await store.changed_elsewhere()
                noticed.append(time.perf_counter() - began)
            for turn in range(ROUNDS):
                seen = [seen_session(10_000 + turn * 100 + number) for number in range(100)]
                for taken in (claimed, known):
                    began = time.perf_counter()
                    await store.claim(SERVER, RUN, seen)
                    taken.append(time.perf_counter() - began)
        for _ in range(ROUNDS):
            began = time.perf_counter()
            async with SqliteStore(path):
                opened.append(time.perf_counter() - began)

        checkpoint = said("checkpoint, 50 changed of 1000", ours)
        whole = said("the same as one JSON file", theirs)
        print(f"{'':<52} {whole / checkpoint:9.1f} times as long")
        said("claim of 100 new sightings (2000 rows kept)", claimed)
        said("claim of 100 known sightings", known)
        said("whether another process wrote", noticed)
        said("glance for the status line (1000 rows)", looks)
        said("open, with its check (3500 rows)", opened)


if __name__ == "__main__":
    asyncio.run(main())
