"""Which of several claims a row shows, and how long it shows one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.reading import Reading
from quarterdeck.core.reading_ladder import (
    ASK_CONFIRMED_AFTER,
    CONFIRMED_AFTER,
    DAMPED_FOR,
    END_CONFIRMED_AFTER,
    WORKING_LASTS,
    Settled,
    asks,
    decide,
    holds,
    next_expiry,
    settle,
    settle_deadline,
)
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.values import replace
from support.struct_of import struct_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DRAWN = (Source.SIGNAL, Source.SCREEN, Source.SILENCE)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def claim(source: str, says: str, seconds: float = 0, lasts: float | None = None, **fields: object) -> Reading:
    """A claim in short: a state, or what is needed."""
    needs = Need(says) if says in set(Need) else None
    state = SessionState(says) if says in set(SessionState) else SessionState.IDLE
    reading = Reading(
        source=Source(source),
        state=state,
        cause=f"{source}_{says}",
        confidence=Confidence.HIGH,
        at=at(seconds),
        needs=needs if needs is not Need.ERROR else None,
        lasts=lasts,
    )
    # The fields of many types arrive through one mapping.
    return replace(reading, **fields)  # type: ignore[arg-type]


def shown(*claims: Reading, now: float = 1) -> str:
    """Who wins, and what is shown, in short."""
    reading = decide({each.source: each for each in claims}, now=at(now))
    unsure = "?" if reading.confidence is Confidence.LOW else ""
    return f"{reading.source} {reading.needs or reading.state}{unsure}"


@pytest.mark.parametrize(
    ("claims", "now", "wanted"),
    [
        pytest.param([claim("screen", "busy"), claim("hook", "idle")], 1, "hook idle", id="the highest rung"),
        pytest.param([claim("hook", "busy", 0, 30), claim("screen", "idle", 20)], 30, "hook busy", id="still in life"),
        pytest.param([claim("hook", "busy", 0, 30), claim("screen", "idle", 20)], 31, "screen idle", id="out of life"),
        pytest.param([claim("hook", "busy"), claim("screen", "idle")], 61, "screen idle", id="a life of its own"),
        pytest.param([claim("registry", "busy"), claim("screen", "idle")], 9999, "registry busy", id="watched file"),
        pytest.param([claim("hook", "busy", 0, 5)], 6, "silence idle?", id="quiet since"),
        pytest.param(
            [claim("hook", "busy", 0, 60), claim("silence", "idle", 8)],
            61,
            "silence idle?",
            id="a silence that work explained proves nothing",
        ),
        pytest.param(
            [claim("hook", "busy", 0, 60), claim("silence", "attention", 308)],
            309,
            "silence attention",
            id="a silence long after the work does",
        ),
        pytest.param(
            [claim("transcript", "busy", 0, 60), claim("screen", "permission", 5)],
            6,
            "screen permission",
            id="an ask after a working claim is news",
        ),
        pytest.param(
            [claim("transcript", "busy", 5, 60), claim("screen", "permission", 5)],
            6,
            "transcript busy",
            id="an ask before it is not",
        ),
        pytest.param(
            [claim("hook", "busy", 0), claim("screen", "permission", 5, confidence=Confidence.LOW)],
            6,
            "hook busy",
            id="nor is an unsure one",
        ),
        pytest.param(
            [claim("signal", "idle", 0), claim("screen", "permission", 5)],
            6,
            "screen permission",
            id="a title that says ready does not hide a dialog",
        ),
        pytest.param(
            [claim("signal", "busy", 5), claim("screen", "question", 5)],
            6,
            "screen question",
            id="nor does one that says at the same moment that it works",
        ),
        pytest.param(
            [claim("registry", "idle", 0), claim("screen", "permission", 5)],
            6,
            "registry idle",
            id="an agent that says it rests is believed",
        ),
        pytest.param(
            [claim("registry", "idle", 0, confidence=Confidence.MEDIUM), claim("screen", "permission", 5)],
            6,
            "screen permission",
            id="unless it is not all sure of that",
        ),
        pytest.param(
            [claim("hook", "permission", 0, 2), claim("screen", "permission", 1)],
            60,
            "hook permission",
            id="an ask stands while something shows it",
        ),
        pytest.param(
            [claim("hook", "permission", 0, 2), claim("registry", "busy", 3)],
            60,
            "registry busy",
            id="and falls when what is seen says otherwise",
        ),
        pytest.param(
            [claim("hook", "permission", 0, 2), claim("registry", "idle", 1)],
            1.5,
            "registry idle",
            id="at once when the agent's own list says so",
        ),
        pytest.param(
            [claim("hook", "permission", 1, 2), claim("registry", "busy", 0)],
            1.5,
            "hook permission",
            id="but not by what it said before",
        ),
        pytest.param(
            [claim("hook", "permission", 0, 2), claim("silence", "idle", 8)],
            60,
            "hook permission?",
            id="silence does not answer an ask",
        ),
        pytest.param(
            [claim("hook", "idle"), claim("silence", "attention")], 1, "silence attention", id="rested for too long"
        ),
        pytest.param(
            [claim("hook", "finished"), claim("silence", "attention")], 1, "silence finished", id="done for too long"
        ),
        pytest.param([claim("hook", "busy"), claim("silence", "attention")], 1, "hook busy", id="work needs no look"),
        pytest.param(
            [claim("signal", "busy", 0, 5), claim("silence", "busy", 6)], 9, "silence busy", id="something still moves"
        ),
        pytest.param([claim("hook", "finished", 0, 2)], 60, "hook finished?", id="the last word, unsure"),
        pytest.param(
            [claim("silence", "idle", 0, cause="initial_state"), claim("restored", "attention", 0)],
            1,
            "restored attention?",
            id="what was restored is better than nothing",
        ),
        pytest.param([claim("restored", "busy", 0)], 1, "silence idle?", id="restored work is over"),
        pytest.param([], 1, "silence idle?", id="nothing known"),
    ],
)
def test_the_best_claim_that_holds_is_shown(claims: list[Reading], now: float, wanted: str) -> None:
    assert shown(*claims, now=now) == wanted


def test_the_end_of_the_process_overrules_everything() -> None:
    assert shown(claim("hook", "busy"), claim("process", "exited")) == "process exited"


def test_an_error_takes_its_words_from_where_they_are_known() -> None:
    limit = claim("transcript", "error", 0, detail="usage limit", until=at(600), needs=Need.ERROR)
    bare = claim("registry", "error", 1, needs=Need.ERROR)

    shown_now = decide({each.source: each for each in (bare, limit)}, now=at(2))

    assert (shown_now.source, shown_now.detail, shown_now.until) == (Source.REGISTRY, "usage limit", at(600))
    assert decide({Source.REGISTRY: bare}, now=at(2)) == bare


def test_the_page_of_a_form_that_is_open_is_told_by_the_screen() -> None:
    form = claim("transcript", "question", 0, question="Which colour?\nWhich sizes?", choices=("Red", "Blue"))
    page = claim("screen", "question", 3, question="Review your answers", choices=("Submit answers", "Cancel"))

    told = decide({each.source: each for each in (claim("registry", "question"), form, page)}, now=at(4))

    assert (told.question, told.choices) == (page.question, page.choices)


def test_an_ask_takes_its_choices_from_where_they_are_known() -> None:
    hook = claim("hook", "permission", 0, 2, question="rm -r build")
    screen = claim("screen", "permission", 1, question="Run rm -r build?", choices=("Yes", "No"))
    claims = {each.source: each for each in (hook, screen)}

    early = decide(claims, now=at(1))
    late = decide(claims, now=at(9))

    assert (early.source, early.question, early.choices) == (Source.HOOK, "rm -r build", ("Yes", "No"))
    assert (late.source, late.question, late.choices) == (Source.HOOK, "Run rm -r build?", ("Yes", "No"))


readings = struct_of(
    Reading,
    source=st.sampled_from(Source),
    state=st.sampled_from(SessionState),
    cause=st.sampled_from(["rule", "initial_state"]),
    confidence=st.sampled_from(Confidence),
    at=st.integers(0, 100).map(at),
    needs=st.sampled_from([None, *Need]),
    question=st.sampled_from(["", "Which?"]),
    lasts=st.sampled_from([None, 0.0, 5.0, 50.0]),
)
ladders = st.lists(readings, max_size=8).map(lambda found: {each.source: each for each in found})


@given(ladders, st.integers(100, 300))
def test_work_is_never_shown_without_a_claim_that_holds(ladder: dict[Source, Reading], now: int) -> None:
    reading = decide(ladder, now=at(now))

    if reading.state is SessionState.BUSY and not asks(reading):
        assert reading == ladder[reading.source]
        assert holds(reading, at(now))


@given(ladders, st.integers(100, 300))
def test_an_ask_is_never_made_up(ladder: dict[Source, Reading], now: int) -> None:
    reading = decide(ladder, now=at(now))

    assert not asks(reading) or any(asks(each) for each in ladder.values())


@given(ladders, st.integers(100, 200))
def test_nothing_changes_before_the_next_expiry(ladder: dict[Source, Reading], now: int) -> None:
    expiry = next_expiry(ladder, at(now))
    until = expiry if expiry is not None else at(now + 500)
    before = decide(ladder, now=at(now))
    later = decide(ladder, now=until)

    assert replace(later, at=before.at) == before


def test_each_message_that_work_began_has_a_life() -> None:
    assert set(WORKING_LASTS) == {Source.HOOK, Source.TRANSCRIPT, Source.SIGNAL, Source.RESTORED}


def played(steps: list[tuple[float, Reading]]) -> list[tuple[datetime, Reading]]:
    """What was shown from when, with the deadlines kept as the supervisor keeps them."""
    shown: list[tuple[datetime, Reading]] = []
    held: Settled | None = None

    def take(reading: Reading, now: datetime) -> None:
        nonlocal held
        held = settle(held, reading, now)
        if not shown or shown[-1][1] != held.reading:
            shown.append((now, held.reading))

    for index, (seconds, reading) in enumerate(steps):
        take(reading, at(seconds))
        while held and held.claim and (due := settle_deadline(held)):
            if index + 1 < len(steps) and due > at(steps[index + 1][0]):
                break
            take(held.claim, due)
    return shown


CHOICES = ("Yes", "No")
drawn_claims = st.one_of(
    st.builds(
        lambda source, says, confidence: claim(source, says, confidence=confidence),
        st.sampled_from(DRAWN),
        st.sampled_from(["idle", "busy", "permission"]),
        st.sampled_from(Confidence),
    ),
    st.sampled_from(
        [
            claim("screen", "permission", question="Run it?", choices=CHOICES),
            claim("screen", "finished", cause="screen_finished"),
            claim("transcript", "finished", confidence=Confidence.HIGH),
            claim("transcript", "busy", confidence=Confidence.MEDIUM),
        ]
    ),
)
moments = st.lists(st.tuples(st.floats(0.01, 3), drawn_claims), min_size=1, max_size=25)


def is_plain(reading: Reading) -> bool:
    """Whether it only looks like work or rest, or like an ask that is not all there."""
    return reading.source in DRAWN and (
        reading.state is SessionState.BUSY
        or reading.confidence is Confidence.LOW
        or (reading.source is Source.SCREEN and not reading.choices and reading.cause != "screen_finished")
        or reading.source is Source.SILENCE
    )


@given(moments)
def test_what_only_looks_like_something_never_replaces_what_has_not_been_shown_for_two_seconds(
    seen: list[tuple[float, Reading]],
) -> None:
    now, steps = 0.0, []
    for wait, reading in seen:
        now += wait
        steps.append((now, replace(reading, at=at(now))))

    changes = [
        (time, reading)
        for (_, before), (time, reading) in pairwise(played(steps))
        if (reading.state, reading.needs, reading.question) != (before.state, before.needs, before.question)
    ]

    for (earlier, _), (later, reading) in pairwise(changes):
        assert later - earlier >= DAMPED_FOR or not is_plain(reading)
        is_drawn_work = reading.state is SessionState.BUSY and reading.source is not Source.TRANSCRIPT
        assert not is_drawn_work or later - earlier >= DAMPED_FOR


@given(moments)
def test_an_ask_and_an_end_that_stand_are_never_late(seen: list[tuple[float, Reading]]) -> None:
    whole = claim("screen", "permission", question="Run it?", choices=CHOICES)
    ends = {
        ASK_CONFIRMED_AFTER: whole,
        END_CONFIRMED_AFTER: claim("screen", "finished", cause="screen_finished"),
        timedelta(0): claim("signal", "idle"),
    }
    now, steps = 0.0, []
    for wait, reading in seen:
        now += wait
        steps.append((now, replace(reading, at=at(now))))

    for after, last in ends.items():
        stands = replace(last, at=at(now + 0.01))
        time, shown = played([*steps, (now + 0.01, stands)])[-1]

        assert (shown.state, shown.needs) == (stands.state, stands.needs)
        assert time <= stands.at + after


@given(st.lists(st.floats(0.01, 0.05), min_size=2, max_size=8))
def test_a_dialog_that_is_gone_at_once_was_a_redraw(waits: list[float]) -> None:
    frames = [claim("screen", "permission", question="Run it?", choices=CHOICES), claim("screen", "busy")]
    steps = [(0.0, claim("screen", "busy"))]
    for number, wait in enumerate(waits):
        steps.append((steps[-1][0] + wait, frames[number % 2]))
    steps.append((steps[-1][0] + 0.05, frames[1]))

    assert not any(asks(reading) for _, reading in played(steps))


def test_a_dialog_that_is_not_all_there_waits_until_it_is() -> None:
    half = claim("screen", "permission", 10, question="Run it?", choices=CHOICES[:1])
    whole = replace(half, choices=CHOICES)

    assert played([(0.0, claim("screen", "busy")), (10.0, half)])[1][0] == at(10) + CONFIRMED_AFTER
    assert played([(0.0, claim("screen", "busy")), (10.0, half), (10.2, whole)])[1][0] == at(10.2)


@pytest.mark.parametrize("says", ["permission", "idle"])
def test_a_titles_word_that_it_asks_or_rests_is_shown_at_once(says: str) -> None:
    changes = played([(0.0, claim("signal", "idle", cause="x")), (9.0, claim("signal", "busy", 9))])
    assert changes[-1][0] == at(9)
    word = claim("signal", says, 9.1)

    assert played([(0.0, claim("signal", "finished")), (9.0, claim("signal", "busy", 9)), (9.1, word)])[-1][0] == at(
        9.1
    )
    unsure = replace(word, confidence=Confidence.LOW)
    late = played([(0.0, claim("signal", "finished")), (9.0, claim("signal", "busy", 9)), (9.1, unsure)])[-1][0]
    assert late == at(9) + DAMPED_FOR


def test_a_half_drawn_frame_is_never_shown() -> None:
    frames = [(0.0, claim("screen", "busy")), (10.0, claim("screen", "idle", 10)), (10.3, claim("screen", "busy", 10))]

    assert [reading.state for _, reading in played(frames)] == [SessionState.BUSY]


def test_a_true_change_on_the_screen_is_shown_within_a_second() -> None:
    changes = played([(0.0, claim("screen", "busy")), (10.0, claim("screen", "idle", 10))])

    assert changes[1][0] == at(10) + CONFIRMED_AFTER
    assert changes[1][0] < at(11)


@pytest.mark.parametrize("source", ["hook", "registry"])
def test_what_an_agent_says_itself_is_shown_at_once(source: str) -> None:
    changes = played([(0.0, claim("screen", "busy")), (0.1, claim(source, "permission", 0.1))])

    assert changes[1][0] == at(0.1)


def test_an_end_is_shown_at_once() -> None:
    assert played([(0.0, claim("screen", "busy")), (0.1, claim("process", "exited", 0.1))])[1][0] == at(0.1)


def test_the_first_thing_known_is_shown_at_once() -> None:
    unknown = claim("silence", "idle", 0, cause="initial_state")

    assert played([(0.0, unknown), (0.1, claim("screen", "busy", 0.1))])[1][0] == at(0.1)


def test_a_repetition_keeps_the_time_of_the_first() -> None:
    first = settle(None, claim("screen", "busy", 0, detail="✶ 1s"), at(0))
    again = settle(first, claim("screen", "busy", 5, detail="✶ 6s"), at(5))
    surer = settle(again, claim("registry", "busy", 6), at(6))

    assert again == first
    assert (surer.reading.source, surer.since) == (Source.REGISTRY, at(0))
