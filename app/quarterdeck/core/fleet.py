"""The fleet: everything the screen shows, as one value that is renewed and never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field

from quarterdeck.core import events
from quarterdeck.core.session import RowKind, TransportHealth
from quarterdeck.core.session_ends import unanswered
from quarterdeck.core.subagent import teammates
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.repo_theme import RepoTheme
    from quarterdeck.core.session import Session, SessionId


CUT_OFF_AFTER = 5
"""Looks that failed in a row after which a session counts as cut off, and not only as not certain."""
EXITED_KEPT = 50


class Fleet(Struct, frozen=True, kw_only=True):
    """All sessions of one tmux server, and how well we see them. Never mutated."""

    sessions: Mapping[SessionId, Session] = field(default_factory=dict)
    """Live and stale ones, in the order they came into view."""
    exited: Mapping[SessionId, Session] = field(default_factory=dict)
    """The latest to end, newest last, until dismissed."""
    themes: Mapping[str, RepoTheme] = field(default_factory=dict)
    incarnation: str = ""
    last_good_look: datetime | None = None
    look_failures: int = 0
    look_error: str = ""
    workers: Mapping[str, tuple[events.Health, str]] = field(default_factory=dict)

    def of_panes(self) -> Fleet:
        """The fleet without the agents that no pane shows: those come and go by what their services say."""
        if not any(row.kind is RowKind.DETACHED for row in self.sessions.values()):
            return self
        rows = {key: row for key, row in self.sessions.items() if row.kind is RowKind.PANE}
        return replace(self, sessions=rows)

    @property
    def is_certain(self) -> bool:
        """Whether the last look at tmux succeeded."""
        return self.last_good_look is not None and not self.look_failures


def leader_of(fleet: Fleet, session: Session) -> Session | None:
    """The session whose teammate works in the pane of this one; None where it is nobody's."""
    rows = (row for row in fleet.sessions.values() if row.subagents and row.tmux_server == session.tmux_server)
    return next((row for row in rows if session.pane_id in teammates(row.subagents)), None)


def as_seen(fleet: Fleet) -> Fleet:
    """The fleet as it is to be shown: while tmux does not answer, no live row is certain."""
    if not fleet.look_failures:
        return fleet
    health = TransportHealth.DISCONNECTED if fleet.look_failures >= CUT_OFF_AFTER else TransportHealth.DEGRADED
    sessions = {
        key: unanswered(row, health) if row.kind is RowKind.PANE else row for key, row in fleet.sessions.items()
    }
    return replace(fleet, sessions=sessions)


def apply(fleet: Fleet, event: events.Event) -> Fleet:
    """Fold one event into the fleet. Pure; an event about an unknown session changes nothing."""
    match event:
        case events.SessionCreated(session=session):
            sessions = {**fleet.sessions, session.session_id: session}
            exited = _without(fleet.exited, session.session_id)
            return replace(fleet, sessions=sessions, exited=exited)
        case events.SessionChanged(after=session):
            if session.session_id not in fleet.sessions:
                return fleet
            return replace(fleet, sessions={**fleet.sessions, session.session_id: session})
        case events.SessionStale(session=session):
            return replace(fleet, sessions={**fleet.sessions, session.session_id: session})
        case events.SessionDeleted(session=session):
            exited = _without(fleet.exited, session.session_id)
            if not event.tmux_session_alive:
                exited[session.session_id] = session
            sessions = _without(fleet.sessions, session.session_id)
            return replace(fleet, sessions=sessions, exited=dict(list(exited.items())[-EXITED_KEPT:]))
        case events.SessionForgotten(session_id=key):
            return replace(fleet, sessions=_without(fleet.sessions, key), exited=_without(fleet.exited, key))
        case events.EndedShown(sessions=shown):
            return replace(fleet, exited=shown)
        case events.ServerChanged(after=after):
            return replace(fleet, incarnation=after)
        case events.LookSucceeded(at=at, incarnation=incarnation):
            return replace(fleet, incarnation=incarnation, last_good_look=at, look_failures=0, look_error="")
        case events.LookFailed(message=message, failures=failures):
            return replace(fleet, look_failures=failures, look_error=message)
        case events.ThemeFound(theme_id=theme_id, theme=theme):
            return replace(fleet, themes=dict(fleet.themes) | {theme_id: theme})
        case events.WorkerHealth(worker=worker, health=health, detail=detail):
            return replace(fleet, workers=dict(fleet.workers) | {worker: (health, detail)})
        case _:
            assert_never(event)


def _without(rows: Mapping[SessionId, Session], gone: SessionId) -> dict[SessionId, Session]:
    return {key: row for key, row in rows.items() if key != gone}
