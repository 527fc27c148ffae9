from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.session import SessionId
from quarterdeck.errors import NotFound, Refused
from quarterdeck.ports.store import Stage, Turn
from quarterdeck.store.messages import DELIVERY, SqliteMessages
from support.store import HandClock, open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WEB, API = SessionId("sess_1"), SessionId("sess_2")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def messages(tmp_path: Path, clock: HandClock) -> AsyncIterator[SqliteMessages]:
    async with open_store(tmp_path / "state.db", clock) as store:
        yield SqliteMessages(store.database, clock)


async def test_one_at_a_time_goes_to_a_session_and_in_order(messages: SqliteMessages) -> None:
    first, second, other = [await messages.post(s, t, "me") for s, t in ((WEB, "1"), (WEB, "2"), (API, "3"))]

    assert await messages.turn(first.id, "me") is Turn.GO
    assert await messages.turn(second.id, "me") is Turn.BUSY
    assert await messages.turn(other.id, "me") is Turn.GO
    assert await messages.waiting(WEB) == []
    assert [held.id for held in await messages.waiting(WEB, with_sending=True)] == [first.id, second.id]
    await messages.settle(first.id)
    assert await messages.turn(second.id, "me") is Turn.GO


async def test_one_that_waits_holds_up_later_ones_but_not_one_that_may_overtake(messages: SqliteMessages) -> None:
    first, second = [await messages.post(WEB, text, "me") for text in "12"]
    await messages.hold(first.id, "it asks something")

    assert await messages.turn(second.id, "me") is Turn.BEHIND
    assert await messages.turn(second.id, "me", overtake=True) is Turn.GO
    assert await messages.take(WEB, "other") is None


async def test_of_two_that_race_for_a_message_one_gets_it(tmp_path: Path, clock: HandClock) -> None:
    async with open_store(tmp_path / "state.db", clock) as one, open_store(tmp_path / "state.db", clock) as two:
        mine, yours = SqliteMessages(one.database, clock), SqliteMessages(two.database, clock)
        held = await mine.post(WEB, "hello", "me")
        await mine.hold(held.id, "wait")

        taken = await asyncio.gather(mine.take(WEB, "me"), yours.take(WEB, "you"))

        assert [each.text for each in taken if each is not None] == ["hello"]
        assert await yours.waiting() == []


async def test_one_whose_bearer_died_is_taken_by_another_and_never_counts_as_untyped(
    messages: SqliteMessages, clock: HandClock
) -> None:
    held = await messages.post(WEB, "hello", "dead")
    await messages.typing(held.id)
    assert await messages.take(WEB, "me") is None

    clock.advance(DELIVERY + 1)
    taken = await messages.take(WEB, "me")

    assert taken is not None
    assert taken.stage is Stage.TYPED
    assert await messages.turn(held.id, "dead") is Turn.GONE


async def test_one_that_waits_can_be_changed_or_taken_back_until_it_goes(messages: SqliteMessages) -> None:
    held = await messages.post(WEB, "hello", "me")
    with pytest.raises(Refused, match="this moment"):
        await messages.withdraw(held.id)
    await messages.hold(held.id, "wait")

    assert (await messages.rewrite(held.id, "bye")).text == "bye"
    assert [each.text for each in await messages.waiting(WEB)] == ["bye"]
    await messages.withdraw(held.id)

    assert await messages.waiting() == []
    with pytest.raises(NotFound):
        await messages.rewrite(held.id, "x")
    assert await messages.turn(held.id, "me") is Turn.GONE


async def test_one_that_is_typed_is_not_changed_behind_the_operators_back(messages: SqliteMessages) -> None:
    held = await messages.post(WEB, "hello", "me")
    await messages.hold(held.id, "a dialog", Stage.TYPED)

    with pytest.raises(Refused, match="input line"):
        await messages.rewrite(held.id, "bye")


async def test_what_waits_is_there_after_a_restart(tmp_path: Path, clock: HandClock) -> None:
    async with open_store(tmp_path / "state.db", clock) as store:
        messages = SqliteMessages(store.database, clock)
        held = await messages.post(WEB, "two\nlines; 世界", "me")
        await messages.hold(held.id, "it asks something")
    async with open_store(tmp_path / "state.db", clock) as store:
        (kept,) = await SqliteMessages(store.database, clock).waiting()

    assert (kept.text, kept.why, kept.at, kept.stage) == (
        "two\nlines; 世界",
        "it asks something",
        clock.at,
        Stage.WAITING,
    )
