"""Screens that were never recorded: other texts in known frames, quoted dialogs, old dialogs above new prompts."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.session import Confidence, Need, SessionState
from quarterdeck.core.text import clean_lines
from quarterdeck.ports.agent import ScreenLook
from support.recordings import AGENTS, ANSWERED_IN_WORDS, NOW, Recording, agent, recordings

ASKING = [each for each in recordings() if each.truth in {"waiting-permission", "waiting-answer"}]
RESTING = [each for each in recordings() if each.truth in {"finished", "idle", "interrupted"}]

if TYPE_CHECKING:
    from quarterdeck.core.reading import Reading

CLAUDE_DIALOG = """\
 Do you want to proceed?
 ❯ 1. Yes
   2. Yes, and don't ask again for: npm test
   3. No

 Esc to cancel · Tab to amend"""
CODEX_DIALOG = """\
  Would you like to run the following command?

  $ rm -rf build

› 1. Yes, proceed (y)
  2. No, and tell Codex what to do differently (esc)

  Press enter to confirm or esc to cancel"""
GEMINI_DIALOG = """\
╭──────────────────────────────────────────╮
│ ? Shell  rm -rf build                    │
│ Allow execution of [rm]?                 │
│                                          │
│ ● 1. Allow once                          │
│   2. No, suggest changes (esc)           │
╰──────────────────────────────────────────╯"""
OPENCODE_DIALOG = """\
  ┃  △ Permission required
  ┃  $ rm -rf build
  ┃   Allow once   Allow always   Reject        ⇆ select  enter confirm"""
DIALOGS = {"claude": CLAUDE_DIALOG, "codex": CODEX_DIALOG, "gemini": GEMINI_DIALOG, "opencode": OPENCODE_DIALOG}
QUOTES = {
    "claude": ("● The screen says:\n\n", "  "),
    "codex": ("• The screen says:\n\n", "  "),
    "gemini": ("✦ The screen says:\n\n", "  "),
    "opencode": ("     The screen says:\n\n", "     "),
}


def rule(width: int) -> str:
    return "─" * width


def box(key: str, width: int, typed: str = "") -> str:
    """The agent's prompt box and what stands under it."""
    bar = "▄" * width, "▀" * width
    return {
        "claude": f"{rule(width)}\n❯ {typed}\n{rule(width)}\n  ? for shortcuts\n",
        "codex": f"› {typed or 'Ask Codex to do anything'}\n\n  gpt-5 default · ~/work\n  ? for shortcuts\n",
        "gemini": f"{'? for shortcuts':>{width}}\n{rule(width)}\n Shift+Tab to accept edits\n{bar[0]}\n"
        f" >   {typed or 'Type'} your message\n{bar[1]}\n workspace\n ~/work\n",
        "opencode": f"  ┃\n  ┃  {typed}\n  ┃\n  ┃  Build · Model\n  ╹{'▀' * (width - 6)}\n"
        "   ~/work      ctrl+p commands\n",
    }[key]


def read(key: str, text: str, *, title: str = "", still_for: float | None = None) -> Reading | None:
    return agent(key).read_screen(ScreenLook(text=text, at=NOW, title=title, still_for=still_for))


def asks(reading: Reading | None) -> bool:
    return reading is not None and reading.state is SessionState.ATTENTION


def works(reading: Reading | None) -> bool:
    return reading is not None and reading.state is SessionState.BUSY and reading.confidence is not Confidence.LOW


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("key", AGENTS)
@pytest.mark.parametrize("still_for", [0.0, 5.0])
def test_an_agent_that_quotes_a_dialog_does_not_ask(key: str, width: int, still_for: float) -> None:
    for quoted in DIALOGS.values():
        lead, indent = QUOTES[key]
        text = lead + textwrap.indent(quoted, indent) + "\n\n  and so on.\n\n" + box(key, width)

        reading = read(key, text, still_for=still_for)

        assert not asks(reading), reading
        assert not works(reading), reading


