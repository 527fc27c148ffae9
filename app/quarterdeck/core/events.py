"""What happened, as values: the supervisor makes them and tells them, `fleet.apply` folds them in."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.repo_theme import RepoTheme
    from quarterdeck.core.session import ExitReason, Session, SessionId


class CreatedReason(StrEnum):
    """How a session came into view."""

    STARTUP_DISCOVERY = "startup_discovery"
    RUNTIME_DISCOVERY = "runtime_discovery"
    API_CREATE = "api_create"
    ADOPTED = "adopted"
    RESTORED = "restored"


class DeleteMode(StrEnum):
    """What became of the tmux session when ours was deleted."""

    DETACH_BRIDGE = "detach_bridge"
    KILL_TMUX = "kill_tmux"


class Health(StrEnum):
    """How a part of us is doing."""

    STARTING = "starting"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class SessionCreated(Struct, frozen=True, kw_only=True):
    """A session came into view."""

    session: Session
    reason: CreatedReason
    theme: RepoTheme | None = None
    at: datetime


class SessionChanged(Struct, frozen=True, kw_only=True):
    """Something about a live session is different."""

    before: Session
    after: Session
    at: datetime


class SessionDeleted(Struct, frozen=True, kw_only=True):
    """A session is gone, or we stopped watching it."""

    session: Session
    """As it was last known, with state exited where it ended."""
    reason: ExitReason
    mode: DeleteMode = DeleteMode.DETACH_BRIDGE
    tmux_session_alive: bool = False
    at: datetime


class SessionStale(Struct, frozen=True, kw_only=True):
    """A session's tmux server went away; its identity is kept for when the session comes back."""

    session: Session
    at: datetime


class SessionForgotten(Struct, frozen=True, kw_only=True):
    """A stale or exited row was dismissed."""

    session_id: SessionId
    at: datetime


class EndedShown(Struct, frozen=True, kw_only=True):
    """These ended rows are shown, and no others. Nothing has happened, so scripts are not told."""

    sessions: Mapping[SessionId, Session]
    at: datetime


class ServerChanged(Struct, frozen=True, kw_only=True):
    """The tmux server started, ended or was replaced: one event, however many sessions it held."""

    before: str
    """Incarnation before, "" when there was none."""
    after: str
    at: datetime


class LookSucceeded(Struct, frozen=True, kw_only=True):
    """tmux answered."""

    incarnation: str
    """The run of its server, "" when none runs."""
    at: datetime


class LookFailed(Struct, frozen=True, kw_only=True):
    """tmux did not answer; nothing else changes."""

    message: str
    failures: int
    at: datetime


class ThemeFound(Struct, frozen=True, kw_only=True):
    """A repository's colours became known or changed."""

    theme_id: str
    theme: RepoTheme
    at: datetime


class WorkerHealth(Struct, frozen=True, kw_only=True):
    """A worker of ours changed its health."""

    worker: str
    health: Health
    detail: str = ""
    at: datetime


AboutASession = SessionCreated | SessionChanged | SessionDeleted | SessionStale | SessionForgotten
Event = AboutASession | EndedShown | ServerChanged | LookSucceeded | LookFailed | ThemeFound | WorkerHealth
