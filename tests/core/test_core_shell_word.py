"""What a shell with our snippet says, and what the detector makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.detector import DetectorState, Observation, dismiss, reading_of, step
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.core.shell_word import COMMAND_LENGTH, SHELL_HEADER, ShellWord, has_failed, parse_shell_word
from quarterdeck.values import replace


def parsed(text: str) -> ShellWord | None:
    return parse_shell_word(text.encode(errors="surrogatepass"), 5.0)


BEGAN = ShellWord(pid=42, runs=True, command="make -j8", at=5.0)
RUNS = f"{SHELL_HEADER} 42 run - make -j8\n"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param(RUNS, BEGAN, id="a command began"),
        pytest.param(f"{SHELL_HEADER} 42 run -   12  make -j8\n", BEGAN,
                     id="with its number in bash's history"),
        pytest.param(f"{SHELL_HEADER} 42 run - \n", ShellWord(pid=42, runs=True, at=5.0), id="one that is not told"),
        pytest.param(f"{RUNS}{SHELL_HEADER} 42 end 2\n", replace(BEGAN, runs=False, status=2),
                     id="it ended"),
        pytest.param(f"{SHELL_HEADER} 42 run - for i in 1 2\ndo make\ndone\n{SHELL_HEADER} 42 end 0\n",
                     ShellWord(pid=42, runs=False, status=0, command="for i in 1 2", at=5.0), id="of several lines"),
        pytest.param(f"{RUNS}{SHELL_HEADER} 42 end 2\n{RUNS}", BEGAN, id="the next began"),
        pytest.param(f"{SHELL_HEADER} 42 end 2\n", replace(BEGAN, runs=False, status=2, command=""), id="an end alone"),
        pytest.param(f"{RUNS}{SHELL_HEADER} 42 end 2", BEGAN,
                     id="its end is not there as a whole"),
        pytest.param(f"{RUNS}{SHELL_HEADER} 43 end 2\n", ShellWord(pid=43, runs=False, status=2, at=5.0),
                     id="of another shell, whose command is not known"),
        pytest.param("quarterdeck-shell 2 42 run - x\n", None, id="another version"),
        pytest.param("", None, id="nothing"),
    ],
)  # fmt: skip
def test_words(text: str, word: ShellWord | None) -> None:
    assert parsed(text) == word


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_word_is_too_odd(command: str, more: str) -> None:
    parsed(command)
    word = parsed(f"{SHELL_HEADER} 42 run - {command}\n{more}\n{SHELL_HEADER} 42 end 3\n")

    assert word is not None
    assert word.status == 3
    assert len(word.command) <= COMMAND_LENGTH


@pytest.mark.parametrize(
    ("status", "command", "failed"),
    [
        (0, "make", False), (2, "make", True), (1, "pytest", True), (1, "grep x y", False), (2, "grep x y", True),
        (1, "git diff | grep x", False), (130, "make", False), (143, "sleep 9", False), (127, "mkae", True),
        (None, "make", False), (139, "./a.out", True), (137, "train", True), (1, "", True),
    ],
)  # fmt: skip
def test_which_ends_are_failures(status: int | None, command: str, failed: bool) -> None:
    assert has_failed(status, command) is failed


PROMPT = "me@host:~$ "


def says(at: float, *, runs: bool = False, status: int | None = None, screen: str | None = None) -> Observation:
    word = ShellWord(pid=7, runs=runs, status=None if runs else status or 0, command="make", at=at)
    return Observation(shell=word, screen=screen, has_children=runs)


def test_the_shell_is_believed_before_all_else() -> None:
    state = step(DetectorState(at=0.0), says(1.0, runs=True, screen=f"{PROMPT}make\n"), 1.0)
    assert (state.state, state.cause, state.detail) == (SessionState.BUSY, "osc133_command", "make")

    state = step(state, says(1.0, runs=True, screen=f"{PROMPT}make\n{PROMPT}"), 2.0)
    assert state.cause == "osc133_command"  # what looks like a prompt was printed

    state = step(state, says(3.0), 3.0)
    assert (state.state, state.cause, reading_of(state).confidence) == (
        SessionState.IDLE,
        "osc133_prompt",
        Confidence.HIGH,
    )


def test_a_failure_is_exact_with_its_words_and_stands_until_somebody_looks() -> None:
    state = step(DetectorState(at=0.0), says(1.0, runs=True), 1.0)
    failed = step(state, says(2.0, status=2, screen=f"{PROMPT}make\nmake: *** [all] Error 2"), 2.0)

    told = reading_of(failed)
    assert (told.state, told.needs, told.confidence) == (SessionState.ERROR, Need.ERROR, Confidence.HIGH)
    assert told.detail == "make: *** [all] Error 2 (status 2)"
    assert step(failed, says(2.0, status=2), 900.0).state is SessionState.ERROR
    bare = step(state, says(2.0, status=2, screen=f"{PROMPT}make"), 2.0)
    assert bare.detail == "status 2"
    late = step(bare, says(2.0, status=2, screen=f"{PROMPT}make\nmake: *** [all] Error 2\n{PROMPT}"), 2.3)
    assert (late.detail, late.at) == ("make: *** [all] Error 2 (status 2)", 2.0)
    seen = dismiss(failed, 3.0)
    assert seen.state is SessionState.IDLE
    assert step(seen, says(2.0, status=2), 4.0).state is SessionState.IDLE
    again = step(failed, says(5.0, status=3), 5.0)
    assert (again.at, again.detail) == (5.0, "make: *** [all] Error 2 (status 3)")


def test_what_was_said_before_the_row_was_last_seen_is_no_news() -> None:
    known = DetectorState(state=SessionState.IDLE, cause="dismiss_attention", at=10.0)

    assert step(known, says(9.0, status=2), 11.0).state is SessionState.IDLE


def test_an_agent_knows_better_than_the_shell_that_started_it() -> None:
    agent = step(DetectorState(at=0.0), Observation(tool_mode=True, shell=says(1.0, runs=True).shell), 1.0)

    assert agent.state is SessionState.IDLE

    began = step(DetectorState(at=0.0), says(1.0, runs=True), 1.0)
    told = reading_of(step(began, Observation(tool_mode=True), 1.5))
    assert (told.state, told.source, told.confidence) == (SessionState.BUSY, Source.SILENCE, Confidence.LOW)
