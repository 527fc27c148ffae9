"""GitHub and GitLab, each asked through its own command line tool.

Every call is bounded, its answer is JSON, and a refusal becomes an error that says what to do.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from quarterdeck import process
from quarterdeck.core.foreign_json import is_object, objects_at, text_at
from quarterdeck.core.issue import Issue, IssueState, issue_number, means_not_found
from quarterdeck.core.pull_request import PullRequest, parse_pull_request
from quarterdeck.core.text import clean
from quarterdeck.errors import ForgeError, IssueNotFound, NotFound, ProgramMissing, ProgramTimedOut, Refused
from quarterdeck.forge.answers import ISSUE_SECONDS, Cache
from quarterdeck.forge.git_command import git
from quarterdeck.programs import install_hint

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.core.foreign_json import Json

TOOL_SECONDS = 30.0
FIND_SECONDS = 30.0
STATE_SECONDS = 5.0
_ISSUE_FIELDS = "number,title,body,url,state,stateReason,labels"
_STATES = {"merged": "merged", "closed": "closed"}
"""Of a pull request; whatever else a forge may say of one, it is open."""
_ENVIRONMENT = {
    **dict.fromkeys(("NO_COLOR", "GH_PROMPT_DISABLED", "GH_NO_UPDATE_NOTIFIER", "GLAB_NO_PROMPT", "NO_PROMPT"), "1"),
    **dict.fromkeys(("GH_PAGER", "PAGER"), "cat"),
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
}
_NOT_LOGGED_IN = re.compile(
    r"gh auth login|glab auth login|not logged in|authentication (?:failed|required)"
    r"|HTTP 401|401 Unauthorized|bad credentials",
    re.IGNORECASE,
)
_RATE_LIMITED = re.compile(r"rate limit|HTTP 429|secondary rate", re.IGNORECASE)
_NO_SUCH_PR = re.compile(
    r"no pull requests? found|could not resolve to a pullrequest|no merge requests? (?:found|available)|404 Not Found"
    r"|could not find merge request",
    re.IGNORECASE,
)


class ToolForge(ABC):
    """Implements `ports.forge.Tracker` and `ports.forge.Scm`; each forge says in which words it is asked."""

    name: ClassVar[str]
    program: ClassVar[str]
    request: ClassVar[str]
    """What it calls a pull request."""
    noun: ClassVar[str]
    """The tool's own word for that."""
    head_flag: ClassVar[str]
    limit_flag: ClassVar[str]
    only_open: ClassVar[tuple[str, ...]] = ()
    issue_json: ClassVar[tuple[str, ...]] = ("--output", "json")
    request_json: ClassVar[tuple[str, ...]] = ("--output", "json")
    takes_addresses: ClassVar[bool] = False
    """Whether the tool knows a pull request by its address too, in whatever repository it is."""
    issue_keys: ClassVar[tuple[str, ...]]
    """Of the number, title, text and address of an issue in the tool's answers."""
    request_keys: ClassVar[tuple[str, ...]]
    """Of the number, title and address of a pull request, its branch and the one it is for."""

    def __init__(self, folder: Path, repo: str | None = None) -> None:
        self._folder = folder
        self._where = ("--repo", repo) if repo else ()
        self._issues: Cache[Issue] = Cache(ISSUE_SECONDS)
        self._found: Cache[PullRequest] = Cache(FIND_SECONDS)
        self._states: Cache[str] = Cache(STATE_SECONDS)

    async def issue(self, issue_id: str) -> Issue:
        """One issue; raises IssueNotFound when there is none of that id."""
        number = issue_number(issue_id)
        if number is None:
            raise IssueNotFound(f"{issue_id!r} is no issue of {self.name}'s: those have numbers.")

        async def look() -> Issue:
            return self._read_issue(self._object(await self._ask_issues("view", number)))

        return await self._issues.get(number, look)

    async def issues(self, *, limit: int = 50) -> list[Issue]:
        """Open issues, the newest first."""
        found = await self._ask_issues("list", *self.only_open, self.limit_flag, str(limit))
        return [self._read_issue(row) for row in objects_at(found)]

    def branch(self, issue_id: str) -> str:
        """What a branch for this issue is called."""
        return f"feat/issue-{issue_number(issue_id) or issue_id}"

    async def resolve(self, reference: str) -> PullRequest:
        """The pull request of a number or an address; raises NotFound when there is none."""
        word = reference.strip().lstrip("!#")
        known = parse_pull_request(word)
        if word.isascii() and word.isdigit():
            return await self._view(word)
        if known is None or (self.takes_addresses and not word.startswith("https://")):
            # A word that is neither could be taken for an option.
            raise NotFound(f"{reference!r} is neither the number nor the address of a {self.request}.")
        return await self._view(self.told_as(known))

    async def find(self, branch: str) -> PullRequest | None:
        """The newest open pull request of a branch; None when it has none."""
        words = ("list", *self._where, self.head_flag, branch, self.limit_flag, "1", *self.request_json)

        async def look() -> PullRequest:
            found = objects_at(await self.ask_json(self.noun, *words))
            if not found:
                raise NotFound(f"{branch} has no {self.request}.")
            return self._read_request(found[0])

        try:
            # One that is not there yet may be in a moment, so only one that is there is held.
            return await self._found.get(branch, look)
        except NotFound:
            return None

    async def state(self, pr: PullRequest) -> str:
        """`open`, `merged` or `closed`."""

        async def look() -> str:
            return (await self._view(self.told_as(pr))).state

        return await self._states.get(pr.identity, look)

    async def checkout(self, pr: PullRequest, worktree: Path) -> bool:
        """Check the pull request's branch out; answers whether the branch changed. Refuses a worktree with changes."""
        current = await git(worktree, "symbolic-ref", "--quiet", "--short", "HEAD")
        if pr.branch and current.out.strip() == pr.branch:
            return False
        changes = await git(worktree, "status", "--porcelain", "--untracked-files=no")
        if not changes.ok or changes.out.strip():
            raise Refused(
                f"{worktree} has changes that are not committed, so it stays on its branch.",
                hint="Commit or stash them, and claim again.",
            )
        await self.ask(*self.words_for("checkout", self.told_as(pr)), folder=worktree)
        return True

    @abstractmethod
    async def assign(self, pr: PullRequest) -> None:
        """Assign the pull request to the operator."""

    def told_as(self, pr: PullRequest) -> str:
        """How the tool is told which pull request is meant."""
        return pr.url if self.takes_addresses and pr.url else str(pr.number)

    def words_for(self, verb: str, reference: str) -> tuple[str, ...]:
        """The command about one pull request. An address says itself which repository it is in."""
        return (self.noun, verb, reference, *(() if "://" in reference else self._where))

    async def ask(self, *arguments: str, folder: Path | None = None) -> str:
        """Run the tool in a checkout and return what it said; raises the error that fits its refusal."""
        argv = [self.program, *arguments]
        try:
            result = await process.run(argv, timeout=TOOL_SECONDS, cwd=folder or self._folder, env=_ENVIRONMENT)
        except ProgramMissing as error:
            hint = install_hint(self.program)
            raise ForgeError(f"{self.name} needs the program {self.program}.", hint=hint) from error
        except ProgramTimedOut as error:
            raise ForgeError(f"{self.name} did not answer within {TOOL_SECONDS:g} seconds.") from error
        if not result.ok:
            raise self._refusal(f"{result.err}\n{result.out}")
        return result.out

    async def ask_json(self, *arguments: str) -> Any:
        """Run the tool and read its answer as JSON."""
        told = await self.ask(*arguments)
        try:
            return json.loads(told)
        except ValueError as error:
            hint = f"Is this {self.program} up to date?"
            raise ForgeError(f"{self.name} gave an answer that cannot be read.", hint=hint) from error

    async def _view(self, reference: str) -> PullRequest:
        found = await self.ask_json(*self.words_for("view", reference), *self.request_json)
        return self._read_request(self._object(found))

    async def _ask_issues(self, verb: str, *arguments: str) -> Any:
        return await self.ask_json("issue", verb, *arguments, *self._where, *self.issue_json)

    def _object(self, answer: object) -> Json:
        if not is_object(answer):
            raise ForgeError(f"{self.name} gave an answer that cannot be read.")
        return answer

    def _read_issue(self, row: Json) -> Issue:
        number, title, body, url = self.issue_keys
        state = IssueState.OPEN
        if text_at(row, "state").lower() == "closed":
            is_given_up = text_at(row, "stateReason").upper() == "NOT_PLANNED"
            state = IssueState.CANCELLED if is_given_up else IssueState.CLOSED
        labels = row.get("labels")
        # One forge tells their names alone.
        named = [text_at(each, "name") or each for each in labels] if isinstance(labels, list) else []
        return Issue(
            id=str(row.get(number, "")),
            title=clean(text_at(row, title)),
            body=text_at(row, body),
            url=text_at(row, url),
            state=state,
            labels=tuple(clean(each) for each in named if isinstance(each, str)),
        )

    def _read_request(self, row: Json) -> PullRequest:
        number, title, url, branch, base_branch = self.request_keys
        known = parse_pull_request(text_at(row, url))
        found = row.get(number)
        if not isinstance(found, int):
            raise ForgeError(f"{self.name} told of a {self.request} without a number.")
        return PullRequest(
            number=found,
            url=text_at(row, url),
            title=clean(text_at(row, title)),
            owner=known.owner if known else "",
            repo=known.repo if known else "",
            branch=text_at(row, branch),
            base_branch=text_at(row, base_branch),
            is_draft=any(row.get(key) for key in ("isDraft", "draft", "work_in_progress")),
            state=_STATES.get(text_at(row, "state").lower(), "open"),
        )

    def _refusal(self, said: str) -> ForgeError | NotFound:
        """The error that fits what the tool said when it failed."""
        lines = [clean(line).strip() for line in said.splitlines() if line.strip()]
        line = lines[0][:300] if lines else "it gave no reason"
        if _NOT_LOGGED_IN.search(said):
            return ForgeError(f"{self.name} does not know who you are.", hint=f"Run `{self.program} auth login` once.")
        if _RATE_LIMITED.search(said):
            return ForgeError(f"{self.name} allows no more requests for now.", hint="Wait some minutes and try again.")
        if means_not_found(said):
            return IssueNotFound(f"{self.name}: {line}")
        if _NO_SUCH_PR.search(said):
            return NotFound(f"{self.name}: {line}")
        return ForgeError(f"{self.name} could not be asked: {line}")


