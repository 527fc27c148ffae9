"""The circuit breaker, with the clock in our hands."""

from __future__ import annotations

import logging

import pytest

from quarterdeck.errors import TmuxUnreachable
from quarterdeck.tmux.one_call import Breaker


class Hand:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def breaker(hand: Hand) -> Breaker:
    return Breaker(hand)


@pytest.mark.parametrize(
    ("timeouts", "rest"), [(1, 30), (2, 60), (3, 90), (4, 120), (5, 120), (40, 120)], ids=lambda value: str(value)
)
def test_probes_rest_longer_the_more_time_outs_came_in_a_row(breaker: Breaker, timeouts: int, rest: int) -> None:
    for _ in range(timeouts):
        breaker.timed_out("list-panes")

    assert breaker.remaining == rest


def test_an_open_breaker_refuses_probes(breaker: Breaker) -> None:
    breaker.timed_out("capture-pane")

    with pytest.raises(TmuxUnreachable, match="30 s"):
        breaker.admit_probe("capture-pane")
    assert breaker.skipped == 1


def test_probes_are_welcome_again_when_the_rest_is_over(breaker: Breaker, hand: Hand) -> None:
    breaker.timed_out("capture-pane")

    hand.at += 29.9
    with pytest.raises(TmuxUnreachable):
        breaker.admit_probe("capture-pane")
    hand.at += 0.2
    breaker.admit_probe("capture-pane")


def test_any_answer_closes_the_breaker_and_starts_the_count_afresh(breaker: Breaker) -> None:
    breaker.timed_out("a")
    breaker.timed_out("b")

    breaker.answered("list-panes", elapsed=0.01, bound=2)

    breaker.admit_probe("capture-pane")
    breaker.timed_out("c")
    assert breaker.remaining == 30
    assert breaker.skipped == 0


@pytest.mark.parametrize(("elapsed", "slow"), [(0.99, False), (1.0, True), (1.9, True)])
def test_a_command_that_used_half_its_bound_is_logged_as_slow(
    breaker: Breaker, caplog: pytest.LogCaptureFixture, elapsed: float, slow: bool
) -> None:
    with caplog.at_level(logging.WARNING, "quarterdeck.tmux.one_call"):
        breaker.answered("list-panes", elapsed=elapsed, bound=2)

    assert [record.message for record in caplog.records] == (["slow tmux command: list-panes"] if slow else [])
