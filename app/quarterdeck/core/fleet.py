"""The fleet: everything the screen shows, as one value that only `apply` renews."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never

from quarterdeck.core.events import (
    Event,
    Health,
    LookFailed,
    LookSucceeded,
    ServerChanged,
    SessionChanged,
    SessionCreated,
    SessionDeleted,
    SessionForgotten,
    SessionStale,
    ThemeFound,
    WorkerHealth,
)
from quarterdeck.core.session import TransportHealth

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.session import Session
    from quarterdeck.core.theme import RepoTheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
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
    workers: Mapping[str, tuple[Health, str]] = field(default_factory=dict)

    @property
    def is_certain(self) -> bool:
        """Whether the last look at tmux succeeded."""
        return self.last_good_look is not None and not self.look_failures


EXITED_KEPT = 50
CUT_OFF_AFTER = 5
"""Looks that failed in a row after which a session counts as cut off, and not only as not certain."""


def apply(fleet: Fleet, event: Event) -> Fleet:
    """Fold one event into the fleet. Pure; an event about an unknown session changes nothing."""
    match event:
        case SessionCreated(session=session):
            sessions = {**fleet.sessions, session.session_id: session}
            exited = {key: value for key, value in fleet.exited.items() if key != session.session_id}
            return replace(fleet, sessions=sessions, exited=exited)
        case SessionChanged(after=session):
            if session.session_id not in fleet.sessions:
                return fleet
            return replace(fleet, sessions={**fleet.sessions, session.session_id: session})
        case SessionStale(session=session):
            return replace(fleet, sessions={**fleet.sessions, session.session_id: session})
        case SessionDeleted(session=session):
            sessions = {key: value for key, value in fleet.sessions.items() if key != session.session_id}
            exited = {key: value for key, value in fleet.exited.items() if key != session.session_id}
            if not event.tmux_session_alive:
                exited[session.session_id] = session
            return replace(fleet, sessions=sessions, exited=dict(list(exited.items())[-EXITED_KEPT:]))
        case SessionForgotten(session_id=session_id):
            return replace(
                fleet,
                sessions={key: value for key, value in fleet.sessions.items() if key != session_id},
                exited={key: value for key, value in fleet.exited.items() if key != session_id},
            )
        case ServerChanged(after=after):
            return replace(fleet, incarnation=after)
        case LookSucceeded(at=at):
            return replace(fleet, last_good_look=at, look_failures=0, look_error="")
        case LookFailed(message=message, failures=failures):
            return replace(fleet, look_failures=failures, look_error=message)
        case ThemeFound(theme_id=theme_id, theme=theme):
            return replace(fleet, themes=dict(fleet.themes) | {theme_id: theme})
        case WorkerHealth(worker=worker, health=health, detail=detail):
            return replace(fleet, workers=dict(fleet.workers) | {worker: (health, detail)})
        case _:
            assert_never(event)


def as_seen(fleet: Fleet) -> Fleet:
    """The fleet as it is to be shown: while tmux does not answer, no live row is certain."""
    if not fleet.look_failures:
        return fleet
    health = TransportHealth.DISCONNECTED if fleet.look_failures >= CUT_OFF_AFTER else TransportHealth.DEGRADED
    return replace(
        fleet,
        sessions={
            key: session if session.is_stale else replace(session, transport_health=health)
            for key, session in fleet.sessions.items()
        },
    )
