"""The work record of a session we spawned, as the session object shows it, and the statuses it can have."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from quarterdeck.core.times import AwareTime  # noqa: TC001 — read at run time, with what is kept


class Role(StrEnum):
    """What a spawned session is there for."""

    WORKER = "worker"
    ORCHESTRATOR = "orchestrator"


class WorkStatus(StrEnum):
    """Where the work is, in one word; always derived from the lifecycle, never kept."""

    SPAWNING = "spawning"
    WORKING = "working"
    DETECTING = "detecting"
    PR_OPEN = "pr_open"
    CI_FAILED = "ci_failed"
    REVIEW_PENDING = "review_pending"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    MERGEABLE = "mergeable"
    MERGED = "merged"
    CLEANUP = "cleanup"
    NEEDS_INPUT = "needs_input"
    STUCK = "stuck"
    ERRORED = "errored"
    KILLED = "killed"
    IDLE = "idle"
    DONE = "done"
    TERMINATED = "terminated"


def parse_status(text: str) -> WorkStatus:
    """Read a kept status; what we do not know counts as just begun."""
    if text == "starting":
        return WorkStatus.WORKING
    try:
        return WorkStatus(text)
    except ValueError:
        return WorkStatus.SPAWNING


class Work(Struct, frozen=True, kw_only=True):
    """What a spawned session is for, and where its work stands."""

    project: str
    role: str = Role.WORKER.value
    agent: str = ""
    status: str = WorkStatus.SPAWNING.value
    branch: str | None = None
    worktree: str | None = None
    issue: str | None = None
    prs: tuple[dict[str, Any], ...] = ()
    lifecycle: dict[str, Any] = field(default_factory=dict)
    display_name: str | None = None
    created_at: AwareTime | None = None
    restored_at: AwareTime | None = None
