"""What the console is told of spawned work: operations under way, issues to choose from, what could be cleared up."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from quarterdeck.values import value

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.ids import SessionId


@value(kw_only=True)
class UnderWay:
    """A long operation on a session; its row says how far it is."""

    what: str
    """`spawning`."""
    can_stop: bool = True
    """False once it can only be done to the end."""


@value(kw_only=True)
class OpenIssue:
    """An issue a worker could be spawned for. Its text is foreign."""

    id: str
    title: str
    note: str = ""


@value(kw_only=True)
class Issues:
    """What a project's tracker has to choose from."""

    tracker: str = ""
    """Its name; "" when the project has none."""
    issues: tuple[OpenIssue, ...] = ()


@value(kw_only=True)
class Clearable:
    """A session that a cleanup could end."""

    session_id: SessionId
    name: str
    reason: str
    branch: str = ""
    quiet_since: datetime | None = None
    holds: str = ""
    """What its worktree holds that is nowhere else; "" when nothing."""
    stays_because: str = ""
    """Why it stays all the same; "" when it may go."""


class Clearing(StrEnum):
    """How far a cleanup is with one session."""

    GOING = "going"
    ENDED = "ended"
    LEFT = "left"
    FAILED = "failed"


@value(kw_only=True)
class Cleared:
    """What became of one session in a cleanup."""

    session_id: SessionId
    outcome: Clearing
    detail: str = ""
