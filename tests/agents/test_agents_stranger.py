"""What the title and the screen of a full-screen program say that we do not know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.agents.stranger import read_stranger
from quarterdeck.core.session import Confidence, Need, SessionState
from quarterdeck.ports.agent import ScreenLook
from support.store import NOON

DIALOG = """
 I will list the files.

╭──────────────────────────────────────╮
│ Run this command?                    │
│   ls -la                             │
│ ❯ 1. Yes                             │
│   2. Yes, and do not ask again       │
│   3. No, tell it what to do instead  │
╰──────────────────────────────────────╯
 Enter to select · ↑/↓ to navigate · Esc to cancel
"""
PLAIN = DIALOG.replace("│", " ").replace("╭", " ").replace("╰", " ")
PROSE = """
 Here is the plan:
 > 1. read the file
   2. change it
   3. run the tests

 I have changed it, and these are the results of the tests that I ran after it:
 a
 b
 c
 d
 e
 f
"""


def look(screen: str, title: str = "", still_for: float | None = 0.0) -> ScreenLook:
    return ScreenLook(text=screen, at=NOON, title=title, still_for=still_for)


def test_numbered_choices_over_a_hint_are_a_question() -> None:
    told = read_stranger(look(PLAIN))

    assert told is not None
    assert (told.needs, told.confidence, told.marked) == (Need.QUESTION, Confidence.MEDIUM, 0)
    assert told.choices == ("Yes", "Yes, and do not ask again", "No, tell it what to do instead")
    assert told.question.endswith("Run this command?\nls -la")


def test_so_they_are_in_a_frame() -> None:
    told = read_stranger(look(DIALOG))

    assert told is not None
    assert told.choices == ("Yes", "Yes, and do not ask again", "No, tell it what to do instead")
    assert "│" not in told.question


@pytest.mark.parametrize(
    ("screen", "title"),
    [
        pytest.param(PROSE, "", id="a list with more below"),
        pytest.param("\n 1. one\n 2. two\n\n Enter to select", "", id="nothing is marked"),
        pytest.param("", "zsh", id="a title that says nothing"),
        pytest.param("", "~/ready-made", id="a folder"),
        pytest.param("do you like it (y/n) or not\nmore\nmore\nmore\nmore", "", id="yes or no in prose"),
        pytest.param("╭───╮\n│ > │\n╰───╯", "", id="an empty box"),
    ],
)
def test_what_is_not_surely_there_says_nothing(screen: str, title: str) -> None:
    assert read_stranger(look(screen, title)) is None


@pytest.mark.parametrize(
    ("title", "still_for", "wanted"),
    [
        ("⠹ refactor the parser", 0.0, "busy medium"),
        ("⠹ refactor the parser", 60.0, None),
        ("[ ! ] Action Required | demo", 60.0, "attention low"),
        ("demo: waiting for input", 60.0, "attention low"),
        ("Working… (demo)", 0.0, "busy medium"),
        ("◇  Ready (demo)", 60.0, "idle medium"),
    ],
)
def test_titles(title: str, still_for: float, wanted: str | None) -> None:
    told = read_stranger(look("", title, still_for))

    assert (f"{told.state.value} {told.confidence.value}" if told else None) == wanted


def test_yes_or_no_at_the_end_is_a_question() -> None:
    told = read_stranger(look(" delete 3 files\n\n Continue? (y/n)"))

    assert told is not None
    assert (told.question, told.confidence) == ("Continue? (y/n)", Confidence.LOW)


@given(st.text(max_size=600), st.text(max_size=80))
def test_no_screen_is_too_odd(screen: str, title: str) -> None:
    told = read_stranger(look(screen, title))

    assert told is None or told.confidence is not Confidence.HIGH
    assert told is None or told.needs is None or told.state is SessionState.ATTENTION
