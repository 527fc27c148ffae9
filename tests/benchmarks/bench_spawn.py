"""What ten spawns cost, next to git and tmux alone: `python tests/benchmarks/bench_spawn.py`."""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "app"), str(ROOT / "tests")]

from quarterdeck.operations.spawn import SpawnRequest, spawn  # noqa: E402
from support.git_repo import Repository, git, make_repository  # noqa: E402
from support.tmux_server import TmuxServer  # noqa: E402
from support.work_contexts import open_place  # noqa: E402 — the path is set above

FILES = 5_000
SPAWNS = 10


def large_repository(folder: Path) -> Repository:
    repository = make_repository(folder)
    for number in range(FILES):
        file = repository.path / f"part{number % 50}" / f"file{number}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"value = {number}\n" * 40)
    repository.git("add", ".")
    repository.git("commit", "--quiet", "-m", "many files")
    repository.git("push", "--quiet")
    return repository


def alone(folder: Path, repository: Repository, server: TmuxServer) -> list[float]:
    took = []
    for number in range(SPAWNS):
        began = time.perf_counter()
        path = folder / "alone" / str(number)
        git(repository.path, "worktree", "add", "--quiet", "-b", f"alone/{number}", str(path), "origin/main")
        server.session(f"alone-{number}", cwd=path)
        took.append(time.perf_counter() - began)
    return took


async def ours(folder: Path, socket: Path, repository: Repository) -> list[float]:
    took = []
    async with open_place(folder, socket, repository) as place:
        for number in range(SPAWNS):
            began = time.perf_counter()
            await spawn(place.work_context, SpawnRequest(project="app", prompt=f"task {number}"), place.say)
            took.append(time.perf_counter() - began)
    return took


def said(what: str, seconds: list[float]) -> float:
    total = sum(seconds)
    print(f"{what:<44} {total * 1000:9.0f} ms   (median {statistics.median(seconds) * 1000:.0f})")
    return total


def main() -> None:
    os.environ["GIT_CONFIG_GLOBAL"] = "/dev/null"
    folder = Path(tempfile.mkdtemp(prefix="qd-", dir="/tmp"))
    server = TmuxServer(folder / "s")
    try:
        repository = large_repository(folder / "r")
        by_hand = said(f"{SPAWNS} x git worktree add + tmux new-session", alone(folder, repository, server))
        spawned = said(f"{SPAWNS} spawns", asyncio.run(ours(folder, folder / "s", repository)))
        print(f"{'ratio':<44} {spawned / by_hand:9.2f}")
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
