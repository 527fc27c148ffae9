"""What the text of a plain terminal shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.screen_text import ends_at_prompt, error_in, is_meaningful, is_prompt, last_line, new_lines


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        pytest.param("$ ", True, id="bare dollar"),
        pytest.param("  # ", True, id="bare hash"),
        pytest.param(">>>", False, id="repeated marker"),
        pytest.param(">", True, id="bare angle"),
        pytest.param("me@host:~/deck$ ", True, id="user, host and folder"),
        pytest.param("/srv/www #", True, id="folder"),
        pytest.param("~ %", True, id="home"),
        pytest.param("C:\\work>", True, id="backslash"),
        pytest.param("(venv) [deck] $", True, id="brackets"),
        pytest.param("deploy (main) >", True, id="parenthesis at the end"),
        pytest.param("host%", True, id="word with percent"),
        pytest.param("bash-5.2$", True, id="word with dash and dot"),
        pytest.param("42%", False, id="percentage"),
        pytest.param("3.5 %", False, id="percentage with blank"),
        pytest.param("1,024 %", False, id="percentage with comma"),
        pytest.param("100$", False, id="money"),
        pytest.param("done >", False, id="word with angle"),
        pytest.param("building 12 #", False, id="words"),
        pytest.param("x" * 32 + "$", True, id="32 characters"),
        pytest.param("x" * 33 + "$", False, id="33 characters"),
        pytest.param("naïve$", False, id="not ASCII"),
        pytest.param("hello", False, id="no marker"),
        pytest.param("", False, id="empty"),
    ],
)
def test_a_prompt_is_told_from_output(line: str, wanted: bool) -> None:
    assert is_prompt(line) is wanted


def test_the_last_line_that_is_not_blank_decides() -> None:
    assert last_line("one\ntwo  \n\n   \n") == "two"
    assert last_line("12%\rdone") == "done"
    assert last_line("\n \n") == ""
    assert ends_at_prompt("output\nme@host:~$ \n\n")
    assert not ends_at_prompt("me@host:~$ \noutput")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("bash: foo: Command Not Found", "Command Not Found", id="any case"),
        pytest.param("open: permission denied", "permission denied", id="permission"),
        pytest.param("Segmentation fault (core dumped)", "Segmentation fault", id="crash"),
        pytest.param("panic: runtime error", "panic:", id="panic"),
        pytest.param("thread 'main' panicked at src", "panicked at", id="panicked"),
        pytest.param("nopanic: x", None, id="part of a word"),
        pytest.param("unpanicked at", None, id="part of another"),
        pytest.param("panic attack", None, id="panic without colon"),
        pytest.param("permission deniedness", None, id="the start of a word"),
    ],
)
def test_errors_are_told_by_whole_words(text: str, words: str | None) -> None:
    assert error_in(text) == words


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("compiling", True),
        ("ok.", True),
        ("ok", False),
        ("---", False),
        ("a b c", True),
        ("me@host:~$", False),
        ("", False),
    ],
)
def test_meaningful_lines_tell_something(line: str, wanted: bool) -> None:
    assert is_meaningful(line) is wanted


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        pytest.param("a\nb\n", "a\nb\n", [], id="nothing"),
        pytest.param("a\nb\nc", "b\nc\nd", ["d"], id="scrolled by one"),
        pytest.param("$ ", "$ make\nx", ["$ make", "x"], id="a line that grew"),
        pytest.param("a", "a\na", ["a"], id="printed once more"),
        pytest.param("", "\n\n x", [" x"], id="blank lines are nothing"),
        pytest.param("a\nb", "b   \na", [], id="moved and padded"),
    ],
)
def test_new_lines_are_those_not_shown_before(before: str, after: str, wanted: list[str]) -> None:
    assert new_lines(before, after) == wanted


@given(st.lists(st.text("ab \n", max_size=4)), st.integers(0, 5))
def test_scrolling_shows_nothing_new(lines: list[str], scrolled: int) -> None:
    assert new_lines("\n".join(lines), "\n".join(lines[scrolled:])) == []
