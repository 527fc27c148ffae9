"""Pull requests and merge requests: known by their address, counted once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import asdict

if TYPE_CHECKING:
    from collections.abc import Iterable


class PullRequest(Struct, frozen=True, kw_only=True):
    """One pull request (GitHub) or merge request (GitLab)."""

    number: int
    url: str
    title: str = ""
    owner: str = ""
    repo: str = ""
    branch: str = ""
    base_branch: str = ""
    is_draft: bool = False
    state: str = "open"

    @property
    def identity(self) -> str:
        """What makes it the same one: `owner/repo#number`, or its address where that is not known."""
        if self.owner and self.repo:
            return f"{self.owner}/{self.repo}#{self.number}".casefold()
        return self.url.strip()

    def as_json(self) -> dict[str, Any]:
        """As the session object shows it."""
        return asdict(self)


def parse_pull_request(url: str) -> PullRequest | None:
    """Read an address: GitHub's `/pull/N`, GitLab's `/-/merge_requests/N`, else any that ends in a number."""
    address = url.strip()
    try:
        parts = [part for part in urlsplit(address).path.split("/") if part]
    except ValueError:
        return None
    for at, part in enumerate(parts[:-1]):
        number = _digits(parts[at + 1])
        if number is None:
            continue
        if part == "pull" and at >= 2:
            return PullRequest(number=number, url=address, owner=parts[at - 2], repo=parts[at - 1])
        if part == "merge_requests" and at >= 3 and parts[at - 1] == "-":
            # An address without a scheme still has its host in front of the group path.
            first = 1 if "://" not in address and at > 3 else 0
            return PullRequest(number=number, url=address, owner="/".join(parts[first : at - 2]), repo=parts[at - 2])
    if len(parts) >= 2 and (number := _digits(parts[-1])) is not None:
        return PullRequest(number=number, url=address)
    return None


def dedupe(prs: Iterable[PullRequest]) -> tuple[PullRequest, ...]:
    """Each pull request once, in the order first seen."""
    seen: dict[str, PullRequest] = {}
    for pr in prs:
        seen.setdefault(pr.identity, pr)
    return tuple(seen.values())


def _digits(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
