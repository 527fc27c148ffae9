"""The fleet as a console shows it: without the console itself, with what is under way, under the ids of now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quarterdeck.core.events import SessionDeleted
from quarterdeck.core.fleet import as_seen
from quarterdeck.supervisor.shown_rows import ENDED_SHOWN, UNNAMED, Guests, absent, still_shown
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quarterdeck.core.events import Event
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.pane import PaneId
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.operations.long_operations import LongOperations
    from quarterdeck.supervisor.supervisor import Supervisor


class ShownFleet:
    """What the table of one console shows, and which session each of its rows is."""

    def __init__(
        self,
        supervisor: Supervisor,
        operations: LongOperations,
        *,
        first: Callable[[], Fleet],
        own_pane: PaneId | None,
        stands_in: Callable[[SessionId | None, bool], None],
    ) -> None:
        self._supervisor = supervisor
        self._operations = operations
        self._first = first
        """What is shown until a look has succeeded."""
        self._guests = Guests(own_pane)
        self._stands_in = stands_in
        """Told which row is the console's own, and whether that ends with it."""
        self._ended: Mapping[SessionId, Session] = {}
        """The very same rows while they are equal: by that the screen knows that there is nothing to do."""
        self._whole: Fleet | None = None
        self._shown = supervisor.fleet
        operations.listeners.append(self._forget_shown)

    def _forget_shown(self, then: Callable[[], None] = lambda: None) -> None:
        self._whole = None
        then()

    def fleet(self) -> Fleet:
        """What is to be shown now."""
        seen = self.seen()
        if seen.last_good_look is not None:
            return seen
        first, failures = self._first(), seen.look_failures
        if not failures:
            return first
        return replace(first, look_failures=failures, look_error=seen.look_error, workers=seen.workers)

    def seen(self) -> Fleet:
        """What the supervisor knows, as far as it is to be shown; the same while that is the same."""
        fleet = self._supervisor.fleet
        if fleet is not self._whole:
            self._whole = fleet
            exited = still_shown(fleet.exited, self._supervisor.clock.now())
            if exited != self._ended:
                self._ended = exited
            shown = self._guests(as_seen(fleet), self._supervisor.snapshot)
            self._stands_in(self._guests.own, self._guests.ends_with_us)
            self._shown = self._operations.shown_in(replace(shown, exited=self._ended))
        return self._shown

    def fade(self, event: Event, then: Callable[[], None]) -> None:
        """Let a row that has ended go when it has been shown for long enough, and say so."""
        if isinstance(event, SessionDeleted):
            after = ENDED_SHOWN.total_seconds() + 0.1
            asyncio.get_running_loop().call_later(after, self._forget_shown, then)

    def known(self, session_id: SessionId) -> SessionId:
        """The id that a row has by now: one of the first fleet may have had none then."""
        if not session_id.startswith(UNNAMED):
            return session_id
        tmux_id = session_id.removeprefix(UNNAMED)
        fleet = self.seen()
        found = next((session for session in fleet.sessions.values() if session.tmux_id == tmux_id), None)
        if found is None:
            raise absent(fleet)
        return found.session_id

    def find(self, session_id: SessionId) -> Session:
        """The session of a row; refused while something is under way there."""
        session_id = self.known(session_id)
        self._operations.refuse_if_busy(session_id)
        found = self.row(session_id)
        if found is None:
            raise absent(self.seen())
        return found

    def row(self, session_id: SessionId) -> Session | None:
        """The row of this id, live or ended."""
        fleet = self.seen()
        return fleet.sessions.get(session_id) or fleet.exited.get(session_id)