class GitHub(ToolForge):
    """GitHub, as `gh` is asked for it."""

    name = "GitHub"
    program = "gh"
    request = "pull request"
    noun = "pr"
    head_flag = "--head"
    limit_flag = "--limit"
    only_open = ("--state", "open")
    issue_json = ("--json", _ISSUE_FIELDS)
    request_json = ("--json", "number,title,url,headRefName,baseRefName,isDraft,state")
    takes_addresses = True
    issue_keys = ("number", "title", "body", "url")
    request_keys = ("number", "title", "url", "headRefName", "baseRefName")

    async def assign(self, pr: PullRequest) -> None:
        """Assign the pull request to the operator."""
        await self.ask(*self.words_for("edit", self.told_as(pr)), "--add-assignee", "@me")

    async def _ask_issues(self, verb: str, *arguments: str) -> Any:
        try:
            return await super()._ask_issues(verb, *arguments)
        except ForgeError as error:
            if "stateReason" not in error.message:
                raise
            # gh before 2.20 does not know that field.
            fields = _ISSUE_FIELDS.replace("stateReason,", "")
            return await self.ask_json("issue", verb, *arguments, *self._where, "--json", fields)


class GitLab(ToolForge):
    """GitLab, as `glab` is asked for it."""

    name = "GitLab"
    program = "glab"
    request = "merge request"
    noun = "mr"
    head_flag = "--source-branch"
    limit_flag = "--per-page"
    issue_keys = ("iid", "title", "description", "web_url")
    request_keys = ("iid", "title", "web_url", "source_branch", "target_branch")

    async def assign(self, pr: PullRequest) -> None:
        """Assign the merge request to the operator."""
        login = text_at(await self.ask_json("api", "user"), "username")
        if not login:
            raise ForgeError("GitLab does not say who you are.")
        await self.ask(*self.words_for("update", self.told_as(pr)), "--assignee", login)

    async def _ask_issues(self, verb: str, *arguments: str) -> Any:
        try:
            return await super()._ask_issues(verb, *arguments)
        except NotFound as error:
            if verb != "view":
                raise
            # Of an issue that is not there glab says no more than 404.
            raise IssueNotFound(error.message) from error
