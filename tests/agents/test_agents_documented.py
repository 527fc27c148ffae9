"""Agents that could not be started here, or not beyond their login: what is written about their screens."""

from __future__ import annotations

import pytest

from quarterdeck.core.session import Confidence, Need, SessionState
from quarterdeck.ports.agent import ScreenLook
from support.recordings import NOW, agent

GOOSE_ASKS = """\
─── shell | developer ──────────────────────────
command: rm -rf build

◆  Goose would like to call the above tool, do you allow?
│  ● Allow (Allow the tool call once)
│  ○ Always Allow
│  ○ Deny
│  ○ Cancel
└
"""
GOOSE_WORKS = """\
◇  Goose would like to call the above tool, do you allow?
│  Allow
◒  Pondering the options...  (Ctrl+C to interrupt)
"""
CURSOR_ASKS = """\
 $ touch x

 Run this command?
 Not in allowlist: touch
  → Run (once) (y) (enter)
    Add Shell(touch) to allowlist? (tab)
    Skip (esc or n)
"""
CURSOR_WORKS = " ⬢ Reading 3 files\n\n → Add a follow-up   ctrl+c to stop\n"
AMP_ASKS = "No API key found. Starting login flow...\nWould you like to log in to Amp? [(y)es, (n)o]: "
AUGGIE_ASKS = "   New to Augment?\n\n → Login to continue\n   Press return to open your browser\n"
SHOWN = [
    ("goose", GOOSE_ASKS, SessionState.ATTENTION, Need.PERMISSION),
    ("goose", GOOSE_WORKS, SessionState.BUSY, None),
    ("cursor", CURSOR_ASKS, SessionState.ATTENTION, Need.PERMISSION),
    ("cursor", CURSOR_WORKS, SessionState.BUSY, None),
    ("amp", AMP_ASKS, SessionState.ATTENTION, Need.QUESTION),
    ("auggie", AUGGIE_ASKS, SessionState.ATTENTION, Need.QUESTION),
]


@pytest.mark.parametrize(("key", "screen", "state", "needs"), SHOWN)
def test_what_is_written_of_a_screen_is_read_and_never_claimed_to_be_sure(
    key: str, screen: str, state: SessionState, needs: Need | None
) -> None:
    reading = agent(key).read_screen(ScreenLook(text=screen, at=NOW))

    assert reading is not None
    assert (reading.state, reading.needs, reading.confidence) == (state, needs, Confidence.MEDIUM)


@pytest.mark.parametrize(("key", "screen"), [(key, screen) for key, screen, *_ in SHOWN])
def test_the_same_words_above_a_later_prompt_are_nothing(key: str, screen: str) -> None:
    later = f"{screen.rstrip()}\n\nIt said so before.\nAnd more.\nAnd more.\n$ "

    assert agent(key).read_screen(ScreenLook(text=later, at=NOW)) is None
