"""The line that is made without a model: fresh, true, and never a piece of a screen."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.core.insight import Insight
from quarterdeck.core.reading import evidence_of, waits_for_operator
from quarterdeck.core.reading_ladder import decide
from quarterdeck.core.report import ReportState
from quarterdeck.core.session import Ask, Confidence, Evidence, Need, Session, SessionId, SessionState
from quarterdeck.core.text import clean_lines
from quarterdeck.core.thought import LONGEST_THOUGHT
from quarterdeck.core.transcript import ActionKind, AgentAction
from quarterdeck.thoughts.local import line_of
from quarterdeck.values import replace
from support.fleet import NOW
from support.recordings import FULL, TRUTH, Recording, recordings
from support.thinking import agent_of, session_of, terminal_of, view_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCREEN_PIECES = re.compile(r"[\x00-\x1f\x7f-\x9f\u2500-\u27bf\u2800-\u28ff]")
ALIVE = [each for each in recordings(FULL) if len(each.programs) > 1]

BEGINS = {
    "waiting-permission": ("waiting: ",),
    "waiting-answer": ("asks: Which ",),
    "error": ("stopped", "limited"),
    "interrupted": ("interrupted",),
    "finished": ("finished",),
}
OF_ANOTHER_STATE = {
    "working": ("finished:", "interrupted", "asks:", "waiting: ", "stopped"),
    "interrupted": ("finished", "asks:", "waiting: "),
}
"""What a line must not begin with then."""


def insight_of(recording: Recording, folder: Path) -> Insight:
    """All that was known at the moment of the recording."""
    now = recording.seen_at
    path = recording.transcript_in(folder)
    reader = recording.agent.transcript(cwd="$HOME/work/demo", claims=FileClaims(), path=path) if path else None
    view = reader.read() if reader else None
    if reader is not None:
        reader.close()
    report = ReportState()
    for each in recording.reports(before=now):
        report = recording.agent.read_report(report, each)
    look = replace(recording.look(), at=now)
    told = (report.reading, view.reading if view else None, recording.agent.read_screen(look))
    chosen = decide({each.source: each for each in told if each}, now=now)
    asks = chosen.needs in {Need.PERMISSION, Need.QUESTION}
    session = Session(
        session_id=SessionId("sess_1"),
        tmux_name="web",
        tmux_server="s",
        state=chosen.state,
        needs=chosen.needs,
        state_evidence=evidence_of(chosen),
        asks=Ask(kind=chosen.needs, text=chosen.question, choices=chosen.choices, since=now)
        if asks and chosen.needs
        else None,
    )
    return Insight(
        session=session,
        agent=recording.agent.spec.name,
        view=view,
        report=report,
        screen=recording.screen,
        is_waiting=waits_for_operator(chosen),
    )


@pytest.mark.parametrize("recording", ALIVE, ids=str)
def test_the_line_of_a_recorded_agent_is_true_and_clean(recording: Recording, tmp_path: Path) -> None:
    insight = insight_of(recording, tmp_path)

    line = line_of(insight)

    if not line:
        # Nobody told in words what it does, or how its turn ended.
        assert insight.view is None or not insight.view.turn_text or insight.session.needs is None
        return
    assert len(line) <= LONGEST_THOUGHT
    assert not SCREEN_PIECES.search(line)
    assert not line.startswith(OF_ANOTHER_STATE.get(recording.truth, ("\n",)))
    is_known = insight.session.state is TRUTH[recording.truth][0]
    if is_known and recording.truth in BEGINS:
        assert line.startswith(BEGINS[recording.truth])


@pytest.mark.parametrize("recording", ALIVE, ids=str)
def test_the_line_is_never_older_than_the_last_turn(recording: Recording, tmp_path: Path) -> None:
    """Words from before the newest prompt are not shown as its outcome."""
    insight = insight_of(recording, tmp_path)
    line = line_of(insight) or ""

    if insight.view and insight.view.turns and not insight.view.turn_text:
        assert clean_lines(insight.view.last_text)[:20] not in line or not insight.view.last_text


def test_a_command_that_runs_again_is_counted() -> None:
    run = [
        AgentAction(kind=ActionKind.CHECK, tool="Bash", text=f"Bash: cd web && pytest -q{part}")
        for part in ("", " -x", "")
    ]
    view = view_of("", *run, current_tool=run[-1].text)

    assert line_of(agent_of(view)) == "running pytest, 3rd time"


def test_a_command_of_the_turn_before_does_not_count() -> None:
    old = AgentAction(kind=ActionKind.CHECK, tool="Bash", text="Bash: pytest")
    view = view_of("", old, old, current_tool="Bash: pytest", turn_actions=1)

    assert line_of(agent_of(view)) == "running pytest"


@pytest.mark.parametrize(
    ("tool", "line"),
    [
        ("Edit: parser.py", "editing parser.py"),
        ("Bash: cd /a && FOO=1 timeout 60 npm run test -- --watch 2>&1 | tail -5", "running npm run test"),
        ("Bash: uv run python -m pytest tests/x.py", "running pytest"),
        ("WebFetch: https://example.org", "fetching https://example.org"),
        ("Grep: def main", "searching for def main"),
        ("mcp__github__list_issues", "using list_issues (github)"),
        ("mystery: with a colon: inside", "using mystery: with a colon: inside"),
        ("Task: look for the leak", "waiting for a helper: look for the leak"),
        ("TodoWrite", "planning"),
        ("Bash", "running a command"),
    ],
)
def test_a_tool_is_said_in_plain_words(tool: str, line: str) -> None:
    kind = ActionKind.CHECK if "test" in tool else ActionKind.TOOL
    action = AgentAction(kind=kind, tool=tool.partition(":")[0], text=tool)

    assert line_of(agent_of(view_of("", action, current_tool=tool))) == line


@pytest.mark.parametrize("detail", ["retry", "pi.working in last: ⠋ Retrying (1/3) in 3600s... (until 15:00 UTC)"])
def test_one_that_is_limited_until_it_tries_again_is_not_stopped_by_an_error(detail: str) -> None:
    evidence = Evidence(cause="usage_limit", confidence=Confidence.HIGH, observed_at=NOW, detail=detail)
    limited = session_of(SessionState.IDLE, limited_until=NOW, state_evidence=evidence)

    assert line_of(agent_of(view_of("go on"), limited)) == "limited: trying again by itself"


def test_the_step_of_its_own_plan_says_what_it_is_for() -> None:
    step = "2/5 write the tests"

    assert line_of(agent_of(view_of("go on", current_tool="Edit: parser.py", plan_step=step))) == (
        "editing parser.py · 2/5 write the tests"
    )
    asked = view_of("repair parser.py", current_tool="Edit: parser.py", plan_step=step)
    assert line_of(agent_of(asked)) == "editing parser.py · 2/5 write the tests", (
        "the prompt names the file, not the step"
    )
    assert line_of(agent_of(view_of("go on", plan_step=step))) == step
    assert (line_of(agent_of(view_of("go on", plan_step="1/2 " + "very long words " * 9))) or "")[-1:] == "…"
    over = session_of(SessionState.IDLE, needs=Need.FINISHED)
    done = view_of("go on", said="Wrote the tests.", plan_step=step)
    assert line_of(agent_of(done, over, is_waiting=True)) == "finished: wrote the tests"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("I've fixed the login redirect. The tests pass.", "finished: fixed the login redirect"),
        ("Done. Added three tests.", "finished: added three tests"),
        ("## Summary\n\n- **Renamed** the module", "finished: renamed the module"),
        ("All changes are in place:\n1. Moved the parser.", "finished: moved the parser"),
        ("README says it already.", "finished: README says it already"),
        ("I added a cache. Shall I commit it?", "asks: Shall I commit it?"),
        ("Behoben. Soll ich es einspielen？", "asks: Soll ich es einspielen？"),
        ("Finished after the tool result.", "finished after the tool result"),
    ],
)
def test_what_came_of_a_turn_is_one_statement(words: str, line: str) -> None:
    over = session_of(SessionState.IDLE, needs=Need.FINISHED)

    assert line_of(agent_of(view_of("go", said=words), over, is_waiting=True)) == line


@pytest.mark.parametrize(
    ("text", "tool", "line"),
    [
        ("Bash command\nrm -r build\nDo you want to proceed?", "Bash: rm -r build", "may I run `rm -r build`?"),
        ("Bash command\nrm -r build\nDo you want to proceed?", "", "may I run `rm -r build`?"),
        ("Bash command\nrm -r build\nDo you want to proceed?", "Read: a.py", "may I run `rm -r build`?"),
        ("Edit file\nparser.py\nDo you want to make this edit?", "", "may I edit parser.py?"),
        ("# Shell command\n$ make clean", "", "may I run `make clean`?"),
        ("Exit plan mode?\nClaude wants to exit plan mode", "", "may I go ahead with this plan?"),
        ("Something else entirely\nContinue?", "", "Continue?"),
        ("no question at all", "", "no question at all"),
    ],
)
def test_an_open_permission_is_said_as_the_question_it_is(text: str, tool: str, line: str) -> None:
    asks = session_of(SessionState.ATTENTION, asks=Ask(kind=Need.PERMISSION, text=text, since=NOW))

    assert line_of(agent_of(view_of("", current_tool=tool), asks, is_waiting=True)) == f"waiting: {line}"


def test_a_failed_check_is_what_an_agent_thinks_about() -> None:
    check = AgentAction(kind=ActionKind.CHECK, tool="Bash", text="Bash: pytest -q", ok=False)

    assert line_of(agent_of(view_of("fix it", check))) == "pytest failed, looking into it · fix it"


def test_reports_alone_are_enough_for_a_line() -> None:
    report = ReportState(tool="Bash: cargo build", last_prompt="make it build", at=NOW)

    assert line_of(agent_of(None, report=report)) == "running `cargo build` · make it build"


def test_an_agent_that_works_on_nobody_knows_what_says_no_longer_what_it_asked() -> None:
    works = agent_of(None, session_of(SessionState.BUSY))

    assert line_of(works) == ""


def test_an_agent_that_rests_for_no_known_reason_keeps_its_line() -> None:
    assert line_of(agent_of(view_of("x", said="words"), session_of(SessionState.IDLE))) is None


# Plain terminals


@pytest.mark.parametrize(
    ("screen", "command", "line"),
    [
        ("cc -c lexer.c\ncompiling parser.c\n", "make", "make: compiling parser.c"),
        ("make: Entering directory", "make", "make: Entering directory"),
        ("$ ./run\nstep 3 of 9: load\n", "bash", "step 3 of 9: load"),
        ("┌────────┐\n│ 42 % │\n└────────┘", "installer", "installer"),
        ("12345 99% 42\n", "copy", "copy: 99 %"),
        ("Collecting x\n  ━━━━━ 1.2/3.4 MB 5.0 MB/s", "pip", "pip: 1.2/3.4 MB"),
        ("me@host:~$ make\n", "make", "make"),
        ("\x1b[31mcolour\x1b[0m of the day", "prog", "prog: colour of the day"),
    ],
)
def test_a_terminal_tells_its_last_line_with_words(screen: str, command: str, line: str | None) -> None:
    assert line_of(terminal_of(screen, command=command)) == line


def test_a_program_with_a_screen_of_its_own_says_nothing() -> None:
    assert line_of(terminal_of("~\n~\nparser.py  12,3  All", command="vim", is_full_screen=True)) is None


def test_an_idle_shell_is_silent() -> None:
    assert line_of(terminal_of("user@host:~$ ", SessionState.IDLE, "bash")) == ""


def test_an_error_in_a_terminal_is_named() -> None:
    screen = "make: *** [all] Error 2\n$ "

    assert line_of(terminal_of(screen, SessionState.ERROR, "bash")) == "failed: make: *** [all] Error 2"


# Whatever they say


SECRETS = (
    "sk-abcdefghijklmnopqrstuvwx",
    "ghp_0123456789abcdefghijABCDEFGHIJ",
    "AKIAABCDEFGHIJKLMNOP",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "with_secret",
    [
        lambda secret: agent_of(view_of("x", current_tool=f"Bash: curl -H key:{secret} example.org")),
        lambda secret: agent_of(view_of(f"use {secret}")),
        lambda secret: agent_of(view_of("x", said=f"I use {secret} now.")),
        lambda secret: terminal_of(f"the key is {secret}"),
    ],
    ids=["tool", "prompt", "words", "terminal"],
)
def test_a_secret_never_stands_in_a_line(secret: str, with_secret: Callable[[str], Insight]) -> None:
    line = line_of(with_secret(secret))

    assert line
    assert secret not in line
    assert secret[8:20] not in line


foreign = st.text(alphabet=st.characters(codec="utf-8"), max_size=200) | st.sampled_from(
    ["\x1b[2J\x1b]0;x\x07 text", "│ ╭──╮ │", "<b>bold</b> [red]x[/red]", "⠋⠙ working", "\u202eevil", "a" * 500]
)


@given(
    words=foreign,
    prompt=foreign,
    tool=foreign,
    screen=foreign,
    state=st.sampled_from(SessionState),
    waits=st.booleans(),
)
def test_no_words_of_others_make_a_line_that_is_not_one_clean_line(
    words: str, prompt: str, tool: str, screen: str, state: SessionState, *, waits: bool
) -> None:
    evidence = Evidence(cause="screen_error", detail=f"rule in head: {screen[:40]}")
    session = session_of(state, state_evidence=evidence)
    for insight in (
        agent_of(view_of(prompt, tool or "x", said=words, current_tool=tool), session, screen=screen, is_waiting=waits),
        replace(terminal_of(screen, state), session=replace(session, tool=None)),
        agent_of(None, replace(session, asks=Ask(kind=Need.PERMISSION, text=words, since=NOW)), screen=screen),
    ):
        line = line_of(insight)

        assert line is None or (len(line) <= LONGEST_THOUGHT and not SCREEN_PIECES.search(line))


def test_the_recordings_have_a_time() -> None:
    assert all(isinstance(each.seen_at, datetime) for each in ALIVE)
