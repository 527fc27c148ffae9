from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.core.session import ExitReason, SessionId
from quarterdeck.errors import StoreError, StoreTooNew
from quarterdeck.ports.store import Activity, ActivityQuery
from quarterdeck.store.migrations import SCHEMA_VERSION
from quarterdeck.store.session_ids import PROVISIONAL_FLOOR
from quarterdeck.store.sqlite import SqliteStore
from quarterdeck.store.sqlite_faults import trouble
from quarterdeck.values import replace
from support.store import NOON, RUN, SERVER, locked, open_store, seen_session, session, thought

if TYPE_CHECKING:
    from collections.abc import Callable


def event(words: str) -> Activity:
    return Activity(kind="test.happened", at=NOON, summary=words)


async def fill(path: Path) -> None:
    async with open_store(path) as store:
        await store.claim(SERVER, RUN, [seen_session(number) for number in range(40)])
        await store.checkpoint([session(number) for number in range(40)])
        for number in range(40):
            await store.save_thought(thought(f"sess_{number}", f"thought {number}"))
            await store.record(event(f"event {number}"))
        await store.save_tails({SessionId("sess_1"): "words " * 500})


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed database with something in every table."""
    path = tmp_path_factory.mktemp("healthy") / "state.db"
    asyncio.run(fill(path))
    return path


async def use(path: Path) -> tuple[list[str], str]:
    """Everything a console does with its store; answers the ids of new sessions, and the notice."""
    async with open_store(path) as store:
        await store.sessions()
        await store.thoughts()
        answer = await store.claim(SERVER, RUN, [seen_session(number) for number in range(100, 103)])
        await store.checkpoint([session(number) for number in range(3)])
        await store.save_thought(thought("sess_1", "still here"))
        await store.record(event("a needle"))
        await store.save_tails({SessionId("sess_1"): "last"})
        assert "a needle" in {one.summary for one in await store.activity(ActivityQuery(search="needle"))}
        assert (await store.thoughts())["sess_1"].thought == "still here"
        assert await store.flush()
        return [found.session_id for found in answer.values()], store.health().notice


def is_sound(path: Path) -> bool:
    with contextlib.closing(sqlite3.connect(path)) as direct:
        tables = ("sessions", "counters", "thoughts")
        return all(direct.execute(f"PRAGMA integrity_check({one})").fetchall() == [("ok",)] for one in tables)


def damage_in_fresh_folder(content: bytes) -> tuple[list[str], str, list[str]]:
    with tempfile.TemporaryDirectory(prefix="qd-") as folder:
        path = Path(folder) / "state.db"
        path.write_bytes(content)
        ids, notice = asyncio.run(use(path))
        assert is_sound(path)
        return ids, notice, [file.name for file in Path(folder).glob("state.db.damaged-*")]


@given(place=st.integers(0, 10**9))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_a_file_cut_off_anywhere_is_replaced_and_no_id_is_used_again(healthy: Path, place: int) -> None:
    whole = healthy.read_bytes()
    rest = whole[: place % len(whole)]

    ids, notice, kept = damage_in_fresh_folder(rest)

    assert "damaged" in notice
    assert len(kept) == 1
    ids_left = [number for number in range(40) if f"sess_{number}".encode() in rest]
    assert all(int(one.removeprefix("sess_")) > max(ids_left, default=-1) for one in ids)


@given(place=st.integers(0, 10**9), bit=st.integers(0, 7))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_flipped_bit_anywhere_stops_nothing(healthy: Path, place: int, bit: int) -> None:
    content = bytearray(healthy.read_bytes())
    content[place % len(content)] ^= 1 << bit

    try:
        ids, notice, kept = damage_in_fresh_folder(bytes(content))
    except StoreTooNew:
        assert place % len(content) in range(60, 64)
        return

    assert len(set(ids)) == 3
    assert bool(kept) == ("damaged" in notice)


async def test_of_a_file_that_lost_its_end_the_rest_is_saved(tmp_path: Path, healthy: Path) -> None:
    path = tmp_path / "state.db"
    whole = healthy.read_bytes()
    path.write_bytes(whole[: len(whole) * 9 // 10])

    async with open_store(path) as store:
        assert "rows could be taken over" in store.health().notice
        assert len(await store.sessions()) + len(await store.thoughts()) + len(await store.activity(ActivityQuery()))


@pytest.mark.parametrize("content", [b"", b"x", b"not a database at all " * 1000, bytes(8192)], ids=len)
async def test_what_is_no_database_is_set_aside_and_said_once(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)

    _, first = await use(path)
    _, second = await use(path)

    (aside,) = tmp_path.glob("state.db.damaged-*")
    assert aside.read_bytes() == content
    assert aside.name in first
    assert second == ""


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/nowhere/at/all")])
async def test_what_is_no_file_is_set_aside(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "state.db")

    _, notice = await use(tmp_path / "state.db")

    assert "damaged" in notice
    assert (tmp_path / "state.db").is_file()


async def test_another_programs_database_is_not_taken_for_ours(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as direct:
        direct.execute("CREATE TABLE sessions (mine TEXT)")

    _, notice = await use(tmp_path / "state.db")

    assert "it is not one of ours" in notice


async def test_damage_met_while_running_replaces_the_file_and_keeps_what_can_be_read(
    tmp_path: Path, healthy: Path
) -> None:
    path = tmp_path / "state.db"
    shutil.copy(healthy, path)
    async with open_store(path) as store:
        observed = [replace(one, cwd="/kept") for one in await store.sessions()]
        await store.checkpoint(observed)
        with contextlib.closing(sqlite3.connect(path)) as direct:
            (page,) = direct.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'events'").fetchone()
            direct.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\xff" * 4096)

        await store.record(event("after the damage"))

        assert "damaged" in store.health().notice
        assert [one.cwd for one in await store.sessions()] == ["/kept"] * 40
        assert len(await store.thoughts()) == 40
        assert [one.summary for one in await store.activity(ActivityQuery())] == ["after the damage"]
    assert is_sound(path)


async def test_a_file_that_was_removed_is_made_again_with_all_that_is_live(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state.db") as store:
        live = [session(number) for number in range(3)]
        await store.checkpoint(live)
        for file in tmp_path.glob("state.db*"):
            file.unlink()

        await store.set_meta("a", "write that notices")
        await store.checkpoint(live)

        assert await store.changed_elsewhere()
        assert [one.session_id for one in await store.sessions()] == ["sess_0", "sess_1", "sess_2"]


async def test_a_newer_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    await fill(path)
    with contextlib.closing(sqlite3.connect(path)) as direct:
        direct.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}

    store = SqliteStore(path)
    with pytest.raises(StoreTooNew, match="newer Quarterdeck") as refusal:
        await store.__aenter__()
    with pytest.raises(StoreTooNew):
        await store.claim(SERVER, RUN, [seen_session(1)])
    await store.close()

    assert "--home" in refusal.value.hint
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()} == before


async def test_a_database_made_newer_under_our_feet_is_written_no_more(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state.db") as store:
        await store.set_meta("a", "1")
        with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as direct:
            direct.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")

        with pytest.raises(StoreTooNew):
            await store.set_meta("a", "2")


async def test_while_another_process_holds_the_lock_all_goes_on_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with open_store(path) as store:
        await store.claim(SERVER, RUN, [seen_session(0), seen_session(1)])
        await store.save_thought(thought("sess_0", "before", 1, "engine"))
        with locked(path):
            answer = await store.claim(SERVER, RUN, [seen_session(1), seen_session(2)])
            ended = await store.end([session(0)], ExitReason.PROCESS_EXIT)
            dropped = await store.save_thought(thought("sess_0", "a repeat", 1, "engine"))
            kept = await store.save_thought(thought("sess_0", "during", 2, "engine"))
            await store.record(event("in the dark"))

            health = store.health()
            shown = {one.session_id: one.ended_at is None for one in await store.sessions()}
            assert not await store.flush(0.1)
        fresh = answer[seen_session(2).tmux_id].session_id

        assert "locked by another process" in health.error
        assert (health.ok, health.pending > 0) == (False, True)
        assert answer[seen_session(1).tmux_id].session_id == "sess_1"
        assert int(fresh.removeprefix("sess_")) >= PROVISIONAL_FLOOR
        assert (ended, dropped, kept is not None) == (["sess_0"], None, True)
        assert shown == {"sess_0": False, "sess_1": True, fresh: True}

        assert await store.flush()
        assert store.health().ok
        assert store.health().pending == 0
    async with open_store(path) as store:
        assert {one.session_id: one.ended_at is None for one in await store.sessions()} == shown
        assert (await store.thoughts())["sess_0"].thought == "during"
        assert [one.summary for one in await store.activity(ActivityQuery())] == ["in the dark"]
        later = await store.claim(SERVER, RUN, [seen_session(2), seen_session(3)])
        assert [found.session_id for found in later.values()] == [fresh, "sess_2"]


async def test_two_stores_that_cannot_write_promise_a_session_the_same_id(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with open_store(path) as one, open_store(path) as two:
        with locked(path):
            first = await one.claim(SERVER, RUN, [seen_session(1), seen_session(2)])
            second = await two.claim(SERVER, RUN, [seen_session(2), seen_session(3)])
        assert await one.flush()
        assert await two.flush()

        assert first[seen_session(2).tmux_id].session_id == second[seen_session(2).tmux_id].session_id
        assert len(await one.sessions()) == 3


async def test_of_what_waits_the_latest_of_each_is_kept_and_the_log_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with open_store(path) as store:
        await store.checkpoint([session(1)])
        with locked(path):
            for number in range(300):
                await store.checkpoint([replace(session(1), cwd=f"/{number}")])
                await store.save_thought(thought("sess_1", f"thought {number}"))
                await store.save_tails({SessionId("sess_1"): f"tail {number}"})
                await store.record(event(f"event {number}"))
            health = store.health()

        assert await store.flush()
        assert (health.pending, health.dropped) == (256 + 3, 300 - 256)
        assert [one.cwd for one in await store.sessions()] == ["/299"]
        assert (await store.thoughts())["sess_1"].thought == "thought 299"
        assert await store.tail(SessionId("sess_1")) == "tail 299"
        assert len(await store.activity(ActivityQuery())) == 256


def test_a_full_disk_is_called_by_its_name() -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as small:
        small.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError) as full:
            small.execute("CREATE TABLE t (a)")

    said = trouble(full.value, Path("/home/me/state.db"))

    assert said.message == "The disk is full, so /home/me/state.db cannot be written."
    assert "Free some space" in said.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
@pytest.mark.process
async def test_on_a_disk_that_is_really_full_nothing_is_lost(short_folder: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(short_folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no tmpfs here")
    try:
        async with open_store(short_folder / "state.db") as store:
            await store.set_meta("before", "1")
            (short_folder / "ballast").write_bytes(b"x" * (shutil.disk_usage(short_folder).free - 8192))
            for number in range(20):
                await store.save_tails({SessionId(f"sess_{number}"): "x" * 5_000})
            error = store.health().error
            (short_folder / "ballast").unlink()
            assert await store.flush()
            assert "full" in error
            assert [len(await store.tail(SessionId(f"sess_{number}"))) for number in range(20)] == [5_000] * 20
    finally:
        subprocess.run(["umount", str(short_folder)], check=True)


async def test_what_only_the_file_can_decide_fails_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with open_store(path) as store:
        await store.stale([session(1)])
        with locked(path), pytest.raises(StoreError, match="locked by another process"):
            await store.adopt(SERVER, RUN, seen_session(9, "name-1"), None)


async def test_the_files_are_the_operators_alone(tmp_path: Path) -> None:
    path = tmp_path / "made" / "for us" / "state.db"
    async with open_store(path) as store:
        await store.set_meta("a", "1")

        assert {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {
            "state.db": 0o600,
            "state.db-wal": 0o600,
            "state.db-shm": 0o600,
            "state.db.lock": 0o600,
        }
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_files_that_others_could_read_are_tightened(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    await fill(path)
    path.chmod(0o644)

    async with open_store(path):
        assert path.stat().st_mode & 0o777 == 0o600


async def test_a_half_made_database_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "state.db.new-99999").write_bytes(b"half")

    async with open_store(tmp_path / "state.db") as store:
        await store.set_meta("a", "1")

    assert not list(tmp_path.glob("state.db.new-*"))


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    await store.set_meta("a", "1")
    await store.close()
    await store.close()

    with pytest.raises(StoreError, match="closed"):
        await store.get_meta("a")


async def test_who_still_waits_when_the_store_is_closed_is_told(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    calls = [asyncio.create_task(store.set_meta(f"key {number}", "1")) for number in range(400)]
    await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)

    await store.close()

    results = await asyncio.gather(*calls, return_exceptions=True)
    refused = [one for one in results if one is not None]
    assert all(isinstance(one, StoreError) for one in refused)
    async with open_store(tmp_path / "state.db") as again:
        kept = [await again.get_meta(f"key {number}") for number in range(400)]
    assert [value is None for value in kept] == [one is not None for one in results]


async def test_a_cancelled_caller_leaves_the_store_usable(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state.db") as store:
        tasks = [asyncio.create_task(store.set_meta(f"key {number}", "1")) for number in range(400)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

        await store.set_meta("after", "2")
        assert await store.get_meta("after") == "2"


def test_a_store_serves_one_event_loop_after_another(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")

    async def many() -> None:
        await asyncio.gather(*(store.set_meta(f"key {number}", "1") for number in range(300)))

    asyncio.run(many())
    asyncio.run(store.set_meta("last", "1"))
    assert asyncio.run(store.get_meta("last")) == "1"
    asyncio.run(store.close())
