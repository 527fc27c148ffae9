"""What is known of tmux's versions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.tmux_versions import OLDEST, TRIED, TmuxVersion, is_usable_tmux, tmux_version, verdict


@pytest.mark.parametrize(
    ("answer", "version", "usable"),
    [
        ("tmux 3.3a", TmuxVersion(3, 3, letter="a"), True),
        ("tmux 3.2", TmuxVersion(3, 2), True),
        ("tmux 3.1c", TmuxVersion(3, 1, letter="c"), False),
        ("tmux 2.9", TmuxVersion(2, 9), False),
        ("tmux 3.10", TmuxVersion(3, 10), True),
        ("tmux 3.4-rc2", TmuxVersion(3, 4, released=False), True),
        ("tmux next-3.6", TmuxVersion(3, 6, released=False), True),
        ("tmux master", None, True),
        ("tmux openbsd-7.4", None, True),
    ],
)
def test_tmux_is_judged_by_what_it_says_of_itself(answer: str, version: TmuxVersion | None, usable: bool) -> None:
    assert tmux_version(answer) == version
    assert is_usable_tmux(answer) is usable


def test_versions_stand_in_the_order_in_which_they_came() -> None:
    came = ["3.1c", "next-3.2", "3.2-rc3", "3.2", "3.2a", "3.9", "3.10"]
    versions = [tmux_version(f"tmux {version}") for version in came]

    assert versions == sorted(versions, key=lambda version: version or TmuxVersion(0, 0))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        *((f"tmux {version}", f"tmux {version}: tried with the tests.") for version in TRIED),
        ("tmux 3.2", "not tried, older than 3.2a."),
        ("tmux 3.4", "not tried, between 3.3a and 3.5a."),
        ("tmux next-3.7", "not tried, between 3.6b and 3.7c."),
        ("tmux 3.9b", f"not tried, newer than {TRIED[-1]}."),
        ("tmux master", "not tried, and of no release."),
    ],
)
def test_of_each_version_it_is_said_whether_it_was_tried(answer: str, words: str) -> None:
    assert words in verdict(answer)


@pytest.mark.parametrize(
    ("version", "captures", "names"),
    [
        ("3.2a", True, False),
        ("3.5a", True, False),
        ("3.6", False, False),
        ("3.7", False, True),
        ("master", False, True),
    ],
)
def test_what_is_to_be_minded_is_said_of_the_versions_it_is_so_of(version: str, captures: bool, names: bool) -> None:
    told = verdict(f"tmux {version}")

    assert ("captures take another way" in told) is captures
    assert ("no name with a control character" in told) is names


def test_the_versions_that_were_tried_stand_in_order_and_can_be_used() -> None:
    versions = [tmux_version(version) or TmuxVersion(0, 0) for version in TRIED]

    assert versions == sorted(versions)
    assert all(map(is_usable_tmux, (*TRIED, OLDEST)))


@given(st.text())
def test_no_answer_is_too_odd(answer: str) -> None:
    assert verdict(answer).startswith(f"{answer}: ")
    assert is_usable_tmux(answer) in {True, False}