@pytest.mark.parametrize("key", AGENTS)
def test_an_agent_that_quotes_a_working_mark_does_not_work(key: str) -> None:
    marks = (
        "✻ Thinking… (3s · esc to interrupt)",
        "the footer says esc to interrupt while it works",
        "• Working (4s • esc to interrupt) is what Codex shows",
        "⠹ Thinking... (esc to cancel, 27s)",
        "   ■■■⬝⬝⬝⬝⬝  esc interrupt",
    )
    lead, indent = QUOTES[key]
    for mark in marks:
        text = lead + indent + mark + "\n" + indent + "and more prose.\n\n" + box(key, 100)

        reading = read(key, text)

        assert not works(reading), (mark, reading)


@pytest.mark.parametrize(
    "words",
    [
        "API Error handling now retries three times.",
        "Invalid API key handling is fixed.",
        "Prompt is too long for a title, so I cut it.",
        "You've hit your stride with these tests.",
        "Rate limit reached messages are now shown.",
        "Codex shows Working (4s • esc to interrupt) while it runs.",
        "The hint (esc to interrupt) is gone.",
        "Conversation interrupted messages are kept.",
        "Do you want to proceed?",
        "✻ Thinking…",
        "Would you like me to go on?\n  ❯ 1. Yes\n    2. No\n\n  Esc to cancel",
    ],
)
@pytest.mark.parametrize("key", AGENTS)
def test_an_answer_that_begins_like_an_error_a_mark_or_a_dialog_is_an_answer(key: str, words: str) -> None:
    lead = {"claude": "● ", "codex": "• ", "gemini": "✦ ", "opencode": "     "}[key]
    over = {"claude": "✻ Cooked for 9s\n", "codex": "  Worked for 9s • 12:00\n"}.get(key, "")

    for end in ("", over):
        reading = read(key, f"{lead}{words}\n\n{end}\n{box(key, 100)}", still_for=1.0)

        assert not asks(reading), reading
        assert not works(reading), reading
        assert reading is None or reading.state is not SessionState.ERROR, reading


@pytest.mark.parametrize(
    "words",
    [
        "API Error: 529 Overloaded",
        "API Error (Connection error.)",
        "You've hit your limit · resets 3pm (Europe/Berlin)",
        "You've reached your weekly Opus limit · resets Mon 3pm",
        "Claude usage limit reached. Your limit will reset at 3pm.",
        "5-hour limit reached ∙ resets 3am",
        "Credit balance is too low · Add funds: https://console.anthropic.com",
        "Invalid API key · Please run /login",
        "Prompt is too long",
    ],
)
def test_what_claude_shows_in_place_of_an_answer_is_an_error(words: str) -> None:
    for end in ("", "✻ Cooked for 9s\n\n"):
        reading = read("claude", f"❯ go on\n\n● {words}\n\n{end}{box('claude', 100)}")

        assert reading is not None
        assert reading.needs is Need.ERROR


@pytest.mark.parametrize("key", AGENTS)
def test_what_the_operator_types_is_no_sign(key: str) -> None:
    typed = ("1. Yes, proceed (y)", "Do you want to proceed?", "esc to interrupt", "Permission required", "✻ Thinking…")

    for words in typed:
        reading = read(key, QUOTES[key][0] + box(key, 100, words))

        assert not asks(reading), (words, reading)
        assert not works(reading), (words, reading)


@pytest.mark.parametrize("key", AGENTS)
def test_an_old_dialog_above_a_new_prompt_is_history(key: str) -> None:
    for width in (80, 200):
        text = DIALOGS[key] + "\n\n" + QUOTES[key][0] + "\n" + box(key, width)

        assert not asks(read(key, text))


