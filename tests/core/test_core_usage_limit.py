"""An agent that has met its usage limit: a state of its own, which ends by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.day import DayState, day_state_of
from quarterdeck.core.reading import USAGE_LIMIT, Reading, evidence_of, waits_for_operator, while_limited
from quarterdeck.core.reading_ladder import decide, settle
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.core.times import limit_words
from quarterdeck.core.urgency import has_failed, sort_key, waits
from quarterdeck.values import replace
from support.store import session

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LIMIT = Reading(
    source=Source.TRANSCRIPT,
    state=SessionState.ERROR,
    needs=Need.ERROR,
    cause="transcript_error",
    confidence=Confidence.HIGH,
    at=NOON,
    detail="You've hit your limit · resets 3pm (UTC)",
    until=NOON + timedelta(hours=3),
)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def claim(state: str, needs: str | None = None, source: str = "screen", **fields: Any) -> Reading:
    told = replace(LIMIT, source=Source(source), state=SessionState(state), until=None, cause=f"{source}_{state}")
    return replace(told, needs=Need(needs) if needs else None, **fields)


def test_a_limit_is_a_rest_that_needs_nobody_and_ends_with_its_time() -> None:
    now, until = while_limited(LIMIT, None, at(1))

    assert (now.state, now.needs, now.cause, now.until) == (SessionState.IDLE, None, USAGE_LIMIT, LIMIT.until)
    assert evidence_of(now).confidence is Confidence.HIGH
    assert not waits_for_operator(now)
    assert while_limited(LIMIT, until, at(180)) == (LIMIT, LIMIT.until)


@pytest.mark.parametrize(
    ("claims", "is_limited"),
    [
        pytest.param([claim("idle")], True, id="it rests, and nobody says why"),
        pytest.param([claim("error", "error")], True, id="the error that nobody says the end of"),
        pytest.param([claim("busy", source="silence"), claim("idle")], True, id="something was typed there"),
        pytest.param([claim("busy"), claim("idle")], False, id="it worked again"),
        pytest.param([claim("attention", "permission"), claim("idle")], False, id="it asked"),
        pytest.param([claim("idle", "finished"), claim("idle")], False, id="it finished a turn"),
    ],
)
def test_a_limit_that_is_known_stays_until_the_agent_goes_on(claims: list[Reading], is_limited: bool) -> None:
    until: datetime | None = LIMIT.until
    shown = LIMIT
    for each in claims:
        shown, until = while_limited(each, until, at(5))

    assert (shown.cause == USAGE_LIMIT) == is_limited


@given(
    st.lists(
        st.tuples(
            st.integers(0, 400),
            st.sampled_from(SessionState),
            st.sampled_from([None, *Need]),
            st.sampled_from(Source),
            st.sampled_from([None, at(60), at(300)]),
        )
    )
)
def test_a_limit_hides_neither_an_ask_nor_work_nor_an_end_and_never_outlives_its_time(seen: list[Any]) -> None:
    until: datetime | None = None
    for minute, state, needs, source, ends in sorted(seen, key=lambda each: each[0]):
        reading = replace(LIMIT, state=state, needs=needs, source=source, until=ends)
        shown, until = while_limited(reading, until, at(minute))

        if shown is reading:
            continue
        assert shown.cause == USAGE_LIMIT
        assert shown.until is not None
        assert shown.until > at(minute)
        assert state in {SessionState.IDLE, SessionState.ERROR} or (state is SessionState.BUSY and ends > at(minute))
        assert needs in {None, Need.ERROR}


def test_an_agent_that_tries_again_by_itself_much_later_is_limited_and_then_at_work() -> None:
    retries = claim("busy", source="registry", until=at(60))
    now, until = while_limited(retries, None, at(1))

    assert (now.state, now.needs, now.cause, now.until) == (SessionState.IDLE, None, USAGE_LIMIT, at(60))
    assert not waits_for_operator(now)
    assert while_limited(retries, until, at(60)) == (retries, None)


def test_a_wait_that_is_counted_down_in_steps_ends_when_it_was_said_first() -> None:
    _, until = while_limited(claim("busy", until=at(60)), None, at(1))

    now, until = while_limited(claim("busy", until=at(60.9)), until, at(1.9))
    assert (now.until, until) == (at(60), at(60))
    _, until = while_limited(claim("busy", until=at(120)), until, at(2))
    assert until == at(120)


def test_the_end_of_a_limit_is_taken_from_whoever_tells_it() -> None:
    screen = claim("error", "error", at=at(9))
    shown = decide({Source.SCREEN: screen, Source.TRANSCRIPT: replace(LIMIT, lasts=5.0)}, now=at(9))

    assert shown.source is Source.SCREEN
    assert shown.until == LIMIT.until


def test_a_rest_and_a_limit_are_two_things_to_show() -> None:
    rest = settle(None, claim("idle"), at(0))
    limit, _ = while_limited(LIMIT, None, at(1))

    assert settle(rest, limit, at(1)).reading is limit


def test_a_limited_row_stands_right_below_those_that_ask() -> None:
    base = replace(session(1), state_evidence=evidence_of(LIMIT))
    asks = replace(base, state=SessionState.ATTENTION, needs=Need.PERMISSION)
    failed = replace(base, state=SessionState.ERROR, needs=Need.ERROR)
    later = replace(base, state=SessionState.IDLE, limited_until=at(90))
    sooner = replace(later, limited_until=at(30), tmux_name="zz")
    done = replace(base, state=SessionState.IDLE, needs=Need.FINISHED)

    assert sorted([done, failed, later, sooner, asks], key=sort_key) == [asks, sooner, later, failed, done]
    assert day_state_of(later) is DayState.LIMITED
    assert not waits(later)
    assert not has_failed(later)
    assert later.state_word == "limited"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0.2, "in 1 min"), (42, "in 42 min"), (180, "in 3 h"), (185, "in 3 h 5 min"), (1440 + 250, "in 1 d 4 h")],
)
def test_a_limit_is_counted_down(minutes: float, words: str) -> None:
    told = limit_words(at(minutes), NOON)

    assert told.startswith("till ")
    assert told.endswith(words)
    assert f"{at(minutes).astimezone():%H:%M}" in told
