"""The state of a session without help from its program."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.detector import (
    ATTENTION_DELAY,
    ERROR_LINGER,
    OUTPUT_IDLE,
    DetectorState,
    Observation,
    dismiss,
    next_deadline,
    reading_of,
    step,
)
from quarterdeck.core.session import Confidence, SessionState, Source
from quarterdeck.values import replace
from support.struct_of import struct_of

PROMPT = "me@host:~$ "
NOTHING = Observation()


def begin(now: float, last_activity: float | None = None) -> DetectorState:
    """A session nothing is known of, or one that was seen before."""
    return DetectorState(at=now, last_activity=now if last_activity is None else last_activity)


def screen(*lines: str, **more: object) -> Observation:
    # The fields of many types arrive through one mapping.
    return replace(Observation(screen="\n".join(lines)), **more)  # type: ignore[arg-type]


def play(*steps: tuple[float, Observation], start: DetectorState | None = None) -> DetectorState:
    state = start or begin(0.0)
    for now, seen in steps:
        state = step(state, seen, now)
    return state


def told(state: DetectorState) -> tuple[str, str]:
    return state.state.value, state.cause


AT_PROMPT = play((0, screen(PROMPT)))
BUSY = play((1, screen(PROMPT + "make", "cc main.c")), start=AT_PROMPT)
ALONE = play((2, Observation(has_children=False)), start=BUSY)
DONE = play((2, screen(PROMPT + "make", "cc main.c", PROMPT)), start=BUSY)
FAILED = play((2, screen(PROMPT + "mkae", "bash: mkae: command not found")), start=AT_PROMPT)
AGENT = play((0, screen("> ", tool_mode=True)), (1, screen("* thinking")))
ATTENTION = play((2 + ATTENTION_DELAY, NOTHING), start=DONE)
EXITED = play((3, Observation(dead=True, exit_status=1)), start=BUSY)


@pytest.mark.parametrize(
    ("start", "now", "seen", "wanted"),
    [
        pytest.param(None, 1, NOTHING, ("idle", "initial_state"), id="nothing known"),
        pytest.param(None, 1, screen(PROMPT), ("idle", "fallback_prompt_detected"), id="a prompt makes idle surer"),
        pytest.param(None, 1, screen("a", "b"), ("idle", "initial_state"), id="a first screen is no output"),
        pytest.param(
            None, 1, Observation(has_children=False), ("idle", "liveness_no_children"), id="nothing runs from the start"
        ),
        pytest.param(
            AT_PROMPT, 1, screen(PROMPT, "output"), ("busy", "fallback_non_prompt_output"), id="output makes busy"
        ),
        pytest.param(
            AT_PROMPT, 1, screen(PROMPT, PROMPT), ("idle", "fallback_prompt_detected"), id="a prompt does not"
        ),
        pytest.param(AT_PROMPT, 1, screen(PROMPT, ""), ("idle", "fallback_prompt_detected"), id="nor a blank line"),
        pytest.param(
            AT_PROMPT, 1, screen(PROMPT, "42%"), ("busy", "fallback_non_prompt_output"), id="a percentage is output"
        ),
        pytest.param(
            BUSY, 2, screen("cc main.c", PROMPT), ("idle", "fallback_prompt_detected"), id="a prompt ends work"
        ),
        pytest.param(BUSY, 2, screen("panic: no"), ("error", "error_pattern"), id="an error in the output"),
        pytest.param(
            FAILED, 3, screen("old", PROMPT), ("idle", "fallback_prompt_detected"), id="a prompt ends an error early"
        ),
        pytest.param(FAILED, 2 + ERROR_LINGER, NOTHING, ("idle", "error_timer_expired"), id="an error fades"),
        pytest.param(FAILED, 1.9 + ERROR_LINGER, NOTHING, ("error", "error_pattern"), id="and not before"),
        pytest.param(
            FAILED, 3, Observation(has_children=True), ("error", "error_pattern"), id="children do not end an error"
        ),
        pytest.param(FAILED, 3, Observation(has_children=False), ("error", "error_pattern"), id="nor does having none"),
        pytest.param(
            ALONE, 3.1, Observation(has_children=False), ("idle", "liveness_no_children"), id="nothing runs any more"
        ),
        pytest.param(
            ALONE, 2.9, Observation(has_children=False), ("busy", "fallback_non_prompt_output"), id="for a moment only"
        ),
        pytest.param(
            AT_PROMPT, 1, Observation(has_children=True), ("busy", "liveness_has_children"), id="something runs"
        ),
        pytest.param(
            BUSY, 2, Observation(has_children=True), ("busy", "liveness_has_children"), id="busy becomes surer"
        ),
        pytest.param(
            ATTENTION, 400, Observation(has_children=True), ("busy", "liveness_has_children"), id="attention ends too"
        ),
        pytest.param(
            AGENT, 2, Observation(has_children=True), ("busy", "fallback_non_prompt_output"), id="an agent lives"
        ),
        pytest.param(
            AGENT, 1 + OUTPUT_IDLE, Observation(has_children=True), ("idle", "output_silence_expired"), id="and waits"
        ),
        pytest.param(AGENT, 0.9 + OUTPUT_IDLE, NOTHING, ("busy", "fallback_non_prompt_output"), id="not so soon"),
        pytest.param(
            BUSY, 1 + OUTPUT_IDLE, NOTHING, ("busy", "fallback_non_prompt_output"), id="a plain one may be still"
        ),
        pytest.param(DONE, 1.9 + ATTENTION_DELAY, NOTHING, ("idle", "fallback_prompt_detected"), id="before attention"),
        pytest.param(DONE, 2 + ATTENTION_DELAY, NOTHING, ("attention", "attention_timer_expired"), id="attention"),
        pytest.param(
            DONE,
            2 + ATTENTION_DELAY,
            screen("a", PROMPT, PROMPT),
            ("idle", "fallback_prompt_detected"),
            id="a new prompt",
        ),
        pytest.param(
            AT_PROMPT, 9999, NOTHING, ("idle", "fallback_prompt_detected"), id="never worked, never attention"
        ),
        pytest.param(BUSY, 2, Observation(dead=True), ("exited", "process_exit"), id="the end"),
        pytest.param(EXITED, 9, screen("a", PROMPT, has_children=True), ("exited", "process_exit"), id="is final"),
        pytest.param(AT_PROMPT, 1, Observation(bell=True), ("attention", "bell"), id="a bell"),
        pytest.param(BUSY, 2, Observation(bell=True), ("busy", "fallback_non_prompt_output"), id="a bell amid work"),
        pytest.param(
            BUSY, 2, screen("cc main.c", PROMPT, bell=True), ("attention", "bell"), id="a bell at the end of work"
        ),
        pytest.param(
            AGENT, 9, Observation(bell=True), ("idle", "output_silence_expired"), id="an agent's bell is its own affair"
        ),
    ],
)
def test_each_rule(start: DetectorState | None, now: float, seen: Observation, wanted: tuple[str, str]) -> None:
    assert told(play((now, seen), start=start)) == wanted


@pytest.mark.parametrize(
    ("state", "source", "confidence"),
    [
        pytest.param(begin(0), Source.SILENCE, Confidence.LOW, id="nothing known"),
        pytest.param(BUSY, Source.SCREEN, Confidence.MEDIUM, id="output"),
        pytest.param(AGENT, Source.SILENCE, Confidence.MEDIUM, id="an agent that moves"),
        pytest.param(FAILED, Source.SCREEN, Confidence.HIGH, id="error"),
        pytest.param(ATTENTION, Source.SILENCE, Confidence.MEDIUM, id="attention"),
        pytest.param(EXITED, Source.PROCESS, Confidence.HIGH, id="exit"),
        pytest.param(play((1, Observation(has_children=True))), Source.PROCESS, Confidence.HIGH, id="something runs"),
        pytest.param(play((1, Observation(bell=True))), Source.SIGNAL, Confidence.MEDIUM, id="bell"),
    ],
)
def test_a_reading_carries_its_rung_and_confidence(
    state: DetectorState, source: Source, confidence: Confidence
) -> None:
    reading = reading_of(state)

    assert (reading.source, reading.confidence, reading.state) == (source, confidence, state.state)


def test_readings_name_what_was_matched() -> None:
    assert reading_of(FAILED).detail == "command not found"
    assert reading_of(DONE).detail == PROMPT.strip()
    assert reading_of(EXITED).detail == "status 1"


def test_a_repetition_keeps_its_time() -> None:
    again = play((5, screen(PROMPT + "make", "cc main.c")), (6, NOTHING), start=BUSY)

    assert again.at == BUSY.at == 1


def test_another_command_is_new_evidence() -> None:
    first = play((1, Observation(has_children=True, command="make")))
    same = play((2, Observation(has_children=True, command="make")), start=first)
    other = play((3, Observation(has_children=True, command="cc")), start=same)

    assert (first.at, same.at, other.at) == (1, 1, 3)


def test_a_program_that_prints_like_a_prompt_does_not_flicker() -> None:
    runs = play((1, Observation(has_children=True)), start=AT_PROMPT)
    prints = play((2, screen(PROMPT + "sh", "db> ", "[1/2] >", has_children=True)), start=runs)

    assert prints.at == runs.at
    assert told(prints) == ("busy", "liveness_has_children")


def test_a_loop_of_short_commands_does_not_flicker() -> None:
    state = play((0, screen(PROMPT, has_children=False)))
    lines = [PROMPT + "for i in 1 2 3; do echo line $i; done"]
    seen = set()
    for tick in range(1, 40):
        lines.append(f"line {tick}")
        state = play((tick / 4, screen(*lines, has_children=tick % 3 == 0)), start=state)
        seen.add(state.state.value)
    assert seen == {"busy"}

    state = play((10, screen(*lines, PROMPT, has_children=False)), start=state)
    assert told(state) == ("idle", "fallback_prompt_detected")


def test_typing_at_a_prompt_nobody_knows_is_no_work() -> None:
    state = play((0, screen("❯ ", has_children=False)))
    for tick, typed in enumerate(("l", "ls", "ls -", "ls -l"), start=2):
        state = play((tick, screen(f"❯ {typed}", has_children=False)), start=state)
        assert state.state.value == "idle"


def test_a_prompt_nobody_knows_is_believed_a_moment_after_the_output() -> None:
    state = play((0, screen("❯ ls", has_children=False)), (5, screen("❯ ls", "a.txt", "❯ ", has_children=False)))
    assert told(state) == ("busy", "fallback_non_prompt_output")
    assert told(play((6.1, Observation(has_children=False)), start=state)) == ("idle", "liveness_no_children")


def test_redetected_idle_does_not_put_attention_off() -> None:
    state = play((100, screen(PROMPT, PROMPT, PROMPT)), (200, Observation(has_children=False)), start=DONE)

    assert next_deadline(state) == 2 + ATTENTION_DELAY


def test_work_puts_attention_off() -> None:
    again = play((100, Observation(has_children=True)), (150, Observation(has_children=False)), start=DONE)

    assert next_deadline(again) == 150 + ATTENTION_DELAY


def test_an_error_is_not_work_that_ended() -> None:
    assert next_deadline(play((50, NOTHING), start=FAILED)) is None


def test_dismissed_attention_does_not_come_back() -> None:
    state = dismiss(ATTENTION, 400)

    assert told(state) == ("idle", "dismiss_attention")
    assert told(play((9999, Observation(has_children=False)), start=state)) == ("idle", "dismiss_attention")


def test_looking_before_attention_is_due_cancels_it() -> None:
    state = dismiss(DONE, 100)

    assert state.cause == "fallback_prompt_detected"
    assert next_deadline(state) is None


def test_an_answered_bell_rings_again_only_after_it_was_silent() -> None:
    rung = play((1, Observation(bell=True)), start=AT_PROMPT)
    answered = dismiss(rung, 2)

    assert told(play((3, Observation(bell=True)), start=answered)) == ("idle", "dismiss_attention")
    assert told(play((3, Observation(bell=False)), (4, Observation(bell=True)), start=answered))[1] == "bell"
    assert told(play((3, Observation(bell=False)), start=rung)) == ("idle", "dismiss_attention")


def test_tool_mode_turned_on_while_busy_starts_the_silence_timer() -> None:
    on = play((3, Observation(tool_mode=True)), start=BUSY)

    assert next_deadline(on) == 3 + OUTPUT_IDLE
    assert next_deadline(play((4, Observation(tool_mode=False)), start=on)) is None


def test_output_renews_the_silence_timer() -> None:
    assert next_deadline(play((3, screen("* still thinking")), start=AGENT)) == 3 + OUTPUT_IDLE
    assert next_deadline(play((3, NOTHING), start=AGENT)) == 1 + OUTPUT_IDLE


@pytest.mark.parametrize(
    ("start", "seen", "wanted"),
    [
        pytest.param(AT_PROMPT, screen(PROMPT, "compiling"), 50, id="a line that tells something"),
        pytest.param(AT_PROMPT, screen(PROMPT, PROMPT), 0, id="a prompt"),
        pytest.param(AT_PROMPT, screen(PROMPT, "--"), 0, id="decoration"),
        pytest.param(AT_PROMPT, screen(PROMPT), 0, id="a redraw"),
        pytest.param(AT_PROMPT, screen(PROMPT, "wrapped", width=40), 0, id="another width"),
        pytest.param(BUSY, screen("cc main.c", PROMPT), 50, id="the end of work"),
        pytest.param(BUSY, Observation(has_children=False), 1, id="an end without output"),
    ],
)
def test_only_meaningful_output_is_activity(start: DetectorState, seen: Observation, wanted: float) -> None:
    assert play((50, seen), start=start).last_activity == wanted


def test_a_session_seen_before_keeps_its_last_activity() -> None:
    assert play((1000, screen(PROMPT)), start=begin(1000, 10)).last_activity == 10


observations = struct_of(
    Observation,
    command=st.sampled_from([None, "bash", "make"]),
    has_children=st.sampled_from([None, True, False]),
    dead=st.integers(0, 30).map(lambda roll: roll == 0),
    bell=st.sampled_from([None, True, False]),
    screen=st.sampled_from([None, PROMPT, f"{PROMPT}make\ncc", "command not found", f"cc\n{PROMPT}", "x", "", "42%"]),
    width=st.sampled_from([0, 80, 81]),
    tool_mode=st.sampled_from([None, None, True, False]),
)
histories = st.lists(st.tuples(st.floats(0, 400), observations), max_size=15)


def timed(history: list[tuple[float, Observation]]) -> list[tuple[float, Observation]]:
    now = 0.0
    return [(now := now + wait, seen) for wait, seen in history]


@given(histories, st.floats(0, 700))
def test_it_does_not_matter_how_often_somebody_looks(history: list[tuple[float, Observation]], wait: float) -> None:
    state = play(*timed(history))
    end = (timed(history) or [(0.0, NOTHING)])[-1][0] + wait
    often = state
    while (due := next_deadline(often)) is not None and due <= end:
        often = play((due, NOTHING), start=often)

    assert play((end, NOTHING), start=often) == play((end, NOTHING), start=state)


@given(histories)
def test_what_always_holds(history: list[tuple[float, Observation]]) -> None:
    state, worked = begin(0.0), False
    for now, seen in timed(history):
        before = state
        state = step(before, seen, now)
        worked = worked or SessionState.BUSY in {before.state, state.state}
        if before.state is SessionState.EXITED:
            assert state == before
        if seen.dead:
            assert state.state is SessionState.EXITED
        if state.cause == "attention_timer_expired":
            assert worked
        undisturbed = (next_deadline(before) or now + 1) > now
        if undisturbed and (state.state, state.cause, state.command) == (before.state, before.cause, before.command):
            assert state.at == before.at
        assert state.at <= now
        assert before.last_activity <= state.last_activity <= now
        assert (next_deadline(state) or now + 1) > now
