"""The bounded stream of hints."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.pane import PaneId
from quarterdeck.ports.mux import Hint, HintKind
from quarterdeck.tmux.hints import HintStream
from support.patience import PATIENCE
from support.struct_of import struct_of


async def drain(stream: HintStream) -> list[Hint]:
    stream.close()
    return [hint async for hint in stream]


async def test_the_same_hint_twice_is_one() -> None:
    stream = HintStream()

    for _ in range(3):
        stream.put(Hint(HintKind.OUTPUT, PaneId("%1")))

    assert await drain(stream) == [Hint(HintKind.OUTPUT, PaneId("%1"))]
    assert stream.dropped == 0


async def test_an_exit_status_is_not_lost_to_a_later_hint_without_one() -> None:
    stream = HintStream()

    stream.put(Hint(HintKind.EXIT, PaneId("%1"), None))
    stream.put(Hint(HintKind.EXIT, PaneId("%1"), 7))
    stream.put(Hint(HintKind.EXIT, PaneId("%1"), None))

    assert await drain(stream) == [Hint(HintKind.EXIT, PaneId("%1"), 7)]


async def test_output_gives_way_to_news_that_weigh_more_and_is_counted() -> None:
    stream = HintStream(capacity=2)

    stream.put(Hint(HintKind.OUTPUT, PaneId("%1")))
    stream.put(Hint(HintKind.OUTPUT, PaneId("%2")))
    stream.put(Hint(HintKind.OUTPUT, PaneId("%3")))
    stream.put(Hint(HintKind.EXIT, PaneId("%4")))

    assert await drain(stream) == [Hint(HintKind.OUTPUT, PaneId("%2")), Hint(HintKind.EXIT, PaneId("%4"))]
    assert stream.dropped == 2


async def test_a_waiting_reader_is_woken_by_a_hint_and_by_the_end() -> None:
    stream = HintStream()
    seen: list[Hint] = []

    async def read() -> None:
        async for hint in stream:
            seen.append(hint)
            stream.close()

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        reader = group.create_task(read())
        await asyncio.sleep(0)
        stream.put(Hint(HintKind.STRUCTURE))
        await reader

    assert seen == [Hint(HintKind.STRUCTURE)]


HINTS = struct_of(
    Hint, st.sampled_from(HintKind), st.sampled_from([None, PaneId("%1"), PaneId("%2"), PaneId("%3"), PaneId("%4")])
)


@given(st.lists(HINTS), st.integers(1, 6))
def test_the_stream_never_holds_more_than_it_may_and_accounts_for_every_hint(hints: list[Hint], capacity: int) -> None:
    async def run() -> tuple[list[Hint], int]:
        stream = HintStream(capacity)
        for hint in hints:
            stream.put(hint)
        return await drain(stream), stream.dropped

    read, dropped = asyncio.run(run())

    assert len(read) <= capacity
    assert len(read) == len(set(read))
    assert set(read) <= set(hints)
    assert dropped or set(read) == set(hints)
