"""A reading, one channel's claim about what a session is doing: how sure it is, and what follows from it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from quarterdeck.core.session import ASKING, Confidence, Evidence, Need, RestState, SessionState, Source, ThoughtState
from quarterdeck.values import replace

if TYPE_CHECKING:
    from datetime import datetime


class Reading(Struct, frozen=True, kw_only=True):
    """What one source says, how sure it is, and for how long that holds without being said again."""

    source: Source
    state: SessionState
    cause: str
    confidence: Confidence
    at: datetime
    detail: str = ""
    """The rule and the matched text, for `show --why`."""
    needs: Need | None = None
    question: str = ""
    """What is asked, when `needs` is permission or question."""
    choices: tuple[str, ...] = ()
    ticks: tuple[bool | None, ...] = ()
    """Which choices are ticked, where several may be (None = cannot be); none = one choice is the answer."""
    marked: int | None = None
    """Position of the choice under the agent's cursor."""
    scrolls: bool = False
    """Whether there may be more choices than the screen shows; "" stands for one above those."""
    until: datetime | None = None
    """When a limit that stopped the session ends, if that was told."""
    conversation: str = ""
    """The agent's own id of the conversation it is about; "" = that of the pane, whichever it is."""
    lasts: float | None = None
    """Seconds this claim holds without fresh support; None = until another reading of the same source."""


UNBEGUN = "unbegun"
"""In place of a conversation's id: the one that an agent shows has no id yet, for nothing has been said in it."""
REPORTED = "self_report"
"""The cause of a question that an agent reported itself, with `report needs_input`."""
USAGE_LIMIT = "usage_limit"
"""The cause of a rest that ends by itself, with the agent's usage limit."""
SAME_LIMIT = timedelta(minutes=2)
"""Two times that are no further apart are those of one limit."""
NOTHING_SEEN = frozenset({"initial_state", "nothing_known", "supervisor_placeholder"})
"""Causes that only fill a place until something has been seen."""


class Cause(NamedTuple):
    """Why a session is thought to be in its state."""

    words: str
    confidence: Confidence = Confidence.LOW
    source: Source = Source.SILENCE
    """The rung it stands on."""


_HIGH, _MEDIUM = Confidence.HIGH, Confidence.MEDIUM
_CAUSES = {
    "api_delete": Cause("it was ended from here"),
    "attention_timer_expired": Cause("it has rested for five minutes since it worked", _MEDIUM),
    "bell": Cause("it rang the bell", _MEDIUM, Source.SIGNAL),
    "dismiss_attention": Cause("you have looked", _MEDIUM),
    "error_pattern": Cause("its screen shows an error", _HIGH, Source.SCREEN),
    "error_timer_expired": Cause("its error was a while ago", _MEDIUM),
    "fallback_non_prompt_output": Cause("its screen shows no prompt", _MEDIUM, Source.SCREEN),
    "fallback_prompt_detected": Cause("its screen shows a prompt", _MEDIUM, Source.SCREEN),
    "initial_state": Cause("nothing was seen yet"),
    "liveness_has_children": Cause("something runs in its shell", _HIGH, Source.PROCESS),
    "liveness_no_children": Cause("nothing runs in its shell", _HIGH, Source.PROCESS),
    "local_input": Cause("something was typed there", _MEDIUM, Source.PROCESS),
    "osc133_command": Cause("its shell says that a command began", _HIGH, Source.PROCESS),
    "osc133_prompt": Cause("its shell says that it waits for a command", _HIGH, Source.PROCESS),
    "output_silence_expired": Cause("it has been silent", _MEDIUM),
    "command_failed": Cause("its last command has failed", _HIGH, Source.PROCESS),
    "output_failed": Cause("its last command ended with words of a failure", Confidence.LOW, Source.SCREEN),
    "process_exit": Cause("its program has ended", _HIGH, Source.PROCESS),
    "prompt_waits": Cause("a program in it seems to wait for an answer", Confidence.LOW, Source.SCREEN),
    "repl_prompt": Cause("its program waits for a command", _MEDIUM, Source.SCREEN),
    REPORTED: Cause("its agent reported that it needs input"),
    "screen_is_still": Cause("its program is not known, and nothing moves", Confidence.LOW, Source.SILENCE),
    "screen_moves": Cause("its program is not known, and its screen moves", Confidence.LOW, Source.SILENCE),
    "serves": Cause("its program waits for others to connect", _MEDIUM, Source.PROCESS),
    USAGE_LIMIT: Cause("its agent has met its usage limit", _HIGH),
    "startup_missing_tmux": Cause("tmux had no such session at the start", _HIGH),
    "told_progress": Cause("its program tells of its own progress", _MEDIUM, Source.SIGNAL),
    "viewer_in_front": Cause("it shows a program to look at", _MEDIUM, Source.PROCESS),
}
"""Those of plain sessions, and what they mean."""