@pytest.mark.parametrize("recording", ASKING, ids=str)
def test_a_dialog_is_read_at_any_height_and_below_any_history(recording: Recording) -> None:
    lines = clean_lines(recording.screen).rstrip().split("\n")
    history = ["● Do you want to proceed?", "  1. Yes", "  2. No", "> esc to interrupt", ""]

    whole = read(recording.agent_key, "\n".join(history * 3 + lines), title=recording.title)
    blank = read(recording.agent_key, "\n".join(lines) + "\n" * 30, title=recording.title)

    for reading in (whole, blank):
        assert reading is not None
        assert reading.needs is (Need.QUESTION if recording.truth == "waiting-answer" else Need.PERMISSION)
        assert len(reading.choices) >= 2 or recording.name in ANSWERED_IN_WORDS


@pytest.mark.parametrize("recording", RESTING, ids=str)
def test_a_resting_screen_cut_at_its_top_never_asks_and_never_works(recording: Recording) -> None:
    lines = clean_lines(recording.screen).rstrip().split("\n")

    for keep in range(len(lines), 0, -1):
        reading = read(recording.agent_key, "\n".join(lines[-keep:]), still_for=5.0)

        assert not asks(reading), keep
        assert not works(reading), keep


PRINTS = {"aider"}
"""Those that print a line after the other, so that what is above the last one is drawn."""


@pytest.mark.parametrize("recording", [each for each in ASKING if each.agent_key not in PRINTS], ids=str)
def test_a_half_drawn_dialog_is_not_taken_for_work_or_rest(recording: Recording) -> None:
    lines = clean_lines(recording.screen).rstrip().split("\n")

    for keep in range(len(lines), max(len(lines) - 6, 0), -1):
        reading = read(recording.agent_key, "\n".join(lines[:keep]))

        assert reading is None or asks(reading) or reading.confidence is Confidence.LOW, (keep, reading)


@pytest.mark.parametrize("count", [2, 4, 9, 12])
def test_any_number_of_choices_is_captured(count: int) -> None:
    labels = [f"Choice {number} of many" for number in range(1, count + 1)]
    claude = "\n".join(
        ["● Asking.", rule(90), " Bash command", "", "   make all", "", " Do you want to proceed?"]
        + [f" {'❯' if number == count else ' '} {number}. {label}" for number, label in enumerate(labels, 1)]
        + ["", " Esc to cancel · Tab to amend"]
    )
    codex = "\n".join(
        ["• Asking.", "", "  Would you like to make the following edits?", "", "  a.py (+1 -0)", ""]
        + [f"{'›' if number == 1 else ' '} {number}. {label}" for number, label in enumerate(labels, 1)]
        + ["", "  Press enter to confirm or esc to cancel"]
    )

    for key, text in (("claude", claude), ("codex", codex)):
        reading = read(key, text)

        assert reading is not None
        assert reading.needs is Need.PERMISSION
        assert list(reading.choices) == labels


def test_claudes_fenced_command_stands_before_its_hints() -> None:
    fence = "╌" * 80
    text = "\n".join(
        [
            "  Scripted",
            "  ⎿  $ for i in 1 2; do echo the quick brown fox jumps over the lazy dog $i; done",
            "",
            rule(80),
            " Bash command",
            ' Tip: auto mode handles these prompts for you — choose "switch to auto mode"',
            " below",
            " Scripted",
            fence,
            " │ for i in 1 2; do echo the quick brown fox jumps over the lazy dog $i; done;",
            " │ echo over",
            fence,
            " A variable in this command can't be checked before it runs",
            "",
            " Do you want to proceed?",
            " ❯ 1. Yes",
            "   2. Yes, and switch to auto mode · auto mode handles these prompts for you",
            "   3. No",
            "",
            " Esc to cancel · Tab to amend",
        ]
    )

    reading = read("claude", text)

    assert reading is not None
    assert reading.needs is Need.PERMISSION
    assert reading.question.splitlines() == [
        "Bash command",
        "for i in 1 2; do echo the quick brown fox jumps over the lazy dog $i; done;",
        "echo over",
        "Scripted",
        "A variable in this command can't be checked before it runs",
        "Do you want to proceed?",
    ]
    assert len(reading.choices) == 3


