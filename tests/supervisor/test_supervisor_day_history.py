"""What a session was doing over the last day: noted, kept for the next console, and never made up."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as some

from quarterdeck.core.day import DAY_SHOWN, FINEST, DayState, Moment, noted, read, stretches, totals, written
from quarterdeck.core.events import CreatedReason, SessionChanged, SessionCreated, SessionDeleted
from quarterdeck.core.session import ExitReason, Need, SessionId, SessionState
from quarterdeck.supervisor.day_history import WRITE_EVERY_SECONDS, DayHistory
from support.canned import StillClock
from support.fleet import NOW, session
from support.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

changes = some.lists(some.tuples(some.integers(0, 90_000), some.sampled_from(DayState)), max_size=40)


@given(changes)
def test_a_day_is_told_whole_in_order_and_survives_being_kept(steps: list[tuple[int, DayState]]) -> None:
    moments: tuple[Moment, ...] = ()
    for seconds, state in sorted(steps):
        moments = noted(moments, NOW + timedelta(seconds=seconds), state)
    until = NOW + timedelta(seconds=90_000)

    assert sum(totals(moments, until - DAY_SHOWN, until).values(), timedelta()) == DAY_SHOWN
    assert [moment.at for moment in moments] == sorted({moment.at for moment in moments})
    assert all(one.state is not other.state for one, other in pairwise(moments))
    assert read(written(moments)) == moments


def test_a_flicker_is_told_by_what_came_of_it_and_yesterday_goes() -> None:
    moments = noted((), NOW, DayState.RESTS)
    moments = noted(moments, NOW + DAY_SHOWN, DayState.WORKS)
    moments = noted(moments, NOW + DAY_SHOWN + FINEST / 2, DayState.ASKS)
    assert moments == (Moment(NOW, DayState.RESTS), Moment(NOW + DAY_SHOWN, DayState.ASKS))
    assert noted(moments, NOW + DAY_SHOWN * 2, DayState.DONE)[0] == Moment(NOW + DAY_SHOWN, DayState.ASKS)


def test_kept_moments_that_cannot_be_read_are_left_out() -> None:
    assert read("x 12 1700000000w 1700000000r -99999999999999999999w 1700000600z 1700000900r") == read(
        "1700000000w 1700000900r"
    )


async def test_the_next_console_knows_the_day_and_shows_when_nobody_watched(tmp_path: Path) -> None:
    clock = StillClock()
    busy = session(1, "api", state=SessionState.BUSY)
    asking = session(1, "api", state=SessionState.BUSY, needs=Need.PERMISSION)
    async with open_store(tmp_path / "state.db") as store:
        first = DayHistory(store=store, clock=clock, server="s", is_writer=lambda: True)
        await first.load()
        first.note(SessionCreated(session=busy, reason=CreatedReason.STARTUP_DISCOVERY, at=NOW))
        clock.advance(3600)
        first.note(SessionChanged(before=busy, after=asking, at=clock.now()))
        clock.advance(WRITE_EVERY_SECONDS)
        await first.save()
        clock.advance(7200)

        second = DayHistory(store=store, clock=clock, server="s", is_writer=lambda: True)
        await second.save()
        second.note(SessionCreated(session=asking, reason=CreatedReason.STARTUP_DISCOVERY, at=clock.now()))
        await second.load()
        clock.advance(600)
        second.note(SessionDeleted(session=asking, reason=ExitReason.PROCESS_EXIT, at=clock.now()))

    told = list(stretches(second.day(SessionId("sess_1")), NOW, clock.now()))
    assert told == [
        (DayState.WORKS, timedelta(hours=1)),
        (DayState.ASKS, timedelta(seconds=WRITE_EVERY_SECONDS)),
        (DayState.UNKNOWN, timedelta(hours=2)),
        (DayState.ASKS, timedelta(minutes=10)),
    ]
