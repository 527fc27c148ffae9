"""GitHub's issues and pull requests, through its own tool `gh`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quarterdeck.core.issue import Issue, IssueState, issue_number
from quarterdeck.core.pull_request import PullRequest, parse_pull_request
from quarterdeck.core.text import clean
from quarterdeck.errors import ForgeError, IssueNotFound, NotFound, Refused
from quarterdeck.forge.forge_tools import Cache, ask, ask_json, rows, text
from quarterdeck.forge.git_command import git

if TYPE_CHECKING:
    from pathlib import Path

ISSUE_SECONDS = 300.0
FIND_SECONDS = 30.0
STATE_SECONDS = 5.0
_ISSUE_FIELDS = "number,title,body,url,state,stateReason,labels"
_PR_FIELDS = "number,title,url,headRefName,baseRefName,isDraft,state"


class GitHubTracker:
    """Implements `ports.tracker.Tracker`."""

    name = "GitHub"

    def __init__(self, folder: Path, repo: str | None = None) -> None:
        self._folder = folder
        self._where = ("--repo", repo) if repo else ()
        self._issues: Cache[str, Issue] = Cache(ISSUE_SECONDS)

    async def issue(self, issue_id: str) -> Issue:
        """One issue; raises IssueNotFound when there is none of that id."""
        number = issue_number(issue_id)
        if number is None:
            raise IssueNotFound(f"{issue_id!r} is no issue of GitHub's: those have numbers.")
        return await self._issues.get(number, lambda: self._ask(number))

    async def issues(self, *, limit: int = 50, search: str = "") -> list[Issue]:
        """Open issues, the newest first."""
        sought = ("--search", search) if search else ()
        found = await self._view("list", "--state", "open", "--limit", str(limit), *sought)
        return [read_issue(row) for row in rows(found)]

    def branch(self, issue_id: str) -> str:
        """What a branch for this issue is called."""
        return f"feat/issue-{issue_number(issue_id) or issue_id}"

    async def _ask(self, number: str) -> Issue:
        found = await self._view("view", number)
        if not isinstance(found, dict):
            raise ForgeError("GitHub gave an answer that cannot be read.")
        return read_issue(found)

    async def _view(self, verb: str, *arguments: str) -> Any:
        command = ("issue", verb, *arguments, *self._where, "--json")
        try:
            return await ask_json("gh", self.name, self._folder, *command, _ISSUE_FIELDS)
        except ForgeError as error:
            if "stateReason" not in error.message:
                raise
            # gh before 2.20 does not know that field.
            return await ask_json("gh", self.name, self._folder, *command, _ISSUE_FIELDS.replace("stateReason,", ""))


class GitHubScm:
    """Implements `ports.scm.Scm`."""

    name = "GitHub"

    def __init__(self, folder: Path, repo: str | None = None) -> None:
        self._folder = folder
        self._where = ("--repo", repo) if repo else ()
        self._found: Cache[str, PullRequest] = Cache(FIND_SECONDS)
        self._states: Cache[str, str] = Cache(STATE_SECONDS)

    async def resolve(self, reference: str) -> PullRequest:
        """The pull request of a number or an address; raises NotFound when there is none."""
        return await self._view(_as_reference(reference))

    async def find(self, branch: str) -> PullRequest | None:
        """The newest open pull request of a branch; None when it has none."""

        async def look() -> PullRequest:
            found = rows(
                await ask_json(
                    "gh", self.name, self._folder, "pr", "list", *self._where, "--head", branch, "--limit", "1",
                    "--json", _PR_FIELDS,
                )
            )  # fmt: skip
            if not found:
                raise NotFound(f"{branch} has no pull request.")
            return read_pull_request(found[0])

        try:
            # One that is not there yet may be in a moment, so only one that is there is held.
            return await self._found.get(branch, look)
        except NotFound:
            return None

    async def state(self, pr: PullRequest) -> str:
        """`open`, `merged` or `closed`."""

        async def look() -> str:
            return (await self._view(pr.url or str(pr.number))).state

        return await self._states.get(pr.identity, look)

    async def checkout(self, pr: PullRequest, worktree: Path) -> bool:
        """Check the pull request's branch out; answers whether the branch changed. Refuses a worktree with changes."""
        if not await may_switch(worktree, pr.branch):
            return False
        await ask("gh", self.name, worktree, "pr", "checkout", pr.url or str(pr.number))
        return True

    async def assign(self, pr: PullRequest) -> None:
        """Assign the pull request to the operator."""
        await ask("gh", self.name, self._folder, "pr", "edit", pr.url or str(pr.number), "--add-assignee", "@me")

    async def _view(self, reference: str) -> PullRequest:
        where = () if "://" in reference else self._where
        found = await ask_json("gh", self.name, self._folder, "pr", "view", reference, *where, "--json", _PR_FIELDS)
        if not isinstance(found, dict):
            raise ForgeError("GitHub gave an answer that cannot be read.")
        return read_pull_request(found)


async def may_switch(worktree: Path, branch: str) -> bool:
    """Whether the worktree has to be switched to that branch; raises Refused when changes in it stand against that."""
    current = await git(worktree, "symbolic-ref", "--quiet", "--short", "HEAD")
    if branch and current.out.strip() == branch:
        return False
    changes = await git(worktree, "status", "--porcelain", "--untracked-files=no")
    if not changes.ok or changes.out.strip():
        raise Refused(
            f"{worktree} has changes that are not committed, so it stays on its branch.",
            hint="Commit or stash them, and claim again.",
        )
    return True


def read_issue(row: dict[str, Any]) -> Issue:
    """An issue as gh tells it."""
    state = IssueState.OPEN
    if text(row.get("state")).upper() == "CLOSED":
        is_given_up = text(row.get("stateReason")).upper() == "NOT_PLANNED"
        state = IssueState.CANCELLED if is_given_up else IssueState.CLOSED
    return Issue(
        id=str(row.get("number", "")),
        title=clean(text(row.get("title"))),
        body=text(row.get("body")),
        url=text(row.get("url")),
        state=state,
        labels=tuple(clean(text(label.get("name"))) for label in rows(row.get("labels"))),
    )


def read_pull_request(row: dict[str, Any]) -> PullRequest:
    """A pull request as gh tells it."""
    known = parse_pull_request(text(row.get("url")))
    number = row.get("number")
    if not isinstance(number, int):
        raise ForgeError("GitHub told of a pull request without a number.")
    return PullRequest(
        number=number,
        url=text(row.get("url")),
        title=clean(text(row.get("title"))),
        owner=known.owner if known else "",
        repo=known.repo if known else "",
        branch=text(row.get("headRefName")),
        base_branch=text(row.get("baseRefName")),
        is_draft=bool(row.get("isDraft")),
        state=text(row.get("state")).lower() or "open",
    )


def _as_reference(reference: str) -> str:
    """A number or an address, and nothing that could be taken for an option."""
    word = reference.strip().removeprefix("#")
    if word.isascii() and word.isdigit():
        return word
    if parse_pull_request(word) is not None and word.startswith("https://"):
        return word
    raise NotFound(f"{reference!r} is neither the number nor the address of a pull request.")
