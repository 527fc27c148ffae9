"""Which rows of a fleet the console shows."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from quarterdeck.core.pane import Snapshot
from quarterdeck.core.session_names import CONSOLE_NAME
from quarterdeck.errors import NotFound, TmuxUnreachable
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.pane import Look, Pane, PaneId, TmuxSessionId
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.errors import QuarterdeckError

ENDED_SHOWN = timedelta(seconds=3)


def absent(fleet: Fleet) -> QuarterdeckError:
    """Why a session is not in the fleet. Only a good look can say that it is gone."""
    if fleet.is_certain:
        return NotFound("That session is gone.")
    return TmuxUnreachable("tmux does not answer, so nothing is known of that session.", hint=fleet.look_error)


def not_yet_looked(first: Fleet, seen: Fleet) -> Fleet:
    """What is shown until a look has succeeded: the first fleet, with what is wrong with the looks."""
    if not seen.look_failures:
        return first
    return replace(first, look_failures=seen.look_failures, look_error=seen.look_error, workers=seen.workers)


def still_shown(exited: Mapping[SessionId, Session], now: datetime) -> dict[SessionId, Session]:
    """The ended rows that stay: those that can be restored, and for a moment the others, so that one sees them go."""
    return {
        key: session
        for key, session in exited.items()
        if session.work is not None or (session.ended_at is not None and now - session.ended_at < ENDED_SHOWN)
    }


class Same:
    """The very same rows while they are equal: by that the screen knows that there is nothing to do."""

    def __init__(self) -> None:
        self._rows: Mapping[SessionId, Session] = {}

    def __call__(self, rows: Mapping[SessionId, Session]) -> Mapping[SessionId, Session]:
        """These rows, or those of the last time."""
        if rows != self._rows:
            self._rows = rows
        return self._rows


class Guests:
    """The sessions but the one that holds nothing but the console itself, which is in a pane (or in none)."""

    def __init__(self, own: PaneId | None) -> None:
        self._own = own
        self._panes: Sequence[Pane] | None = None
        self._ours: TmuxSessionId | None = None
        self._whole: Mapping[SessionId, Session] = {}
        self._guests: Mapping[SessionId, Session] = {}
        self.own: SessionId | None = None
        """The one that was left out the last time."""
        self.ends_with_us = False
        """Whether it was made for this very program, and so ends with it."""

    def __call__(self, fleet: Fleet, look: Look | None) -> Fleet:
        """The fleet without it; as long as its sessions are the same, so are these."""
        if self._own is not None and isinstance(look, Snapshot) and look.panes is not self._panes:
            former, self._ours = self._ours, own_session(look, self._own)
            self._panes = look.panes
            self.ends_with_us = any(pane.pane_id == self._own and pane.pid == os.getpid() for pane in look.panes)
            if self._ours != former:
                self._whole = {}
        if fleet.sessions is not self._whole:
            self._whole = fleet.sessions
            self.own = next((key for key, each in fleet.sessions.items() if self._is_ours(each)), None)
            self._guests = {
                key: each for key, each in fleet.sessions.items() if key != self.own and not was_a_console(each)
            }
        return fleet if len(self._guests) == len(fleet.sessions) else replace(fleet, sessions=self._guests)

    def _is_ours(self, session: Session) -> bool:
        return self._ours is not None and session.tmux_id == self._ours and not session.is_stale


def was_a_console(session: Session) -> bool:
    """Whether this is what a server that went away has left of a session that was made for the console."""
    return (
        session.is_stale
        and session.tool is None
        and session.work is None
        and session.tmux_name.rstrip("0123456789").removesuffix("-") == CONSOLE_NAME
    )


def own_session(look: Snapshot, own: PaneId) -> TmuxSessionId | None:
    """The tmux session in which the console's pane is the only one."""
    ours = next((pane.tmux_id for pane in look.panes if pane.pane_id == own), None)
    alone = ours is not None and all(pane.pane_id == own for pane in look.panes if pane.tmux_id == ours)
    return ours if alone else None
