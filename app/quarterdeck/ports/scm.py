"""What we ask of the place where pull requests are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.core.pull_request import PullRequest


class Scm(Protocol):
    """A forge's pull requests. Every call is bounded in time and raises a ForgeError when it cannot be answered."""

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
