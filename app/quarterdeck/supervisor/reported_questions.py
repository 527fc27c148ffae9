"""Tells when a question that an agent reported itself has been answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.session import Confidence, SessionState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.reading import Reading
    from quarterdeck.core.session import Ask, SessionId


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
