"""What a pane without a known agent does, by its program, its terminal and its screen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.foreground import Front, FrontKind
from quarterdeck.core.plain_reading import (
    ASKS_AFTER,
    MOVES_FOR,
    SERVES_AFTER,
    SPINS_FOR,
    PlainLook,
    Terminal,
    TerminalMode,
    next_change,
    read_plain,
    settled_at_once,
)
from quarterdeck.core.reading import Reading
from quarterdeck.core.session import ASKING, Confidence, Need, SessionState, Source
from quarterdeck.core.terminal_prompt import PromptKind, TerminalPrompt
from support.store import NOON

LINES, SECRET, KEYS = TerminalMode
BUSY = Reading(
    source=Source.PROCESS, state=SessionState.BUSY, cause="liveness_has_children", confidence=Confidence.HIGH, at=NOON
)
IDLE = Reading(
    source=Source.PROCESS, state=SessionState.IDLE, cause="liveness_no_children", confidence=Confidence.HIGH, at=NOON
)
DRAWN = Reading(
    source=Source.SCREEN, state=SessionState.ATTENTION, cause="screen_question", confidence=Confidence.MEDIUM, at=NOON,
    needs=Need.QUESTION, question="Which?", choices=("a", "b"),
)  # fmt: skip
SPINS = Reading(
    source=Source.SIGNAL, state=SessionState.BUSY, cause="title_working", confidence=Confidence.MEDIUM, at=NOON
)
MAKE = Front(FrontKind.PROGRAM, "make", (7,))
NODE = Front(FrontKind.PROGRAM, "node", (7,))
LESS = Front(FrontKind.VIEWER, "less", (7,))


def prompt(kind: PromptKind, text: str = "Name:") -> TerminalPrompt:
    return TerminalPrompt(kind, text)


def look(
    front: Front = MAKE, mode: TerminalMode | None = LINES, *, reads: bool | None = None, **facts: Any
) -> PlainLook:
    terminal = Terminal(mode, reads, listens=facts.pop("listens", False))
    known: dict[str, Any] = {"detected": BUSY, "now": NOON, "still_for": 0.0}
    return PlainLook(front=front, terminal=terminal, **known | facts)


BY_CHILDREN, BY_NONE = "busy liveness_has_children high", "idle liveness_no_children high"
WEAK, FIELD, CONFIRM = prompt(PromptKind.WEAK), prompt(PromptKind.FIELD), prompt(PromptKind.CONFIRM)
PASSWORD, REPL, PDB = prompt(PromptKind.SECRET), prompt(PromptKind.REPL), prompt(PromptKind.DEBUGGER)
WORDS = prompt(PromptKind.LINE)


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        pytest.param(look(), BY_CHILDREN, id="a command"),
        pytest.param(look(still_for=600.0), BY_CHILDREN, id="a silent one"),
        pytest.param(look(prompt=WEAK, reads=True), "asks prompt_waits low", id="a line that somebody waits for"),
        pytest.param(look(prompt=WEAK, reads=False, still_for=60.0), BY_CHILDREN, id="words only"),
        pytest.param(look(prompt=CONFIRM, reads=False, still_for=60.0), BY_CHILDREN, id="printed"),
        pytest.param(look(prompt=CONFIRM), BY_CHILDREN, id="not at once where nothing proves it"),
        pytest.param(look(prompt=CONFIRM, still_for=ASKS_AFTER), "asks prompt_waits low", id="but a moment later"),
        pytest.param(look(prompt=WEAK, still_for=60.0), BY_CHILDREN, id="clear words only"),
        pytest.param(look(prompt=WORDS, reads=True), BY_CHILDREN, id="a line without a question"),
        pytest.param(look(mode=SECRET, prompt=WORDS), "asks prompt_waits low", id="no echo is a password"),
        pytest.param(look(mode=SECRET, prompt=WORDS, reads=False), BY_CHILDREN, id="unless unread"),
        pytest.param(look(mode=SECRET, prompt=PASSWORD, reads=False), "asks prompt_waits low", id="of another's, too"),
        pytest.param(look(NODE, KEYS, prompt=WEAK), "busy screen_moves low", id="a library that reads keys"),
        pytest.param(look(NODE, KEYS, prompt=WEAK, still_for=ASKS_AFTER), "asks prompt_waits low", id="and waits"),
        pytest.param(look(NODE, KEYS, prompt=REPL), "idle repl_prompt medium", id="an interpreter at its prompt"),
        pytest.param(look(NODE, LINES, prompt=REPL), BY_CHILDREN, id="it only printed one"),
        pytest.param(look(NODE, KEYS, prompt=PDB, still_for=ASKS_AFTER), "asks prompt_waits low", id="a breakpoint"),
        pytest.param(look(Front(FrontKind.PROGRAM, "pdb a.py"), KEYS, prompt=PDB), "idle repl_prompt medium", id="pdb"),
        pytest.param(look(Front(FrontKind.PROGRAM, "grep x", is_filter=True), reads=True, prompt=WEAK),
                     BY_CHILDREN, id="a filter takes any line"),
        pytest.param(look(LESS, KEYS, prompt=WEAK, drawn=DRAWN), "idle viewer_in_front medium", id="pager"),
        pytest.param(look(NODE, KEYS), "busy screen_moves low", id="something moves"),
        pytest.param(look(NODE, KEYS, still_for=MOVES_FOR), "idle screen_is_still low", id="nothing moves"),
        pytest.param(look(NODE, KEYS, still_for=None), "idle screen_is_still low", id="nobody knows whether"),
        pytest.param(look(NODE, None, alternate=True), "busy screen_moves low", id="a screen of its own"),
        pytest.param(look(NODE, KEYS, drawn=DRAWN), "asks screen_question medium", id="a dialog"),
        pytest.param(look(NODE, KEYS, drawn=SPINS), "busy title_working medium", id="a title that spins"),
        pytest.param(look(NODE, KEYS, drawn=SPINS, still_for=SPINS_FOR), "idle screen_is_still low", id="or stands"),
        pytest.param(look(NODE, LINES, drawn=DRAWN), BY_CHILDREN, id="a command prints what it will"),
        pytest.param(look(NODE, KEYS, progress="indeterminate"), "busy told_progress medium", id="progress"),
        pytest.param(look(NODE, KEYS, progress="hidden", still_for=9.0), "idle screen_is_still low", id="none"),
        pytest.param(look(NODE, KEYS, bell=True, still_for=9.0), "attention bell medium", id="it rang"),
        pytest.param(look(listens=True), BY_CHILDREN, id="a server that prints"),
        pytest.param(look(listens=True, still_for=SERVES_AFTER), "idle serves medium", id="one that waits"),
        pytest.param(look(NODE, KEYS, listens=True, still_for=SERVES_AFTER), "idle serves medium", id="one with keys"),
        pytest.param(look(Front(), detected=IDLE, prompt=CONFIRM, mode=None), BY_NONE, id="shell"),
        pytest.param(look(Front(), detected=IDLE, prompt=WEAK, reads=True), "asks prompt_waits low", id="shell's own"),
        pytest.param(look(Front(), KEYS, detected=IDLE, prompt=WEAK, reads=True, still_for=9.0),
                     BY_NONE, id="a shell at an odd prompt"),
        pytest.param(look(Front(), detected=IDLE, prompt=REPL, reads=True), BY_NONE, id="sh"),
    ],
)  # fmt: skip
def test_each_rule(seen: PlainLook, wanted: str) -> None:
    told = read_plain(seen)

    state = "asks" if told.needs in ASKING else told.state.value
    assert f"{state} {told.cause} {told.confidence.value}" == wanted


looks = st.builds(
    look,
    st.sampled_from([MAKE, NODE, LESS, Front()]),
    st.sampled_from([None, *TerminalMode]),
    reads=st.sampled_from([None, True, False]),
    listens=st.booleans(),
    prompt=st.sampled_from([None, WEAK, FIELD, CONFIRM, PASSWORD, REPL, PDB, WORDS]),
    drawn=st.sampled_from([None, DRAWN]),
    alternate=st.booleans(),
    bell=st.booleans(),
    progress=st.sampled_from(["", "normal", "paused"]),
    still_for=st.sampled_from([None, 0.0, ASKS_AFTER, MOVES_FOR, SERVES_AFTER]),
    detected=st.sampled_from([BUSY, IDLE]),
)


@given(looks)
def test_what_always_holds(seen: PlainLook) -> None:
    told = read_plain(seen)

    if seen.front.kind is FrontKind.VIEWER:
        assert (told.state, told.needs) == (SessionState.IDLE, None)
    if seen.front.kind is FrontKind.PROGRAM and seen.takes_keys:
        assert told.confidence is not Confidence.HIGH
    if told.cause == "prompt_waits":
        assert (told.confidence, told.question) == (Confidence.LOW, "Name:")
    due = next_change(seen)
    assert due is None or due > seen.now


def test_what_is_said_again_keeps_the_time_of_the_first() -> None:
    later = NOON + timedelta(seconds=5)
    first = settled_at_once(None, DRAWN, NOON)
    again = settled_at_once(first, read_plain(look(NODE, KEYS, drawn=DRAWN, now=later)), later)
    other = settled_at_once(again, BUSY, later)

    assert (again.reading.at, again.since) == (NOON, NOON)
    assert (other.reading, other.since) == (BUSY, later)
