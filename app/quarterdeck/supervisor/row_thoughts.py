"""Puts the latest word about each session on its row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from quarterdeck.core.discovery import shown_panes
from quarterdeck.core.events import SessionChanged
from quarterdeck.core.ids import SessionId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.core.ids import TmuxSessionId
    from quarterdeck.core.pane import Pane, Snapshot
    from quarterdeck.core.session import Session
    from quarterdeck.core.thought import ThoughtSnapshot, ThoughtUpdate
    from quarterdeck.supervisor.accepted_thoughts import AcceptedThoughts
    from quarterdeck.supervisor.supervisor import Supervisor


class RowThoughts:
    """Joins thoughts, which are filed by id or by pane, to the rows of the fleet."""

    def __init__(self, supervisor: Supervisor, thoughts: AcceptedThoughts) -> None:
        self._supervisor = supervisor
        self._thoughts = thoughts
        self._panes_in: Snapshot | None = None
        self._panes: Mapping[TmuxSessionId, Pane] = {}

    def held(self, session: Session) -> ThoughtSnapshot | None:
        """The last word about a session."""
        return self._thoughts.held(session, self._pane_of(session))

    def take(self, update: ThoughtUpdate) -> ThoughtSnapshot | None:
        """Take what our engine says of a session, filed where it was last spoken of."""
        session = self._supervisor.fleet.sessions.get(SessionId(update.session_id))
        if session is not None:
            update = replace(update, session_id=self._thoughts.key(session, self._pane_of(session)))
        return self._thoughts.take(update)

    def show(self, session_id: SessionId) -> None:
        """Put the latest word on one row."""
        session = self._supervisor.fleet.sessions.get(session_id)
        if session is None:
            return
        after = self._thoughts.merged(session, self._pane_of(session))
        if after is not session:
            self._supervisor.commit(SessionChanged(before=session, after=after, at=self._supervisor.clock.now()))

    def show_all(self) -> None:
        """Put the latest words on all rows."""
        for session_id in tuple(self._supervisor.fleet.sessions):
            self.show(session_id)

    def _pane_of(self, session: Session) -> Pane | None:
        snapshot = self._supervisor.snapshot
        if snapshot is not self._panes_in:
            self._panes_in, self._panes = snapshot, shown_panes(snapshot.panes) if snapshot else {}
        return self._panes.get(session.tmux_id) if session.tmux_id else None
