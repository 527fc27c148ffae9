from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.answer_choice import is_shown_by, landmarks, pick
from quarterdeck.core.message import cleaned, fingerprint, is_draft_of, is_told_in, pause_for

CLAUDE = ("Yes", "Yes, and always allow access to demo/ from this project", "No")
CODEX = ("Yes, proceed (y)", "Yes, and don't ask again for `ls` (p)", "No, and tell Codex what to do differently (esc)")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain", "plain"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\n\n  kept\tindent\n", "  kept\tindent"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("end the paste \x1b[201~ here", "end the paste  here"),
        ("C1 \x9b31mtoo\x85", "C1 too"),
        ("\x00\x03\x7f", ""),
        ("👩‍👩‍👧 世界;", "👩‍👩‍👧 世界;"),
        ("lone \udc80", "lone ?"),
    ],
)
def test_a_message_is_made_safe_to_type(text: str, wanted: str) -> None:
    assert cleaned(text) == wanted


@given(st.text())
def test_what_is_typed_holds_no_control_character_and_stays_so(text: str) -> None:
    once = cleaned(text)

    assert all(char in "\n\t" or ord(char) >= 0x20 for char in once)
    assert not any(0x7F <= ord(char) <= 0x9F for char in once)
    assert cleaned(once) == once


@pytest.mark.parametrize(
    ("shown", "text", "ours"),
    [
        ("hello there", "hello there", True),
        ("hello\n  there", "hello there", True),
        ("the end of a long text", "much before the end of a long text", True),
        ("[Pasted text #1 +50 lines]", "anything", True),
        ("[Pasted Content 5050 chars]", "anything", True),
        ("[Pasted ~3 lines]", "anything", True),
        ("[Pasted Text: 51 lines]", "anything", True),
        ("[paste #1 5131 chars]", "anything", True),
        ("[Paste #2 - 12 lines]", "anything", True),
        ("mine hello there", "hello there", True),
        ("something else", "hello there", False),
        ("", "hello", False),
        ("  ", "hello", False),
    ],
)
def test_a_draft_is_known_again(shown: str, text: str, ours: bool) -> None:
    assert is_draft_of(shown, text) is ours


def test_a_prompt_is_known_again_however_it_was_wrapped_joined_or_shortened() -> None:
    long = "word " * 2000
    assert is_told_in("first\n\nfix  the\ntests", "fix the tests")
    assert is_told_in(long[:4000], long)
    assert not is_told_in("fix the docs", "fix the tests")
    assert not is_told_in("anything", " ")


def test_a_longer_text_gets_a_longer_pause_up_to_a_bound() -> None:
    assert pause_for("x") < pause_for("x" * 2_000) < pause_for("x" * 8_000) <= pause_for("x" * 10**6) == 3.0


def test_a_fingerprint_tells_texts_apart_and_not_what_they_say() -> None:
    assert fingerprint("a") != fingerprint("b")
    assert len(fingerprint("secret" * 100)) == 12


@pytest.mark.parametrize(
    ("choices", "word", "position"),
    [
        (CLAUDE, "1", 0),
        (CLAUDE, " 3 ", 2),
        (CLAUDE, "4", None),
        (CLAUDE, "0", None),
        (CLAUDE, "yes", 0),
        (CLAUDE, "y", 0),
        (CLAUDE, "No.", 2),
        (CLAUDE, "yes, and", 1),
        (CODEX, "y", 0),
        (CODEX, "p", 1),
        (CODEX, "esc", 2),
        (CODEX, "yes", None),
        (CODEX, "no", 2),
        (("Red", "Blue"), "bl", 1),
        (("Red", "Blue"), "green", None),
        (("Red", "Blue"), "²", None),
        ((), "1", None),
    ],
)
def test_a_word_names_one_choice_or_none(choices: tuple[str, ...], word: str, position: int | None) -> None:
    assert pick(choices, word) == position


@pytest.mark.parametrize(
    ("told", "choices", "seen", "seen_choices", "same"),
    [
        ("Run\nls -l\nProceed?", CLAUDE, "Run ls -l\nProceed?", CLAUDE, True),
        ("Bash: touch a && sleep 6", (), "Bash command\ntouch a && sleep 6\nDo you want to proceed?", CLAUDE, True),
        ("Bash: touch a long li…", (), "Bash command\ntouch a long line\nDo you want to proceed?", CLAUDE, True),
        ("Which?", ("Red", "Blue"), "Colour\nWhich?", ("Red", "Blue", "Type something."), True),
        ("Which?", ("Red", "Blue"), "Colour\nWhich?", ("Blue", "Red", "Type something."), False),
        ("Bash: touch a", (), "Bash command\nrm -rf /\nDo you want to proceed?", CLAUDE, False),
        ("", (), "Do you want to proceed?", CLAUDE, False),
        ("Which?", ("Red", "Blue", "Green"), "Which?", ("Red", "Blue"), False),
    ],
)
def test_a_question_is_the_same_in_the_agents_words_and_on_its_screen(
    told: str, choices: tuple[str, ...], seen: str, seen_choices: tuple[str, ...], same: bool
) -> None:
    assert is_shown_by(told, choices, seen, seen_choices) is same


def test_a_question_is_known_by_the_plain_words_of_each_line() -> None:
    text = "Bash command\ntouch 'made-by-agent.txt' && sleep 6\n│ ☐ │\nDo you want to proceed?"
    assert landmarks(text) == ("Bash command", "made-by-agent.txt", "Do you want to proceed")
