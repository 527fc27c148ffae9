"""Folding what happened into the fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from quarterdeck.core.events import (
    EndedShown,
    Event,
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
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.fleet import Fleet

EXITED_KEPT = 50


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
        case EndedShown(sessions=shown):
            return replace(fleet, exited=shown)
        case ServerChanged(after=after):
            return replace(fleet, incarnation=after)
        case LookSucceeded(at=at, incarnation=incarnation):
            return replace(fleet, incarnation=incarnation, last_good_look=at, look_failures=0, look_error="")
        case LookFailed(message=message, failures=failures):
            return replace(fleet, look_failures=failures, look_error=message)
        case ThemeFound(theme_id=theme_id, theme=theme):
            return replace(fleet, themes=dict(fleet.themes) | {theme_id: theme})
        case WorkerHealth(worker=worker, health=health, detail=detail):
            return replace(fleet, workers=dict(fleet.workers) | {worker: (health, detail)})
        case _:
            assert_never(event)