def cause_of(name: str) -> Cause:
    """A cause by its name; those of agents read well as they are."""
    return _CAUSES.get(name) or Cause(name.replace("_", " "))


def while_limited(reading: Reading, until: datetime | None, now: datetime) -> tuple[Reading, datetime | None]:
    """A reading of an agent that stands still until a usage limit ends as that, and when it ends as far as is known.

    Until then nobody is needed; from then on it is the error that stopped the agent, unless that tries again by itself.
    It is over when the agent works, asks or finishes. What only moves on the screen says nothing of that.
    """
    if reading.needs is Need.ERROR:
        until = reading.until or until
    elif reading.state is SessionState.BUSY and reading.needs is None and reading.until and reading.until > now:
        # It tries again by itself. What counts down on its screen does so in steps, which move nothing.
        is_same = until is not None and abs(until - reading.until) < SAME_LIMIT
        until = until if is_same else reading.until
        reading = replace(reading, state=SessionState.IDLE)
    elif reading.needs is not None or (reading.state is SessionState.BUSY and reading.source is not Source.SILENCE):
        return reading, None
    if until is None or until <= now or reading.state not in {SessionState.IDLE, SessionState.ERROR}:
        return reading, until
    rests = replace(reading, state=SessionState.IDLE, needs=None, cause=USAGE_LIMIT, until=until, lasts=None)
    return rests, until


def evidence_of(reading: Reading) -> Evidence:
    """A reading as the evidence a row carries."""
    return Evidence(
        cause=reading.cause,
        confidence=reading.confidence,
        observed_at=reading.at,
        source=reading.source,
        detail=f"{reading.detail} (until {reading.until:%H:%M} UTC)" if reading.until else reading.detail,
    )


DROWSY_AFTER = timedelta(seconds=30)

_IDLE_REST = {
    ThoughtState.ACTIVE: RestState.ACTIVE,
    ThoughtState.HOLDING: RestState.DROWSY,
    ThoughtState.SLEEPING: RestState.SLEEPING,
}

_TURN_TELLERS = frozenset({Source.HOOK, Source.REGISTRY, Source.TRANSCRIPT, Source.SIGNAL, Source.SCREEN})
"""Rungs that know an agent's turn; processes and silence do not."""


def waits_for_operator(reading: Reading, *, background_tasks: int = 0) -> bool:
    """Whether an agent's reading says that nothing goes on until the operator does something.

    That is so while something is asked, and once the turn is over; an idleness that nobody explains is only that.
    """
    if reading.needs in ASKING:
        return True
    if reading.state is not SessionState.IDLE or background_tasks or reading.cause == USAGE_LIMIT:
        return False
    told = reading.source in _TURN_TELLERS and reading.confidence is not Confidence.LOW
    return reading.needs is Need.FINISHED or told


def fallback_rest_state(state: SessionState, thought_state: ThoughtState) -> RestState:
    """The rest state of a row that is only a placeholder or stale."""
    if state is SessionState.EXITED:
        return RestState.DEEP_SLEEP
    return _IDLE_REST[thought_state] if state is SessionState.IDLE else RestState.ACTIVE


def rest_state_from_idle(state: SessionState, last_activity: datetime, now: datetime) -> RestState:
    """The rest state of a live row until a thought arrives.

    Never sleeping: a long silence does not show that somebody waits. A clock that went back counts as no silence.
    """
    if state is SessionState.EXITED:
        return RestState.DEEP_SLEEP
    if state is SessionState.IDLE and now - last_activity >= DROWSY_AFTER:
        return RestState.DROWSY
    return RestState.ACTIVE
