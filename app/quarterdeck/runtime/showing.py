"""Which rows of a fleet the console shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from quarterdeck.core.pane import Snapshot
from quarterdeck.errors import NotFound, TmuxUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.ids import PaneId, SessionId
    from quarterdeck.core.pane import Look
    from quarterdeck.core.session import Session
    from quarterdeck.errors import QuarterdeckError

ENDED_SHOWN = timedelta(seconds=3)


def absent(fleet: Fleet) -> QuarterdeckError:
    """Why a session is not in the fleet. Only a good look can say that it is gone."""
    if fleet.is_certain:
        return NotFound("That session is gone.")
    return TmuxUnreachable("tmux does not answer, so nothing is known of that session.", hint=fleet.look_error)


def still_shown(exited: Mapping[SessionId, Session], now: datetime) -> dict[SessionId, Session]:
    """The ended rows that stay: those that can be restored, and for a moment the others, so that one sees them go."""
    return {
        key: session
        for key, session in exited.items()
        if session.work is not None or (session.ended_at is not None and now - session.ended_at < ENDED_SHOWN)
    }


def without_console(fleet: Fleet, look: Look | None, own: PaneId | None) -> Fleet:
    """The fleet without the session that holds nothing but the console itself."""
    if own is None or not isinstance(look, Snapshot):
        return fleet
    ours = next((pane.tmux_id for pane in look.panes if pane.pane_id == own), None)
    if ours is None or any(pane.tmux_id == ours and pane.pane_id != own for pane in look.panes):
        return fleet
    return replace(fleet, sessions={k: s for k, s in fleet.sessions.items() if s.tmux_id != ours})
