from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import quarterdeck
from quarterdeck.ports.store import ActivityQuery
from quarterdeck.store.lease import Lease
from support.patience import PATIENCE
from support.store import open_store, session

SOURCES = Path(quarterdeck.__file__).parents[1]
TESTS = Path(__file__).parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{SOURCES}:{TESTS}"}


def start(what: str, path: Path, extra: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "support.store_child", what, str(path), extra],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )


def finish(child: subprocess.Popen[str]) -> list[dict[str, object]]:
    assert child.stdout is not None
    with child.stdout:
        said = child.stdout.read()
    child.wait(PATIENCE)
    # A killed child may have been in the middle of a line.
    return [json.loads(line) for line in said.splitlines(keepends=True) if line.endswith("\n")]


async def read_everything(path: Path) -> tuple[set[str], dict[str, str | None], set[str]]:
    async with open_store(path) as store:
        kept = {str(one.session_id) for one in await store.sessions()}
        thoughts = {key: one.thought for key, one in (await store.thoughts()).items()}
        events = {one.summary for one in await store.activity(ActivityQuery(limit=5000))}
        assert store.health().notice == ""
        return kept, thoughts, events


@pytest.mark.process
def test_four_processes_that_race_for_identities_never_disagree(tmp_path: Path) -> None:
    children = [start("claims", tmp_path / "state.db", f"p{number}") for number in range(4)]

    said = [finish(child) for child in children]

    assert [lines.pop() for lines in said] == [{"pending": 0, "error": ""}] * 4
    shared = [[line["shared"] for line in lines] for lines in said]
    own = [line["own"] for lines in said for line in lines]
    assert shared[0] == shared[1] == shared[2] == shared[3]
    assert len({*shared[0], *own}) == 50 + 200


@pytest.mark.process
def test_what_was_acknowledged_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    chance = random.Random(20)
    nursery = start("nursery", tmp_path / "state.db", "20")
    assert nursery.stdout is not None
    promised: list[dict[str, object]] = []
    left: dict[int, int] = {}
    with nursery.stdout:
        for line in nursery.stdout:
            promised.append(json.loads(line))
            pid = int(str(promised[-1]["pid"]))
            left[pid] = left.get(pid, chance.randrange(1, 12)) - 1
            if left[pid] == 0:
                os.kill(pid, signal.SIGKILL)
    assert nursery.wait(PATIENCE) == 0
    assert len(left) == 20

    with sqlite3.connect(tmp_path / "state.db") as direct:
        assert direct.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    direct.close()
    kept, thoughts, events = asyncio.run(read_everything(tmp_path / "state.db"))
    assert len({line["session_id"] for line in promised}) == len(promised)
    assert [line for line in promised if line["session_id"] not in kept] == []
    assert [line for line in promised if thoughts.get(str(line["session_id"])) != line["thought"]] == []
    assert [line for line in promised if line["event"] not in events] == []


@pytest.mark.process
async def test_on_a_full_disk_all_goes_on_and_is_written_when_there_is_room(tmp_path: Path) -> None:
    meanwhile, afterwards = finish(start("full_disk", tmp_path / "state.db"))

    assert "state.db" in str(meanwhile["error"])
    assert meanwhile["flushed"] is False
    ids = meanwhile["ids"]
    assert isinstance(ids, list)
    assert len(set(ids)) == 30
    assert meanwhile["shown"] == ids
    assert afterwards == {"flushed": True, "pending": 0, "error": ""}
    async with open_store(tmp_path / "state.db") as store:
        assert [one.session_id for one in await store.sessions()] == ids
        assert set(await store.thoughts()) == set(ids)
        assert len(await store.activity(ActivityQuery(kind="test.full"))) == 30


@pytest.mark.process
async def test_in_a_read_only_folder_all_goes_on_in_memory(short_folder: Path) -> None:
    path = short_folder / "state.db"
    async with open_store(path) as store:
        await store.checkpoint([session(1)])
    path.chmod(0o644)
    short_folder.chmod(0o555)
    try:
        (said,) = finish(start("read_only", path))
    finally:
        short_folder.chmod(0o755)

    ids = said["ids"]
    assert isinstance(ids, list)
    assert ids[0] == "sess_1"
    assert len(set(ids)) == 2
    assert str(short_folder) in str(said["error"])
    assert said["events"] == ["kept in memory"]


@pytest.mark.process
def test_a_lease_dies_with_its_process(tmp_path: Path) -> None:
    state, lease = tmp_path / "state.db", Lease(tmp_path / "state.db", "keeper")
    child = start("lease", state, "keeper")
    assert child.stdout is not None
    said = json.loads(child.stdout.readline())

    assert said["taken"]
    assert not lease.try_take()
    assert lease.holder() == said["pid"] == child.pid

    child.kill()
    finish(child)
    assert lease.holder() is None
    assert lease.try_take()
    assert lease.holder() == os.getpid()
    lease.release()


def test_a_stopped_process_loses_its_lease_and_finds_out(tmp_path: Path) -> None:
    first, second, third = (Lease(tmp_path / "state.db", "keeper") for _ in range(3))
    assert first.try_take()
    assert not second.try_take()
    assert not third.try_take()

    # The first is in no state to be asked.
    assert second.take_over()
    assert not third.take_over()

    assert second.try_take()
    assert not third.try_take()
    assert not first.try_take()
    assert not first.is_held
    second.close()
    assert first.try_take()
    for lease in (first, third):
        lease.close()
    assert [file.name for file in tmp_path.iterdir()] == ["state.db.keeper.lease"]


def test_a_lease_is_one_persons_for_each_duty(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there yet"
    first, second, other = (Lease(folder / "state.db", duty) for duty in ("keeper", "keeper", "reports"))

    assert first.try_take()
    assert first.try_take()
    assert not second.try_take()
    assert other.try_take()

    first.release()
    assert second.try_take()
    for lease in (second, other):
        lease.release()
    assert (folder / "state.db.keeper.lease").stat().st_mode & 0o777 == 0o600
