"""What a look showed of known rows, until it is told together with what is read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.projection import KnownFacts, is_same_place, project
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.core.events import LookSucceeded
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.projection import Seen
    from quarterdeck.core.session import Session, SessionId


class UntoldLook:
    """One look."""

    def __init__(self, seen: Mapping[SessionId, Seen], succeeded: LookSucceeded) -> None:
        self.succeeded = succeeded
        self._seen = seen
        """What is shown of rows that say something else."""
        self._rows: dict[SessionId, tuple[Session, Session]] = {}
        """Rows before and after: the very same one each time, as long as nothing else changes it."""

    def may_wait(self, fleet: Fleet) -> bool:
        """Whether all rows go on to be of the same panes and programs. Another one must be told at once."""
        return all(
            (row := fleet.sessions.get(key)) is not None and is_same_place(row, each.pane, each.incarnation)
            for key, each in self._seen.items()
        )

    def in_rows_of(self, fleet: Fleet) -> dict[SessionId, Session]:
        """The rows as they are with what was seen, where that is something else."""
        return {key: self._row(fleet.sessions[key], seen) for key, seen in self._seen.items() if key in fleet.sessions}

    def in_fleet(self, fleet: Fleet) -> Fleet:
        """The whole fleet with what was seen."""
        rows = self.in_rows_of(fleet)
        return replace(fleet, sessions={**fleet.sessions, **rows}) if rows else fleet

    def _row(self, session: Session, seen: Seen) -> Session:
        known = self._rows.get(session.session_id)
        if known is None or known[0] is not session:
            after = project(session, KnownFacts(seen=seen), self.succeeded.at)
            known = self._rows[session.session_id] = session, after
        return known[1]
