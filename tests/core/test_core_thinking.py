"""The thought engine's pure rules: fingerprint, change, cadence, health, budget, rest, and what a line may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.events import Health
from quarterdeck.core.insight import changed_characters, context_of, fingerprint, new_output
from quarterdeck.core.model_calls import DAY_SECONDS, HOUR_SECONDS, Caps, EngineHealth, Spending, spending_from
from quarterdeck.core.reading import Reading, waits_for_operator
from quarterdeck.core.redact import redact_firmly
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.core.thought import LONGEST_THOUGHT, tidy, tidy_answer
from quarterdeck.values import replace
from support.fleet import NOW
from support.thinking import CADENCE, agent_of, session_of, terminal_of, view_of

# The objective


def test_a_fingerprint_is_a_decimal_number_as_text() -> None:
    assert fingerprint(agent_of(view_of("x"))).isdecimal()


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (agent_of(view_of("Fix  IT")), agent_of(view_of("fix it ")), True),
        (agent_of(view_of("fix it")), agent_of(view_of("break it")), False),
        (agent_of(view_of("a", "Read: x")), agent_of(view_of("a", "Read: y")), True),
        (agent_of(view_of("a", "Read: x")), agent_of(view_of("a", "Edit: x")), False),
        (agent_of(view_of("a", current_tool="Bash: x")), agent_of(view_of("a", current_tool="Bash: y")), True),
        (agent_of(view_of("a")), agent_of(view_of("a"), session_of(SessionState.ERROR)), False),
        (
            agent_of(view_of("a", "Old: 1", "Read: 1", "Read: 1", "Read: 1")),
            agent_of(view_of("a", "Other: 1", "Read: 1", "Read: 1", "Read: 1")),
            True,
        ),
        (terminal_of("old\n1\n2\n3\n4\n5\n6"), terminal_of("other\n1\n2\n3\n4\n\n5\n6\n\n"), True),
        (terminal_of("1\n2\n3\n4\n5\n6"), terminal_of("1\n2\n3\n4\n5\n7"), False),
    ],
)
def test_what_a_session_is_after_is_told_by_its_task_its_tools_or_its_last_lines(
    one: object, other: object, *, is_same: bool
) -> None:
    assert (fingerprint(one) == fingerprint(other)) is is_same  # type: ignore[arg-type] # insights, in a table


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("abc", "abc", 0),
        ("abc", "abXc", 1),
        ("a b c", "a    b c", 0),
        ("head OLD tail", "head NEWER tail", 5),
        ("aaa", "aaaa", 1),
        ("", "x" * 100, 100),
    ],
)
def test_change_is_counted_between_what_both_texts_share(before: str, after: str, changed: int) -> None:
    assert changed_characters(before, after) == changed


@given(st.text(max_size=60), st.text(max_size=60))
def test_change_is_never_more_than_there_is_and_nothing_for_the_same(before: str, after: str) -> None:
    assert changed_characters(before, before) == 0
    assert 0 <= changed_characters(before, after) <= max(len(before), len(after))


def test_new_output_is_what_follows_the_old_end() -> None:
    before = "x" * 300 + "the old end"

    assert new_output(before, before + "\nfresh words") == "\nfresh words"
    assert new_output("something else", "a" * 400) == "a" * 300
    assert new_output("same", "same") == "same"


def test_context_is_the_end_without_blank_lines() -> None:
    assert context_of("a  \n\n\nb\n") == "a\nb"
    assert len(context_of("word " * 500)) <= 800


# How often


@pytest.mark.parametrize(
    ("stable", "gap"),
    [(0, 15), (44.9, 15), (45, 45), (119.9, 45), (120, 120)],
)
def test_the_gap_follows_how_long_the_objective_is_stable(stable: float, gap: float) -> None:
    assert CADENCE.gap(stable, objective_changed=False) == gap
    assert CADENCE.gap(stable, objective_changed=True) == 15


# Health


def test_health_goes_from_starting_over_degraded_to_unhealthy_and_back() -> None:
    health = EngineHealth()
    assert health.state(0, 15) is Health.STARTING
    assert health.worked().state(0, 15) is Health.HEALTHY
    for number, wanted in enumerate((Health.DEGRADED, Health.DEGRADED, Health.UNHEALTHY)):
        health = health.failed("no", float(number), 15)
        assert health.state(number, 15) is wanted

    assert health.worked().state(99, 15) is Health.HEALTHY


@pytest.mark.parametrize(("tick", "after"), [(15, 45), (1, 30)])
def test_long_without_success_is_unhealthy_even_after_one_failure(tick: float, after: float) -> None:
    health = EngineHealth(has_worked=True).failed("no", 100, tick)

    assert health.state(100 + after - 0.1, tick) is Health.DEGRADED
    assert health.state(100 + after, tick) is Health.UNHEALTHY


@pytest.mark.parametrize(("tick", "after"), [(15, 180), (1, 120)])
def test_long_unhealthy_gives_advice_and_nothing_else(tick: float, after: float) -> None:
    health = EngineHealth()
    for _ in range(3):
        health = health.failed("no", 100, tick)

    assert health.detail(100 + after - 0.1, tick) == "no"
    assert "consider another backend" in health.detail(100 + after, tick)


@pytest.mark.parametrize(
    ("failures", "tick", "delay"), [(1, 0.25, 0.5), (2, 0.25, 1), (8, 0.25, 60), (2000, 0.25, 60), (1, 15, 15)]
)
def test_the_hold_back_doubles_up_to_a_minute_and_is_never_under_the_tick(
    failures: int, tick: float, delay: float
) -> None:
    assert replace(EngineHealth(), failures=failures).delay(tick) == delay


# What it may cost


def test_calls_and_tokens_are_counted_by_hour_and_day() -> None:
    spent = Spending().with_call(0).with_call(HOUR_SECONDS - 1, tokens=50).with_call(HOUR_SECONDS + 301)

    assert spent.within(HOUR_SECONDS, HOUR_SECONDS - 1) == (2, 50)
    assert spent.within(HOUR_SECONDS, HOUR_SECONDS + 301) == (2, 50)
    assert spent.within(DAY_SECONDS, HOUR_SECONDS + 301) == (3, 50)
    assert spent.with_call(3 * DAY_SECONDS).within(DAY_SECONDS, 3 * DAY_SECONDS) == (1, 0)


@pytest.mark.parametrize(
    ("caps", "reached"),
    [
        (Caps(), ""),
        (Caps(calls_per_hour=3), ""),
        (Caps(calls_per_hour=2), "2 of 2 calls in the last hour are spent"),
        (Caps(calls_per_day=1), "2 of 1 calls in the last day are spent"),
        (Caps(tokens_per_hour=60), "60 of 60 tokens in the last hour are spent"),
        (Caps(tokens_per_day=61), ""),
    ],
)
def test_a_cap_that_is_reached_is_named(caps: Caps, reached: str) -> None:
    spent = Spending().with_call(1000, tokens=30).with_call(1000, tokens=30)

    assert spent.limit_reached(caps, 1001) == reached


@given(st.dictionaries(st.integers(0, 10**7), st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=5))
def test_what_was_spent_is_read_back_as_it_was_kept(slots: dict[int, tuple[int, int]]) -> None:
    assert spending_from(Spending(slots).to_text()) == Spending(slots)


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", '{"x": [1, 2]}', '{"1": [1]}', '{"1": ["a", 2]}', '{"1": [-1, 0]}']
)
def test_an_unreadable_account_counts_as_empty(text: str | None) -> None:
    assert spending_from(text) == Spending()


# Waiting


@pytest.mark.parametrize(
    ("state", "needs", "source", "confidence", "tasks", "waits"),
    [
        (SessionState.ATTENTION, Need.PERMISSION, Source.SCREEN, Confidence.MEDIUM, 0, True),
        (SessionState.ATTENTION, Need.QUESTION, Source.HOOK, Confidence.LOW, 3, True),
        (SessionState.IDLE, Need.FINISHED, Source.HOOK, Confidence.HIGH, 0, True),
        (SessionState.IDLE, Need.FINISHED, Source.HOOK, Confidence.HIGH, 1, False),
        (SessionState.IDLE, None, Source.SCREEN, Confidence.MEDIUM, 0, True),
        (SessionState.IDLE, None, Source.SCREEN, Confidence.LOW, 0, False),
        (SessionState.IDLE, None, Source.SILENCE, Confidence.MEDIUM, 0, False),
        (SessionState.IDLE, None, Source.PROCESS, Confidence.HIGH, 0, False),
        (SessionState.ATTENTION, None, Source.SILENCE, Confidence.MEDIUM, 0, False),
        (SessionState.BUSY, None, Source.HOOK, Confidence.HIGH, 0, False),
        (SessionState.ERROR, Need.ERROR, Source.HOOK, Confidence.HIGH, 0, False),
    ],
)
def test_waiting_is_an_ask_or_the_end_of_a_turn_and_never_only_silence(
    state: SessionState, needs: Need | None, source: Source, confidence: Confidence, tasks: int, *, waits: bool
) -> None:
    reading = Reading(source=source, state=state, cause="x", confidence=confidence, at=NOW, needs=needs)

    assert waits_for_operator(reading, background_tasks=tasks) is waits


# A line


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("  two   words\n", "two words"),
        ("**bold** and <b>tags</b> and [red]colour[/red]", "bold and tags and colour"),
        ("```text\nthe line\n```", "the line"),
        ("# Heading line", "Heading line"),
        ('"in quotes"', "in quotes"),
        ("[the docs](https://example.org/x) say so", "the docs say so"),
        ("1. first\n2. second", "first"),
        ("\x1b]0;evil\x07\x1b[31mred", "red"),
        ("…", ""),
        ("", ""),
        ("runs `pytest -q` again", "runs `pytest -q` again"),
    ],
)
def test_an_answer_becomes_its_first_line_of_plain_words(said: str, line: str) -> None:
    assert tidy_answer(said) == line


def test_a_long_line_is_cut_to_117_and_three_dots() -> None:
    assert tidy("x" * 120) == "x" * 120
    assert tidy("y" * 121) == "y" * 117 + "..."
    assert tidy("z" * 116 + " " + "z" * 9) == "z" * 116 + "..."


@given(st.text(max_size=400))
def test_no_text_makes_more_than_one_clean_line(text: str) -> None:
    for line in (tidy(text), tidy_answer(text)):
        assert len(line) <= LONGEST_THOUGHT
        assert line == line.strip()
        assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in line)


def test_a_long_word_of_letters_and_digits_is_masked_and_a_name_is_not() -> None:
    assert redact_firmly("key 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b= end") == "key [redacted] end"
    name = "test_supervisor_thought_queue_of_length_2"
    assert redact_firmly(f"see {name} and antidisestablishmentarianismically") == (
        f"see {name} and antidisestablishmentarianismically"
    )
