"""The work record of a session we spawned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a spawned session is for, and where its work stands."""

    project: str
    role: str = "worker"
    agent: str = ""
    status: str = "spawning"
    branch: str | None = None
    worktree: str | None = None
    issue: str | None = None
    prs: tuple[dict[str, Any], ...] = ()
    lifecycle: dict[str, Any] = field(default_factory=dict)
    display_name: str | None = None
    created_at: datetime | None = None
    restored_at: datetime | None = None
