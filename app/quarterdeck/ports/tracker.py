"""What we ask of an issue tracker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from quarterdeck.core.issue import Issue


class Tracker(Protocol):
    """Where a project's issues are. Every call is bounded in time; one without an answer raises a ForgeError."""

    @property
    def name(self) -> str:
        """As shown: `GitHub`."""

    async def issue(self, issue_id: str) -> Issue:
        """One issue; raises IssueNotFound when there is none of that id."""

    async def issues(self, *, limit: int = 50, search: str = "") -> list[Issue]:
        """Open issues, the newest first."""

    def branch(self, issue_id: str) -> str:
        """What a branch for this issue is called."""
