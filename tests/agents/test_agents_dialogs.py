"""Dialogs with several choices, several questions, own words or a last page: as recorded from the real programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.core.answer_choice import SUBMIT, is_same_question
from quarterdeck.core.session import Need
from quarterdeck.ports.agent import BoxState, ScreenLook
from support.recordings import NOW, agent

DIALOGS = Path(__file__).parent / "dialogs"
NO, YES = False, True
OWN = "Type your own answer"
ALL = ("Small", "Middle", "Large", "Huge")
CHAT = "Chat about this"

READ: dict[str, tuple[str, tuple[str, ...], tuple[bool | None, ...]]] = {
    "claude-many": ("Which sizes?", (*ALL, "Type something", CHAT), (NO, NO, NO, NO, NO, None)),
    "claude-many-ticked": ("Which sizes?", (*ALL, "Type something", CHAT), (NO, YES, YES, NO, YES, None)),
    "claude-many-review": ("→ Middle, Large, Small", ("Submit answers", "Cancel"), ()),
    "claude-own": ("Which colour?", ("Red", "Blue", "Type something.", CHAT), ()),
    "claude-plan": (
        "Exit plan mode?",
        ("Yes, and switch to default (ask each time) for this session", "No"),
        (),
    ),
    "claude-two": ("Which colour?", ("Red", "Blue", "Type something.", CHAT), ()),
    "claude-two-review": ("→ Large", ("Submit answers", "Cancel"), ()),
    "claude-trust": ("Quick safety check: Is this a project you created", ("No, exit", "Yes, I trust this folder"), ()),
    "codex-hooks": (
        "Hooks need review",
        ("Review hooks", "Trust all and continue", "Continue without trusting (hooks won't run)"),
        (),
    ),
    "codex-trust": ("Trust this folder?", ("Trust and continue", "Back to Agent Command Center"), ()),
    "codex-two": ("Question 1/2 (2 unanswered)\nWhich colour?", ("Red", "Blue", "None of the above"), ()),
    "gemini-many": ("Which sizes?\n(Select all that apply)", ALL[:3], (NO, NO, NO)),
    "gemini-many-fourth": ("Which sizes?\n(Select all that apply)", ("", *ALL[1:]), (None, NO, NO, YES)),
    "gemini-many-end": (
        "Which sizes?\n(Select all that apply)",
        ("", "", "", "", "All of the above", "Enter a custom value", "Done"),
        (None, None, None, None, NO, NO, None),
    ),
    "gemini-open": ("Which colour?", (), ()),
    "gemini-open-typed": ("Which colour?", (), ()),
    "gemini-two": ("Which colour?", ("Red", "Blue", "Enter a custom value"), ()),
    "gemini-two-review": ("Sizes → Large", (SUBMIT,), ()),
    "gemini-limit": ("Access resets at 10:31 PM UTC.", ("Keep trying", "Stop"), ()),
    "qwen-many": ("Which sizes?", (*ALL, "Type something..."), (NO, NO, NO, NO, NO)),
    "qwen-many-ticked": ("Which sizes?", (*ALL, "Type something..."), (YES, NO, NO, NO, NO)),
    "qwen-two": ("Which colour?", ("Red", "Blue", "Type something..."), ()),
    "opencode-many": ("Which sizes? (select all that apply)", (*ALL, OWN), (NO, NO, NO, NO, NO)),
    "opencode-many-ticked": ("Which sizes? (select all that apply)", (*ALL, OWN), (NO, YES, YES, NO, NO)),
    "opencode-many-review": ("Sizes: Middle, Large, purple", (SUBMIT,), ()),
    "kilo-reject": ("Tell Kilo what to do differently", (), ()),
    "opencode-two-review": ("Colour: Blue\nSizes: Large", (SUBMIT,), ()),
}

CHOICES_MARKED = {"claude-own": 2, "gemini-many-fourth": 3, "gemini-many-end": 6}
"""All others are marked at their first choice."""


@pytest.mark.parametrize("name", READ)
def test_a_dialog_is_read_with_what_is_ticked_in_it(name: str) -> None:
    question, choices, ticks = READ[name]
    key = name.partition("-")[0]
    look = ScreenLook(text=(DIALOGS / f"{name}.ansi").read_text(), at=NOW)

    reading = agent(key).read_screen(look)

    assert reading is not None
    assert reading.needs is (Need.PERMISSION if name.endswith(("plan", "trust", "hooks", "reject")) else Need.QUESTION)
    has_mark = choices and choices != (SUBMIT,) and key != "opencode"
    assert reading.marked == (CHOICES_MARKED.get(name, 0) if has_mark else None)
    assert question in reading.question
    assert not any(sign in reading.question for sign in "☐☒✔"), "the chips over a question are no part of it"
    assert (reading.choices, reading.ticks) == (choices, ticks)
    assert agent(key).read_box(look).state is BoxState.COVERED


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("claude-many", "claude-many-ticked"),
        ("opencode-many", "opencode-many-ticked"),
        ("gemini-open", "gemini-open-typed"),
    ],
)
def test_what_is_ticked_or_typed_makes_no_other_question_of_it(one: str, other: str) -> None:
    asked = [
        agent(name.partition("-")[0]).read_screen(ScreenLook(text=(DIALOGS / f"{name}.ansi").read_text(), at=NOW))
        for name in (one, other)
    ]

    assert asked[0] is not None
    assert asked[1] is not None
    assert is_same_question(asked[0].question, asked[1].question)
