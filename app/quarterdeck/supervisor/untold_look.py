"""What a look showed of known rows, kept back until it is told together with what is read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.projection import KnownFacts, Seen, is_same_place, project
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.core.events import LookSucceeded
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.session import Session, SessionId


class UntoldLook:
    """What a look showed of known rows, until it is told together with what is read of them."""

    def __init__(self, seen: Mapping[SessionId, Seen], succeeded: LookSucceeded) -> None:
        self.succeeded = succeeded
        self._seen = seen
        """What is shown of rows that say something else."""
        self._rows: dict[SessionId, tuple[Session, Session]] = {}
        """Rows before and after: the very same one each time, as long as nothing else changes it."""

    def may_wait(self, fleet: Fleet) -> bool:
        """Whether every row still shows the same pane and program; another one must be told at once."""
        return all(
            (row := fleet.sessions.get(key)) is not None and is_same_place(row, each)
            for key, each in self._seen.items()
        )

    def in_rows_of(self, fleet: Fleet) -> dict[SessionId, Session]:
        """The rows with what was seen, where they say something else."""
        found: dict[SessionId, Session] = {}
        for key, seen in self._seen.items():
            if (row := fleet.sessions.get(key)) is not None:
                known = self._rows.get(key)
                if known is None or known[0] is not row:
                    known = self._rows[key] = row, project(row, KnownFacts(seen=seen), self.succeeded.at)
                found[key] = known[1]
        return found

    def in_fleet(self, fleet: Fleet) -> Fleet:
        """The whole fleet with what was seen."""
        rows = self.in_rows_of(fleet)
        return replace(fleet, sessions={**fleet.sessions, **rows}) if rows else fleet
