"""A ladder whose rungs know different things: who waits for what, and why somebody rests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quarterdeck.core.reading import Reading
from quarterdeck.core.reading_ladder import decide
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.values import replace

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
IDLE, BUSY, ERROR, ATTENTION = SessionState.IDLE, SessionState.BUSY, SessionState.ERROR, SessionState.ATTENTION


def claim(
    source: Source,
    state: SessionState,
    needs: Need | None = None,
    *,
    seconds: float = 0,
    lasts: float | None = None,
    sure: bool = True,
) -> Reading:
    return Reading(
        source=source,
        state=state,
        needs=needs,
        cause=f"{source}_{state}",
        confidence=Confidence.HIGH if sure else Confidence.LOW,
        at=NOON + timedelta(seconds=seconds),
        lasts=lasts,
    )


def decided(*claims: Reading, seconds: float = 10) -> Reading:
    return decide({each.source: each for each in claims}, now=NOON + timedelta(seconds=seconds))


def test_a_claim_that_is_itself_unsure_gives_way_to_a_sure_one() -> None:
    title = claim(Source.SIGNAL, IDLE, seconds=10, lasts=0, sure=False)

    assert decided(title, claim(Source.SCREEN, BUSY, seconds=10)).state is BUSY
    assert decided(title).confidence is Confidence.LOW


def test_a_waiting_told_without_words_takes_words_and_kind_from_whom_shows_them() -> None:
    title = claim(Source.SIGNAL, ATTENTION, Need.PERMISSION, seconds=10)
    screen = replace(
        claim(Source.SCREEN, ATTENTION, Need.QUESTION, seconds=10), question="Which colour?", choices=("Red", "Blue")
    )

    reading = decided(title, screen)

    assert reading.source is Source.SIGNAL
    assert (reading.needs, reading.question, reading.choices) == (Need.QUESTION, "Which colour?", ("Red", "Blue"))


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ([claim(Source.TRANSCRIPT, ERROR, Need.ERROR, lasts=5)], Need.ERROR),
        ([claim(Source.HOOK, IDLE, Need.FINISHED, lasts=5)], Need.FINISHED),
        (
            [claim(Source.HOOK, BUSY, lasts=2), claim(Source.TRANSCRIPT, IDLE, Need.FINISHED, seconds=1, lasts=5)],
            Need.FINISHED,
        ),
        ([claim(Source.HOOK, IDLE, Need.FINISHED, lasts=5), claim(Source.TRANSCRIPT, IDLE, seconds=1, lasts=5)], None),
        ([claim(Source.TRANSCRIPT, BUSY, lasts=5)], None),
        ([claim(Source.TRANSCRIPT, BUSY, lasts=5), claim(Source.SCREEN, ERROR, Need.ERROR)], Need.ERROR),
        ([], None),
    ],
    ids=["error", "finished", "the newer word", "interrupted later", "an old turn's work", "seen on screen", "none"],
)
def test_a_rest_told_without_a_reason_takes_the_newest_word_on_it(told: list[Reading], wanted: Need | None) -> None:
    reading = decided(claim(Source.REGISTRY, IDLE), *told)

    assert reading.needs is wanted
    assert reading.state is (ERROR if wanted is Need.ERROR else IDLE)
