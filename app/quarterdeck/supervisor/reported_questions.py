"""Questions that agents reported themselves: put on their rows, and taken off once they have been answered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from quarterdeck.core.evidence import REPORTED
from quarterdeck.core.session import Ask, Confidence, Evidence, Need, SessionState, Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.reading import Reading
    from quarterdeck.core.session import Session

ASKING = frozenset({Need.PERMISSION, Need.QUESTION})


def is_reported(session: Session) -> bool:
    """Whether what a session asks was reported by its agent, and stands in no dialog."""
    return session.needs in ASKING and session.state_evidence.cause == REPORTED


def with_question(session: Session, ask: Ask | None) -> Session:
    """The row with the open question of its agent; without one that is no longer open."""
    if ask is None:
        return _answered(session) if is_reported(session) else session
    is_over = session.is_stale or session.ended_at is not None or session.state is SessionState.EXITED
    if is_over or (session.needs in ASKING and not is_reported(session)):
        # A dialog on its screen comes first: nothing else can be typed there until that is closed.
        return session
    evidence = Evidence(
        cause=REPORTED,
        confidence=Confidence.HIGH,
        observed_at=ask.since,
        source=Source.HOOK,
        detail="quarterdeck report needs_input",
    )
    return replace(session, state=SessionState.ATTENTION, needs=ask.kind, asks=ask, state_evidence=evidence)


def _answered(session: Session) -> Session:
    """Until the next reading: nobody knows yet what it does now."""
    return replace(
        session, state=SessionState.IDLE, needs=None, asks=None, state_evidence=Evidence(cause="initial_state")
    )


class ReportedQuestions:
    """Tells from what agents do that a question of theirs has been answered: they rested, and work again."""

    def __init__(self) -> None:
        self._rested: dict[SessionId, datetime] = {}
        """Questions whose agents have come to rest since they asked, by the time they were asked."""

    def is_over(self, session_id: SessionId, ask: Ask, reading: Reading | None) -> bool:
        """Whether a new turn has begun. The one in which it was asked goes on for a while, and says nothing."""
        if reading is None or reading.confidence is Confidence.LOW:
            return False
        if reading.state is SessionState.IDLE and reading.at >= ask.since:
            self._rested[session_id] = ask.since
        return reading.state is SessionState.BUSY and self._rested.get(session_id) == ask.since

    def keep_only(self, asks: Mapping[SessionId, Ask]) -> None:
        """Forget what is no longer open."""
        for session_id in self._rested.keys() - asks.keys():
            del self._rested[session_id]
