"""Thoughts on their way to disk: bounded, latest kept, never waited for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from quarterdeck.core.projection import KnownFacts, project
from quarterdeck.core.session import RestState, Session, SessionId, SessionState, ThoughtSource, ThoughtState
from quarterdeck.core.thought import ThoughtSnapshot, ThoughtUpdate
from quarterdeck.supervisor.accepted_thoughts import ABSENT_CYCLES, AcceptedThoughts, ThoughtQueue
from support.patience import PATIENCE
from support.workers import until

NOON = datetime(2026, 3, 8, 12, tzinfo=UTC)


def update(session_id: str, thought: str, seq: int = 0, stream: str | None = None, **fields: object) -> ThoughtUpdate:
    snapshot = ThoughtSnapshot(
        thought=thought,
        updated_at=NOON + timedelta(seconds=seq),
        emission_seq=seq,
        stream_instance_id=stream,
        thought_source=ThoughtSource.LLM,
        **fields,  # type: ignore[arg-type]  # fields of many types arrive through one mapping
    )
    return ThoughtUpdate(session_id=session_id, snapshot=snapshot)


class Disk:
    """A place that takes writes only while its gate is open."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.written: list[ThoughtUpdate] = []
        self.fails = False

    async def write(self, each: ThoughtUpdate) -> None:
        await self.gate.wait()
        if self.fails:
            raise OSError("no space left")
        self.written.append(each)


async def test_what_does_not_fit_is_kept_as_the_latest_of_each_session() -> None:
    disk = Disk()
    queue = ThoughtQueue(disk.write, capacity=2)
    running = asyncio.create_task(queue.run())
    for number in range(2):
        assert queue.put(update("a", f"first {number}"))
    for number in range(5):
        assert not queue.put(update("b", f"b {number}"))
    assert not queue.put(update("c", "c"))

    assert queue.pending == 4
    disk.gate.set()
    await until(lambda: not queue.pending, "everything was written")
    assert [each.snapshot.thought for each in disk.written] == ["first 0", "first 1", "b 4", "c"]
    running.cancel()


async def test_a_disk_that_hangs_holds_up_the_end_no_longer_than_it_may() -> None:
    queue = ThoughtQueue(Disk().write)
    queue.put(update("a", "x"))

    async with asyncio.timeout(PATIENCE):
        await queue.drain(0.05)


async def test_a_failed_write_stops_nothing() -> None:
    disk = Disk()
    disk.gate.set()
    disk.fails = True
    queue = ThoughtQueue(disk.write)
    running = asyncio.create_task(queue.run())
    queue.put(update("a", "lost"))
    await until(lambda: not queue.pending, "the write failed")
    disk.fails = False
    queue.put(update("a", "kept"))

    await until(lambda: not queue.pending, "the next one was written")
    assert [each.snapshot.thought for each in disk.written] == ["kept"]
    running.cancel()


async def test_a_closed_queue_drops() -> None:
    queue = ThoughtQueue(Disk().write)
    queue.close()

    assert not queue.put(update("a", "late"))
    assert queue.pending == 0


def row(session_id: str = "sess_1", state: SessionState = SessionState.IDLE) -> Session:
    return Session(session_id=SessionId(session_id), tmux_name="work", tmux_server="/s", state=state)


def said(thoughts: AcceptedThoughts) -> str | None:
    held = thoughts.held(row(), None)
    return held.thought if held is not None else None


async def test_an_update_counts_at_once_and_a_late_one_never() -> None:
    thoughts = AcceptedThoughts(ThoughtQueue(Disk().write))
    assert thoughts.take(update("sess_1", "first", 1, "s"))
    assert thoughts.take(update("sess_1", "third", 3, "s"))

    assert thoughts.take(update("sess_1", "late", 2, "s")) is None
    assert said(thoughts) == "third"


async def test_a_write_that_may_be_lost_does_not_advance_the_watermark() -> None:
    thoughts = AcceptedThoughts(ThoughtQueue(Disk().write, capacity=1))
    thoughts.take(update("sess_1", "first", 1, "s"))
    thoughts.take(update("sess_1", "second", 2, "s"))

    assert thoughts.take(update("sess_1", "second again", 2, "s")), "it may be delivered again"
    thoughts.take(update("sess_2", "first", 1, "s"))
    assert thoughts.take(update("sess_2", "first again", 1, "s")), "also the first of all"


async def test_a_waiting_thought_puts_a_row_to_sleep_and_leaves_its_activity_alone() -> None:
    thoughts = AcceptedThoughts(ThoughtQueue(Disk().write))
    aged = row()
    thoughts.take(
        update("sess_1", "may I?", 1, "s", rest_state=RestState.SLEEPING, thought_state=ThoughtState.SLEEPING)
    )

    merged = project(aged, KnownFacts(thought=thoughts.held(aged, None)), NOON)

    assert merged.rest_state is RestState.SLEEPING
    assert merged.last_activity_at == aged.last_activity_at


async def test_watermarks_of_absent_sessions_go_after_some_cycles_only() -> None:
    thoughts = AcceptedThoughts(ThoughtQueue(Disk().write))
    thoughts.take(update("sess_1", "here", 7, "s"))
    for _ in range(ABSENT_CYCLES - 1):
        thoughts.forget_absent(set())
    assert said(thoughts) == "here"

    thoughts.forget_absent(set())

    assert said(thoughts) is None
