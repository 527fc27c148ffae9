"""How much each session moved in each of the last minutes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from quarterdeck.core.events import Event, SessionChanged, SessionDeleted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.session import SessionId
    from quarterdeck.ports.clock import Clock

MINUTES = 30


class ActivityCounts:
    """Counts the changes of activity per session and minute; minutes are made only when something moved."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: dict[SessionId, deque[tuple[int, int]]] = {}

    def note(self, event: Event) -> None:
        """Count an event that shows movement."""
        match event:
            case SessionChanged(before=before, after=after):
                if after.last_activity_at > before.last_activity_at or after.title != before.title:
                    self._add(after.session_id)
            case SessionDeleted(session=session):
                self._counts.pop(session.session_id, None)
            case _:
                return

    def minutes(self, session_id: SessionId) -> Sequence[int]:
        """Counts of the last minutes, oldest first."""
        counts = dict(self._counts.get(session_id, ()))
        now = self._minute()
        return [counts.get(minute, 0) for minute in range(now - MINUTES + 1, now + 1)]

    def _add(self, session_id: SessionId) -> None:
        now = self._minute()
        counts = self._counts.setdefault(session_id, deque(maxlen=MINUTES))
        last = counts[-1] if counts else (now, 0)
        if counts and last[0] == now:
            counts[-1] = (now, last[1] + 1)
        else:
            counts.append((now, 1))

    def _minute(self) -> int:
        return int(self._clock.monotonic() // 60)
