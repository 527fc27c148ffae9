"""Which rows a console shows: those of its first frame, and those of a fleet without the console's own."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from quarterdeck.core import discovery
from quarterdeck.core.fleet import Fleet
from quarterdeck.core.pane import Snapshot
from quarterdeck.core.projection import KnownFacts, project, shows_as
from quarterdeck.core.session import ExitReason, SessionId
from quarterdeck.core.session_ends import placeholder, put_away, revived
from quarterdeck.core.session_names import CONSOLE_NAME
from quarterdeck.errors import NotFound, TmuxUnreachable
from quarterdeck.supervisor.row_facts import RowFacts
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from quarterdeck.core.pane import Look, Pane, PaneId, TmuxSessionId
    from quarterdeck.core.session import Session
    from quarterdeck.errors import QuarterdeckError

ENDED_SHOWN = timedelta(seconds=3)
UNNAMED = "new "
"""What the id of a session begins with that has none yet; tmux's own id follows."""


def first_fleet(kept: Iterable[Session], look: Look, server: str, now: datetime) -> Fleet:
    """The fleet before anything is derived: the sessions that tmux lists, as they were last known, and the stale ones.

    A stale one whose name is there again is shown once, as what tmux lists.
    """
    found = discovery.reconcile(known := list(kept), look)
    stale = [session for session in known if session.is_stale]
    stale += [put_away(session, ExitReason.STARTUP_MISSING_TMUX, now) for session in found.stranded]
    if not isinstance(look, Snapshot):
        return Fleet(sessions={session.session_id: session for session in stale}, last_good_look=now)
    by_id = {session.session_id: session for session in known}
    rows = [(revived(by_id[session_id], now), row) for session_id, row in found.here.items()]
    rows += [(placeholder(SessionId(f"{UNNAMED}{row.pane.tmux_id}"), server, now), row) for row in found.unknown]
    facts = RowFacts(look, (row.pane for _, row in rows))
    shown: dict[SessionId, Session] = {}
    for session, row in rows:
        seen = facts.seen(row)
        is_known = shows_as(session, seen)
        shown[session.session_id] = session if is_known else project(session, KnownFacts(seen=seen), now)
    back = {row.pane.session_name for row in found.unknown}
    shown |= {session.session_id: session for session in stale if session.tmux_name not in back}
    return Fleet(sessions=shown, incarnation=str(look.incarnation), last_good_look=now)


def absent(fleet: Fleet) -> QuarterdeckError:
    """Why a session is not in the fleet. Only a good look can say that it is gone."""
    if fleet.is_certain:
        return NotFound("That session is gone.")
    return TmuxUnreachable("tmux does not answer, so nothing is known of that session.", hint=fleet.look_error)


def still_shown(exited: Mapping[SessionId, Session], now: datetime) -> dict[SessionId, Session]:
    """The ended rows that are still shown: those that can be restored, and the others for a moment."""
    return {
        key: session
        for key, session in exited.items()
        if session.work is not None or (session.ended_at is not None and now - session.ended_at < ENDED_SHOWN)
    }


class Guests:
    """Takes the session that holds only the console itself out of a fleet."""

    def __init__(self, own_pane: PaneId | None) -> None:
        self._own_pane = own_pane
        self._panes: Sequence[Pane] | None = None
        self._ours: TmuxSessionId | None = None
        """The tmux session in which the console's pane is the only one."""
        self._whole: Mapping[SessionId, Session] = {}
        self._guests: Mapping[SessionId, Session] = {}
        self.own: SessionId | None = None
        """The one that was left out the last time."""
        self.ends_with_us = False
        """Whether it was made for this very program, and so ends with it."""

    def __call__(self, fleet: Fleet, look: Look | None) -> Fleet:
        """The fleet without that session; the very same rows as long as the fleet's are the same."""
        if self._own_pane is not None and isinstance(look, Snapshot) and look.panes is not self._panes:
            self._panes = look.panes
            own = next((pane for pane in look.panes if pane.pane_id == self._own_pane), None)
            beside = own and [
                pane for pane in look.panes if pane.tmux_id == own.tmux_id and pane.pane_id != own.pane_id
            ]
            former, self._ours = self._ours, own.tmux_id if own and not beside else None
            self.ends_with_us = own is not None and own.pid == os.getpid()
            if self._ours != former:
                self._whole = {}
        if fleet.sessions is not self._whole:
            self._whole = fleet.sessions
            ours = (key for key, each in fleet.sessions.items() if each.tmux_id == self._ours and not each.is_stale)
            self.own = next(ours, None) if self._ours is not None else None
            self._guests = {
                key: each for key, each in fleet.sessions.items() if key != self.own and not was_a_console(each)
            }
        return fleet if len(self._guests) == len(fleet.sessions) else replace(fleet, sessions=self._guests)


def was_a_console(session: Session) -> bool:
    """Whether this is what a server that went away has left of a session that was made for the console."""
    return (
        session.is_stale
        and session.tool is None
        and session.work is None
        and session.tmux_name.rstrip("0123456789").removesuffix("-") == CONSOLE_NAME
    )
