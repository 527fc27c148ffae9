"""Joins what an engine says, filed by id or by pane, to the rows of the fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.session import SessionId
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.session import Session
    from quarterdeck.core.thought import ThoughtSnapshot, ThoughtUpdate
    from quarterdeck.supervisor.accepted_thoughts import AcceptedThoughts
    from quarterdeck.supervisor.supervisor import Supervisor


class RowThoughts:
    """What our own engine speaks to."""

    def __init__(self, supervisor: Supervisor, thoughts: AcceptedThoughts) -> None:
        self._supervisor = supervisor
        self._thoughts = thoughts

    def held(self, session: Session) -> ThoughtSnapshot | None:
        """The last word about a session."""
        return self._thoughts.held(session, self._supervisor.pane_of(session))

    def take(self, update: ThoughtUpdate) -> ThoughtSnapshot | None:
        """Take what our engine says of a session, filed where it was last spoken of."""
        session = self._supervisor.fleet.sessions.get(SessionId(update.session_id))
        if session is not None:
            update = replace(update, session_id=self._thoughts.key(session, self._supervisor.pane_of(session)))
        return self._thoughts.take(update)
