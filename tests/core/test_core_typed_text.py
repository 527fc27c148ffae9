"""A message arrives as its words, unless it is one line that is a command the agent knows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.typed_text import InputHabits, TypedText, command_in, typed_text

HABITS = InputHabits(meaningful_starts="!/#@", meaningful_last_words="@", commands=("model", "review:all"))


@pytest.mark.parametrize(
    ("message", "typed"),
    [
        ("plain words", TypedText("plain words")),
        ("! bang first", TypedText(" ! bang first", is_guarded=True)),
        ("/slashless words", TypedText(" /slashless words", is_guarded=True)),
        ("/etc/hosts is wrong", TypedText(" /etc/hosts is wrong", is_guarded=True)),
        ("# a heading\nand text", TypedText(" # a heading\nand text", is_guarded=True)),
        ("read @README.md", TypedText("read @README.md ", is_guarded=True)),
        ("@README.md", TypedText(" @README.md ", is_guarded=True)),
        ("mail me@home.example", TypedText("mail me@home.example")),
        ("/model", TypedText("/model", is_command=True)),
        ("/model opus", TypedText("/model opus", is_command=True)),
        ("/review:all", TypedText("/review:all", is_command=True)),
        ("/model\nand more", TypedText(" /model\nand more", is_guarded=True)),
        (" /model", TypedText(" /model")),
        ("/models", TypedText(" /models", is_guarded=True)),
    ],
)
def test_how_a_message_is_typed(message: str, typed: TypedText) -> None:
    assert typed_text(message, HABITS) == typed


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("/slashless words", "\u2060/slashless words"),
        (" /model\nand more", "\u2060 /model\nand more"),
        ("it ends in C:\\", "it ends in C:\\ "),
        ("a \\ amid", "a \\ amid"),
        ("! bang", "! bang"),
    ],
)
def test_what_needs_more_than_a_blank_or_ends_in_a_sign_arrives_too(message: str, text: str) -> None:
    habits = InputHabits(meaningful_starts="/", guard_before="\u2060", meaningful_ends="\\", commands=("model",))

    assert typed_text(message, habits).text == text


def test_untouched_is_untouched_and_a_shell_has_no_habits() -> None:
    assert typed_text("! ls", HABITS, as_command=True) == TypedText("! ls", is_command=True)
    assert typed_text("!ls @x", None) == TypedText("!ls @x")
    assert typed_text("", HABITS) == TypedText("")


@given(st.text(alphabet="!/#@ab \n", max_size=12))
def test_no_word_is_lost_and_nothing_meaningful_is_left_at_either_end(message: str) -> None:
    message = message.strip("\n")
    typed = typed_text(message, HABITS)

    assert typed.text.strip(" ") == message.strip(" ") or typed.is_command
    if not typed.is_command:
        assert typed.text[:1] not in {*"!/#@"}
        assert not re.split(r"\s", typed.text)[-1].startswith("@")
    else:
        assert command_in(message) in HABITS.commands
