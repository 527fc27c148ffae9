from __future__ import annotations

import contextlib
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from quarterdeck.config.settings import Events
from quarterdeck.core.model_calls import DAY_SECONDS
from quarterdeck.ports.store import Activity, ActivityQuery, Level
from quarterdeck.store import activity_log
from quarterdeck.store.sqlite import SqliteStore
from quarterdeck.values import replace
from support.store import NOON, HandClock, open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def store(tmp_path: Path, clock: HandClock) -> AsyncIterator[SqliteStore]:
    async with open_store(tmp_path / "state.db", clock) as opened:
        yield opened


def event(kind: str, summary: str = "", minutes: int = 0, **more: Any) -> Activity:
    return Activity(kind=kind, at=NOON + timedelta(minutes=minutes), summary=summary, **more)


async def test_an_event_is_read_back_as_it_was_recorded(store: SqliteStore) -> None:
    told = event(
        "session.created",
        "built",
        level=Level.WARN,
        source="lifecycle",
        session_id="sess_1",
        project="app",
        data={"reason": "runtime_discovery", "count": 3, "names": ["a", "b"], "inner": {"yes": True, "no": None}},
    )

    await store.record(told)

    assert await store.activity(ActivityQuery()) == [replace(told, id=1)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (ActivityQuery(), "dcba"),
        (ActivityQuery(limit=2), "dc"),
        (ActivityQuery(after_id=1), "bcd"),
        (ActivityQuery(after_id=1, limit=1), "b"),
        (ActivityQuery(session_id="sess_1"), "ca"),
        (ActivityQuery(project="app"), "b"),
        (ActivityQuery(kind="session.killed"), "b"),
        (ActivityQuery(kind="session.*"), "cba"),
        (ActivityQuery(kind="sess.*"), ""),
        (ActivityQuery(level=Level.WARN), "dc"),
        (ActivityQuery(level=Level.DEBUG), "dcba"),
        (ActivityQuery(since=NOON + timedelta(minutes=2)), "dc"),
        (ActivityQuery(search="quick fox"), "b"),
        (ActivityQuery(search="qui"), "b"),
        (ActivityQuery(search='fox" OR "brown'), ""),
        (ActivityQuery(search="needle"), "c"),
        (ActivityQuery(search="100%"), "d"),
        (ActivityQuery(search="  "), "dcba"),
        (ActivityQuery(search="%"), "d"),
        (ActivityQuery(kind="session.*", level=Level.INFO, search="c", session_id="sess_1"), "c"),
    ],
)
@pytest.mark.parametrize("has_index", [True, False], ids=["fts", "like"])
async def test_a_query_finds_what_it_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_index: bool, query: ActivityQuery, found: str
) -> None:
    if not has_index:
        monkeypatch.setattr(activity_log, "can_index", lambda: False)
    async with open_store(tmp_path / "state.db") as store:
        await store.record(event("session.created", "a", session_id="sess_1"))
        await store.record(event("session.killed", "b the quick brown fox", 1, project="app"))
        await store.record(
            event("session.cleanup_error", "c", 2, level=Level.WARN, session_id="sess_1", data={"x": "needle"})
        )
        await store.record(event("lifecycle.poll_failed", "d 100%", 3, level=Level.ERROR))

        assert "".join(one.summary[0] for one in await store.activity(query)) == found


async def test_what_was_written_without_an_index_is_found_once_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(activity_log, "can_index", lambda: False)
        async with open_store(tmp_path / "state.db") as store:
            await store.record(event("a.b", "an old needle"))

    async with open_store(tmp_path / "state.db") as store:
        await store.record(event("a.b", "a new needle"))

        assert len(await store.activity(ActivityQuery(search="needle"))) == 2


async def test_secrets_and_long_texts_are_not_kept(store: SqliteStore, tmp_path: Path) -> None:
    await store.record(
        event(
            "a.b",
            "token=abcdef123456 " + "s" * 600,
            data={"password": "hunter2hunter2", "url": "https://me:hunter2@example.org/x", "text": "t" * 600},
        )
    )

    (kept,) = await store.activity(ActivityQuery())
    assert len(kept.summary) == 500
    assert kept.data["password"] == "[redacted]"
    assert len(kept.data["text"]) == 500
    assert not [file for file in tmp_path.glob("state.db*") if b"hunter2" in file.read_bytes()]


async def test_too_much_data_is_dropped_and_the_event_kept(store: SqliteStore) -> None:
    await store.record(event("a.b", "large", data={str(number): "x" * 400 for number in range(60)}))

    (kept,) = await store.activity(ActivityQuery())
    assert (kept.summary, kept.data) == ("large", {})


async def test_what_cannot_be_recorded_is_counted_and_never_raised(store: SqliteStore) -> None:
    class Unwilling:
        def __str__(self) -> str:
            raise RuntimeError("no words")

    await store.record(event("a.b", data={"x": Unwilling()}))
    await store.record(event("a.b", "\udcff lone \x00 bytes", data={"\udcff": "\udcff"}))

    assert store.health().dropped == 1
    assert [one.summary for one in await store.activity(ActivityQuery())] == ["? lone \x00 bytes"]


async def test_events_are_kept_for_as_many_days_as_the_operator_wants(tmp_path: Path, clock: HandClock) -> None:
    kept: dict[int | None, int] = {}
    for days in (1, 30, None):
        async with SqliteStore(tmp_path / f"{days}.db", clock=clock, keep_days=days) as store:
            await store.record(event("a.b", "old"))
            clock.advance(10 * DAY_SECONDS)
            await store.record(replace(event("a.b", "new"), at=clock.now()))
            kept[days] = len(await store.activity(ActivityQuery()))

    assert kept == {1: 1, 30: 2, None: 2}


async def test_events_older_than_a_week_go_and_the_index_with_them(
    store: SqliteStore, clock: HandClock, tmp_path: Path
) -> None:
    await store.record(event("a.b", "ancient needle"))
    clock.advance(Events().keep_days * DAY_SECONDS + 3601)
    await store.record(replace(event("a.b", "fresh needle"), at=clock.now()))

    assert [one.summary for one in await store.activity(ActivityQuery())] == ["fresh needle"]
    assert [one.id for one in await store.activity(ActivityQuery(search="needle"))] == [2]
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as direct:
        direct.execute("INSERT INTO events_fts (events_fts, rank) VALUES ('integrity-check', 1)")


async def test_the_log_never_grows_beyond_its_bound(
    store: SqliteStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_log, "KEPT_AT_MOST", 5)
    for number in range(12):
        await store.record(event("a.b", str(number)))
    clock.advance(3601)
    await store.record(event("a.b", "12"))

    assert [one.summary for one in await store.activity(ActivityQuery())] == ["12", "11", "10", "9", "8"]
