from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.journal import Operation, Step
from quarterdeck.core.lifecycle import WorkState, decide, initial
from quarterdeck.core.pull_request import PullRequest
from quarterdeck.core.session import SessionId
from quarterdeck.core.work import Role
from quarterdeck.core.work_record import WorkRecord
from quarterdeck.errors import AlreadyReserved, NotFound
from quarterdeck.store.work import AUDIT_BYTES, BadWork, SqliteWorkStore, read_work, write_work
from quarterdeck.values import replace
from support.patience import PATIENCE
from support.store import NOON, audit_trail, open_store
from support.struct_of import struct_of

if TYPE_CHECKING:
    from pathlib import Path


def draft(name: str = "", **more: object) -> WorkRecord:
    record = WorkRecord(
        session_id=SessionId(name), project="app", lifecycle=initial(Role.WORKER, NOON), created_at=NOON
    )
    return replace(record, **more)  # type: ignore[arg-type] # whatever a test wants otherwise


async def test_numbers_only_grow_whatever_becomes_of_their_records(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state.db") as store:
        works = SqliteWorkStore(store.database)
        first, entry = await works.reserve_worker(draft(), "app", {4, 2}, "1:1")
        await works.drop_work(first.session_id)
        await works.finish(entry)
        second, _ = await works.reserve_worker(draft(), "app", set(), "1:1")
        other, _ = await works.reserve_worker(draft(), "web", set(), "1:1")

    assert (first.session_id, second.session_id, other.session_id) == ("app-5", "app-6", "web-1")
    assert second.tmux_name == "app-6"
    async with open_store(tmp_path / "state.db") as store:
        third, _ = await SqliteWorkStore(store.database).reserve_worker(draft(), "app", set(), "1:1")
    assert third.session_id == "app-7"


async def test_a_number_that_a_plain_session_has_is_left_out(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state.db") as store:
        await store.reserve("/s", "app-1", SessionId("app-1"))
        record, _ = await SqliteWorkStore(store.database).reserve_worker(draft(), "app", set(), "1:1")

    assert record.session_id == "app-2"


async def test_two_who_reserve_at_once_get_two_numbers(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with open_store(path, busy_timeout=PATIENCE) as one, open_store(path, busy_timeout=PATIENCE) as two:
        stores = [SqliteWorkStore(store.database) for store in (one, two)]
        found = await asyncio.gather(
            *(works.reserve_worker(draft(), "app", set(), "1:1") for works in stores for _ in range(10))
        )

    assert len({record.session_id for record, _ in found}) == 20


async def test_a_fixed_id_is_given_once(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state.db") as store:
        works = SqliteWorkStore(store.database)
        await works.reserve_orchestrator(draft("app-orchestrator", role=Role.ORCHESTRATOR), "1:1")

        with pytest.raises(AlreadyReserved):
            await works.reserve_orchestrator(draft("app-orchestrator", role=Role.ORCHESTRATOR), "2:2")

        assert len(await works.journal()) == 1


async def test_changes_from_two_sides_are_both_kept(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with open_store(path, busy_timeout=PATIENCE) as one, open_store(path, busy_timeout=PATIENCE) as two:
        works = [SqliteWorkStore(store.database) for store in (one, two)]
        record, _ = await works[0].reserve_worker(draft(), "app", set(), "1:1")

        def add(held: WorkRecord) -> WorkRecord:
            return replace(held, extra={"count": str(int(held.extra.get("count", "0")) + 1)})

        await asyncio.gather(*(each.change_work(record.session_id, add) for each in works for _ in range(15)))
        after = await works[0].work(record.session_id)

    assert after is not None
    assert after.extra == {"count": "30"}


async def test_a_record_that_is_gone_cannot_be_changed(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state.db") as store:
        with pytest.raises(NotFound):
            await SqliteWorkStore(store.database).change_work(SessionId("app-1"), lambda held: held)


async def test_a_record_that_cannot_be_read_is_set_aside_and_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with open_store(path) as store:
        works = SqliteWorkStore(store.database)
        for _ in range(3):
            await works.reserve_worker(draft(), "app", set(), "1:1")
        with sqlite3.connect(path) as raw:
            raw.execute("UPDATE work SET body = '[1' WHERE session_id = 'app-2'")
        raw.close()

        found = await works.works()
        again = await works.works("app")

    assert [record.session_id for record in found] == ["app-1", "app-3"]
    assert again == found
    with sqlite3.connect(path) as raw:
        rows = raw.execute("SELECT came_from, key, body FROM set_aside").fetchall()
    raw.close()
    assert rows == [("work", "app-2", "[1")]


async def test_steps_of_the_journal_add_up_whatever_the_caller_still_holds(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state.db") as store:
        works = SqliteWorkStore(store.database)
        entry = await works.begin(Operation.KILL, SessionId("app-1"), "app", "1:1", NOON)
        await works.step(entry, Step.END_RUNTIME, {"reason": "x"})
        await works.step(entry, Step.KEEP, {"path": "y"})
        (held,) = await works.journal()

        assert held.steps == (Step.END_RUNTIME, Step.KEEP)
        assert held.data == {"reason": "x", "path": "y"}
        with pytest.raises(AlreadyReserved, match="kill of app-1 is under way"):
            await works.begin(Operation.RESTORE, SessionId("app-1"), "app", "2:2", NOON)
        assert await works.take_over(held, "3:3")
        assert not await works.take_over(held, "4:4"), "somebody was first"
        await works.finish(held)
        assert await works.journal() == []
        with pytest.raises(NotFound):
            await works.step(held, Step.RECORD)


async def test_the_trail_of_reports_is_bounded_by_size(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state.db") as store:
        works = SqliteWorkStore(store.database)
        for number in range(5):
            await works.audit(SessionId("app-1"), NOON, {"n": number, "text": "x" * (AUDIT_BYTES // 3)})
        trail = audit_trail(tmp_path / "state.db", "app-1")

    assert [each["n"] for each in trail] == [3, 4]


texts = st.text(max_size=20)
records = struct_of(
    WorkRecord,
    session_id=st.just(SessionId("app-1")),
    project=texts,
    role=st.sampled_from(Role),
    agent=texts,
    model=st.none() | texts,
    lifecycle=st.sampled_from(
        [initial(Role.WORKER, NOON), decide(initial(Role.WORKER, NOON), NOON, state=WorkState.DONE)]
    ),
    worktree=st.none() | texts,
    branch=st.none() | texts,
    issue=st.none() | texts,
    prompt=st.none() | texts,
    is_named_by_user=st.booleans(),
    finds_prs=st.booleans(),
    prs=st.lists(struct_of(PullRequest, number=st.integers(1, 9), url=texts, title=texts), max_size=2).map(tuple),
    created_at=st.just(NOON),
    restored_at=st.none() | st.just(NOON),
    extra=st.dictionaries(texts, texts, max_size=2),
)


@given(records)
def test_a_record_survives_being_written_and_read(record: WorkRecord) -> None:
    assert read_work("app-1", write_work(record)) == record


def test_a_status_is_never_written() -> None:
    assert "status" not in json.loads(write_work(draft()))


def test_a_record_without_a_lifecycle_gets_one() -> None:
    body = {"project": "app", "status": "killed", "created_at": "2026-11-21T12:00:00Z", "unknown": 1}

    assert read_work("app-1", json.dumps(body)).lifecycle.session.state is WorkState.TERMINATED


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"project": "app", "created_at": "soon"}', '{"project": 5}'])
def test_what_is_no_record_is_refused(body: str) -> None:
    with pytest.raises(BadWork):
        read_work("app-1", body)
