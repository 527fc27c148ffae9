"""What we ask of a forge: issues, and pull requests. Every call is bounded in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.core.issue import Issue
    from quarterdeck.core.pull_request import PullRequest


class Tracker(Protocol):
    """Where a project's issues are. A call without an answer raises a ForgeError."""

    @property
    def name(self) -> str:
        """As shown: `GitHub`."""

    async def issue(self, issue_id: str) -> Issue:
        """One issue; raises IssueNotFound when there is none of that id."""

    async def issues(self, *, limit: int = 50, search: str = "") -> list[Issue]:
        """Open issues, the newest first."""

    def branch(self, issue_id: str) -> str:
        """What a branch for this issue is called."""


class Scm(Protocol):
    """A forge's pull requests. A call that cannot be answered raises a ForgeError."""

    @property
    def name(self) -> str:
        """As shown: `GitHub`."""

    async def resolve(self, reference: str) -> PullRequest:
        """The pull request of a number or an address; raises NotFound when there is none."""

    async def find(self, branch: str) -> PullRequest | None:
        """The newest open pull request of a branch; None when it has none."""

    async def state(self, pr: PullRequest) -> str:
        """`open`, `merged` or `closed`, asked afresh."""

    async def checkout(self, pr: PullRequest, worktree: Path) -> bool:
        """Check the pull request's branch out; answers whether the branch changed. Refuses a worktree with changes."""

    async def assign(self, pr: PullRequest) -> None:
        """Assign the pull request to the operator."""
