"""The fleet: everything the screen shows, as one value that is renewed and never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.session import TransportHealth
from quarterdeck.core.session_ends import unanswered
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.events import Health
    from quarterdeck.core.repo_theme import RepoTheme
    from quarterdeck.core.session import Session, SessionId


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
    workers: Mapping[str, tuple[Health, str]] = field(default_factory=dict)

    @property
    def is_certain(self) -> bool:
        """Whether the last look at tmux succeeded."""
        return self.last_good_look is not None and not self.look_failures


CUT_OFF_AFTER = 5
"""Looks that failed in a row after which a session counts as cut off, and not only as not certain."""


def as_seen(fleet: Fleet) -> Fleet:
    """The fleet as it is to be shown: while tmux does not answer, no live row is certain."""
    if not fleet.look_failures:
        return fleet
    health = TransportHealth.DISCONNECTED if fleet.look_failures >= CUT_OFF_AFTER else TransportHealth.DEGRADED
    return replace(
        fleet,
        sessions={key: unanswered(session, health) for key, session in fleet.sessions.items()},
    )
