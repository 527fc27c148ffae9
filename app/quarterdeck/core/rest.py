"""How deeply a session rests, where no engine has spoken."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from quarterdeck.core.session import RestState, SessionState, ThoughtState

if TYPE_CHECKING:
    from datetime import datetime

DROWSY_AFTER = timedelta(seconds=30)

_IDLE_REST = {
    ThoughtState.ACTIVE: RestState.ACTIVE,
    ThoughtState.HOLDING: RestState.DROWSY,
    ThoughtState.SLEEPING: RestState.SLEEPING,
}


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