def test_a_choice_that_wraps_is_one_choice() -> None:
    text = "\n".join(
        [
            rule(60),
            " Bash command",
            "",
            "   make all",
            "",
            " Do you want to proceed with this very long question that",
            " does not fit?",
            " ❯ 1. Yes",
            "   2. Yes, and don't ask again for commands that start with",
            "      make all in /home/u/work",
            "   3. No, and tell Claude what to do differently",
            "",
            " Esc to cancel",
        ]
    )

    reading = read("claude", text)

    assert reading is not None
    assert reading.needs is Need.PERMISSION
    assert reading.choices[1] == "Yes, and don't ask again for commands that start with make all in /home/u/work"
    assert len(reading.choices) == 3


@pytest.mark.parametrize(
    "words",
    [
        "You've hit your limit · resets 3pm (UTC)",
        "API Error: 529 overloaded_error",
        "API Error (Request timed out.)",
        "Credit balance is too low",
        "Invalid API key · Please run /login",
        "5-hour limit reached ∙ resets 3am",
    ],
)
def test_claudes_errors_are_known(words: str) -> None:
    reading = read("claude", f"❯ go\n\n● {words}\n\n✻ Worked for 3s\n\n{box('claude', 90)}")

    assert reading is not None
    assert reading.needs is Need.ERROR


@pytest.mark.parametrize(
    "mark",
    [
        "✻ Thinking…",
        "· Pondering… (esc to interrupt)",
        "✶ Wibbling… (1m 3s · ↑ 2.1k tokens · esc to interrupt)",
        "✽ Running the tests… (12s · ↓ 80 tokens · thought for 2s)",
        "* Zigzagging…",
        "✢ API error · Retrying in 12s · attempt 4/10",
    ],
)
def test_claudes_working_marks_are_known_with_tips_tasks_and_queued_prompts_below(mark: str) -> None:
    below = (
        "",
        "  ⎿  Tip: press esc\n",
        "  ⎿  ☐ Write it\n     ☒ Read it\n",
        "\n❯ and then this\n",
        "  ⎿  Next: Fix it\n",
    )
    for each in below:
        reading = read("claude", f"❯ go\n\n● Bash(ls)\n  ⎿  Running…\n\n{mark}\n{each}\n{box('claude', 90)}")

        assert works(reading), (each, reading)


def test_a_menu_the_operator_opened_is_no_question() -> None:
    choices = " ❯ 1. Default (recommended)\n   2. Opus\n   3. Haiku\n"
    menu = f"{rule(90)}\n Select model\n Switch between models.\n\n{choices}\n Enter to confirm · Esc to exit"

    assert not asks(read("claude", "● Done.\n" + menu))


def test_a_titles_spinner_outweighs_a_screen_without_a_mark() -> None:
    text = f"❯ go\n\n● word word\n\n{box('claude', 90)}"

    assert read("claude", text, title="⠂ Work", still_for=3.0) is None
    still = read("claude", text, title="✳ Work", still_for=3.0)
    assert still is not None
    assert still.state is SessionState.IDLE
    assert read("claude", text, title="✳ Work", still_for=0.5) is None


@pytest.mark.parametrize(
    ("above", "wanted"),
    [
        (" ▝▀     Gemini CLI v0.61.0\n\nTips for getting started:\n1. Create GEMINI.md files", SessionState.IDLE),
        (" > slow: 9\n\n✦ word1 word2", SessionState.IDLE),
        (" > slow: 9\n\n✦ word1 word2\n\n ⠹ Thinking... (esc to cancel, 27s)      ? for shortcuts", SessionState.BUSY),
        (" > go\n\n✕ [API Error: refused]", SessionState.ERROR),
    ],
    ids=["fresh", "finished", "working", "error"],
)
def test_gemini_is_read_in_a_terminal_without_true_colour_too(above: str, wanted: SessionState) -> None:
    # The bars above and below the prompt are drawn in true colour only.
    text = f"{above}\n{rule(80)}\n Shift+Tab to accept edits\n\n >   Type your message\n\n workspace\n ~/work\n"

    reading = read("gemini", text)

    assert reading is not None
    assert reading.state is wanted
