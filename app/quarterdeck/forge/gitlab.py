"""GitLab's issues and merge requests, through its own tool `glab`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quarterdeck.core.issue import Issue, IssueState, issue_number
from quarterdeck.core.pull_request import PullRequest, parse_pull_request
from quarterdeck.core.text import clean
from quarterdeck.errors import ForgeError, IssueNotFound, NotFound
from quarterdeck.forge.forge_tools import Cache, ask, ask_json, name_of, rows, text
from quarterdeck.forge.github import FIND_SECONDS, ISSUE_SECONDS, STATE_SECONDS, may_switch

if TYPE_CHECKING:
    from pathlib import Path

_STATES = {"opened": "open", "merged": "merged", "closed": "closed", "locked": "open"}


class GitLabTracker:
    """Implements `ports.tracker.Tracker`."""

    name = "GitLab"

    def __init__(self, folder: Path, repo: str | None = None) -> None:
        self._folder = folder
        self._where = ("--repo", repo) if repo else ()
        self._issues: Cache[str, Issue] = Cache(ISSUE_SECONDS)

    async def issue(self, issue_id: str) -> Issue:
        """One issue; raises IssueNotFound when there is none of that id."""
        number = issue_number(issue_id)
        if number is None:
            raise IssueNotFound(f"{issue_id!r} is no issue of GitLab's: those have numbers.")

        async def look() -> Issue:
            try:
                found = await ask_json(
                    "glab", self.name, self._folder, "issue", "view", number, *self._where, "--output", "json"
                )
            except NotFound as error:
                raise IssueNotFound(error.message) from error
            if not isinstance(found, dict):
                raise ForgeError("GitLab gave an answer that cannot be read.")
            return read_issue(found)

        return await self._issues.get(number, look)

    async def issues(self, *, limit: int = 50, search: str = "") -> list[Issue]:
        """Open issues, the newest first."""
        sought = ("--search", search) if search else ()
        found = await ask_json(
            "glab", self.name, self._folder, "issue", "list", *self._where, "--per-page", str(limit), *sought,
            "--output", "json",
        )  # fmt: skip
        return [read_issue(row) for row in rows(found)]

    def branch(self, issue_id: str) -> str:
        """What a branch for this issue is called."""
        return f"feat/issue-{issue_number(issue_id) or issue_id}"


class GitLabScm:
    """Implements `ports.scm.Scm`."""

    name = "GitLab"

    def __init__(self, folder: Path, repo: str | None = None) -> None:
        self._folder = folder
        self._where = ("--repo", repo) if repo else ()
        self._found: Cache[str, PullRequest] = Cache(FIND_SECONDS)
        self._states: Cache[str, str] = Cache(STATE_SECONDS)

    async def resolve(self, reference: str) -> PullRequest:
        """The merge request of a number or an address; raises NotFound when there is none."""
        return await self._view(_number(reference))

    async def find(self, branch: str) -> PullRequest | None:
        """The newest open merge request of a branch; None when it has none."""

        async def look() -> PullRequest:
            found = rows(
                await ask_json(
                    "glab", self.name, self._folder, "mr", "list", *self._where, "--source-branch", branch,
                    "--per-page", "1", "--output", "json",
                )
            )  # fmt: skip
            if not found:
                raise NotFound(f"{branch} has no merge request.")
            return read_merge_request(found[0])

        try:
            return await self._found.get(branch, look)
        except NotFound:
            return None

    async def state(self, pr: PullRequest) -> str:
        """`open`, `merged` or `closed`."""

        async def look() -> str:
            return (await self._view(str(pr.number))).state

        return await self._states.get(pr.identity, look)

    async def checkout(self, pr: PullRequest, worktree: Path) -> bool:
        """Check the merge request's branch out; answers whether the branch changed."""
        if not await may_switch(worktree, pr.branch):
            return False
        await ask("glab", self.name, worktree, "mr", "checkout", str(pr.number), *self._where)
        return True

    async def assign(self, pr: PullRequest) -> None:
        """Assign the merge request to the operator."""
        me = await ask_json("glab", self.name, self._folder, "api", "user")
        login = name_of(me, "username")
        if not login:
            raise ForgeError("GitLab does not say who you are.")
        await ask("glab", self.name, self._folder, "mr", "update", str(pr.number), *self._where, "--assignee", login)

    async def _view(self, number: str) -> PullRequest:
        found = await ask_json("glab", self.name, self._folder, "mr", "view", number, *self._where, "--output", "json")
        if not isinstance(found, dict):
            raise ForgeError("GitLab gave an answer that cannot be read.")
        return read_merge_request(found)


def read_issue(row: dict[str, Any]) -> Issue:
    """An issue as GitLab tells it."""
    labels = row.get("labels")
    return Issue(
        id=str(row.get("iid", "")),
        title=clean(text(row.get("title"))),
        body=text(row.get("description")),
        url=text(row.get("web_url")),
        state=IssueState.CLOSED if text(row.get("state")) == "closed" else IssueState.OPEN,
        labels=tuple(clean(label) for label in labels if isinstance(label, str)) if isinstance(labels, list) else (),
    )


def read_merge_request(row: dict[str, Any]) -> PullRequest:
    """A merge request as GitLab tells it."""
    known = parse_pull_request(text(row.get("web_url")))
    number = row.get("iid")
    if not isinstance(number, int):
        raise ForgeError("GitLab told of a merge request without a number.")
    return PullRequest(
        number=number,
        url=text(row.get("web_url")),
        title=clean(text(row.get("title"))),
        owner=known.owner if known else "",
        repo=known.repo if known else "",
        branch=text(row.get("source_branch")),
        base_branch=text(row.get("target_branch")),
        is_draft=bool(row.get("draft") or row.get("work_in_progress")),
        state=_STATES.get(text(row.get("state")), "open"),
    )


def _number(reference: str) -> str:
    word = reference.strip().lstrip("!#")
    if word.isascii() and word.isdigit():
        return word
    known = parse_pull_request(word)
    if known is None:
        raise NotFound(f"{reference!r} is neither the number nor the address of a merge request.")
    return str(known.number)
