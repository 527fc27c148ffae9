"""How deeply a session rests, where no engine has spoken."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from quarterdeck.core.session import ASKING, Confidence, Need, RestState, SessionState, Source, ThoughtState

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.reading import Reading

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
    if reading.state is not SessionState.IDLE or background_tasks:
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
