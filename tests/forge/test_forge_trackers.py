from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.issue import Issue, IssueState, issue_number, issue_text, means_not_found
from quarterdeck.core.project import Project
from quarterdeck.core.pull_request import PullRequest
from quarterdeck.errors import ForgeError, IssueNotFound, NotFound, Refused
from quarterdeck.forge.answers import Cache
from quarterdeck.forge.forge_choice import Forges, host_in
from quarterdeck.forge.linear import LinearTracker
from quarterdeck.forge.markdown import MarkdownTracker, read_markdown, read_todos
from quarterdeck.forge.tool_forges import GitHub, GitLab
from support.fake_tool import FakeTool
from support.git_repo import make_repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ISSUE = {
    "number": 7,
    "title": "Login \x1b[31mfails",
    "body": "Steps:\n1. …",
    "url": "https://github.com/acme/web/issues/7",
    "state": "OPEN",
    "stateReason": "",
    "labels": [{"name": "bug"}],
}
PR = {
    "number": 12,
    "title": "Fix it",
    "url": "https://github.com/acme/web/pull/12",
    "headRefName": "feat/x",
    "baseRefName": "main",
    "isDraft": True,
    "state": "OPEN",
}


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTool:
    tool = FakeTool(tmp_path / "gh", "gh")
    monkeypatch.setenv("PATH", f"{tool.programs}:/usr/bin:/bin")
    return tool


@pytest.fixture
def glab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTool:
    tool = FakeTool(tmp_path / "glab", "glab")
    monkeypatch.setenv("PATH", f"{tool.programs}:/usr/bin:/bin")
    return tool


@pytest.mark.process
async def test_an_issue_of_github_is_read_and_held_for_a_while(gh: FakeTool, tmp_path: Path) -> None:
    gh.answer("issue view", ISSUE)
    tracker = GitHub(tmp_path, "acme/web")

    issues = await asyncio.gather(
        *(tracker.issue(word) for word in ("7", "#7", "https://github.com/acme/web/issues/7"))
    )

    assert issues[0] == Issue(
        id="7",
        title="Login fails",
        body="Steps:\n1. …",
        url="https://github.com/acme/web/issues/7",
        labels=("bug",),
    )
    assert gh.calls == ["issue view 7 --repo acme/web --json number,title,body,url,state,stateReason,labels"]
    assert tracker.branch("#7") == "feat/issue-7"


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        ("OPEN", "REOPENED", IssueState.OPEN),
        ("CLOSED", "COMPLETED", IssueState.CLOSED),
        ("CLOSED", "NOT_PLANNED", IssueState.CANCELLED),
    ],
)
@pytest.mark.process
async def test_a_closed_issue_is_closed_or_given_up(
    state: str, reason: str, expected: IssueState, gh: FakeTool, tmp_path: Path
) -> None:
    gh.answer("issue view", ISSUE | {"state": state, "stateReason": reason})

    assert (await GitHub(tmp_path).issue("7")).state is expected


@pytest.mark.parametrize(
    ("message", "kind", "word"),
    [
        ("GraphQL: Could not resolve to an issue or pull request with the number of 9. (x)", IssueNotFound, "resolve"),
        ("To get started with GitHub CLI, please run:  gh auth login", ForgeError, "who you are"),
        ("HTTP 401: Bad credentials", ForgeError, "who you are"),
        ("API rate limit exceeded", ForgeError, "no more requests"),
        ("dial tcp: lookup api.github.com: no such host", ForgeError, "could not be asked"),
    ],
)
@pytest.mark.process
async def test_what_gh_refuses_says_what_to_do(
    message: str, kind: type[ForgeError], word: str, gh: FakeTool, tmp_path: Path
) -> None:
    gh.fail("issue view", message)

    with pytest.raises(ForgeError, match=word) as caught:
        await GitHub(tmp_path).issue("9")

    assert type(caught.value) is kind


@pytest.mark.process
async def test_a_server_that_knows_no_such_page_is_no_missing_issue(gh: FakeTool, tmp_path: Path) -> None:
    gh.fail("issue view", "non-200 OK status code: 404 Not Found body: nginx")

    with pytest.raises(NotFound, match="404"):
        await GitHub(tmp_path).issue("9")


@pytest.mark.process
async def test_a_missing_tool_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ForgeError, match="needs the program gh"):
        await GitHub(tmp_path).issue("9")


async def test_a_word_that_is_no_number_is_never_given_to_gh(gh: FakeTool, tmp_path: Path) -> None:
    with pytest.raises(IssueNotFound):
        await GitHub(tmp_path).issue("--web")
    with pytest.raises(NotFound):
        await GitHub(tmp_path).resolve("--web")

    assert gh.calls == []


@pytest.mark.process
async def test_a_gh_that_does_not_know_a_field_is_asked_without_it(gh: FakeTool, tmp_path: Path) -> None:
    gh.fail("issue list", 'Unknown JSON field: "stateReason"')

    with pytest.raises(ForgeError):
        await GitHub(tmp_path).issues()

    assert ["stateReason" in call for call in gh.calls] == [True, False]


@pytest.mark.parametrize("answer", ["", "[]", "nonsense", '"x"'])
@pytest.mark.process
async def test_an_answer_that_cannot_be_read_is_an_error(answer: str, gh: FakeTool, tmp_path: Path) -> None:
    gh.answer("issue view", answer)

    with pytest.raises(ForgeError, match="cannot be read"):
        await GitHub(tmp_path).issue("9")


@pytest.mark.process
async def test_a_pull_request_of_github_is_found_by_number_address_and_branch(gh: FakeTool, tmp_path: Path) -> None:
    gh.answer("pr view", PR)
    gh.answer("pr list", [PR])
    scm = GitHub(tmp_path)
    expected = PullRequest(
        number=12,
        url="https://github.com/acme/web/pull/12",
        title="Fix it",
        owner="acme",
        repo="web",
        branch="feat/x",
        base_branch="main",
        is_draft=True,
    )

    assert await scm.resolve("#12") == expected
    assert await scm.resolve("https://github.com/acme/web/pull/12") == expected
    assert await scm.find("feat/x") == expected
    assert await scm.find("feat/x") == expected
    assert await scm.state(expected) == "open"
    assert sum(call.startswith("pr list") for call in gh.calls) == 1


@pytest.mark.process
async def test_a_branch_without_a_pull_request_is_asked_again(gh: FakeTool, tmp_path: Path) -> None:
    gh.answer("pr list", [])
    scm = GitHub(tmp_path)

    assert await scm.find("b") is None
    gh.answer("pr list", [PR])
    assert await scm.find("b") is not None


@pytest.mark.process
async def test_a_dirty_worktree_is_not_switched(gh: FakeTool, tmp_path: Path) -> None:
    gh.answer("pr checkout", "")
    repository = make_repository(tmp_path / "r")
    pr = PullRequest(number=12, url="https://github.com/acme/web/pull/12", branch="feat/x")
    scm = GitHub(repository.path)

    assert await scm.checkout(pr, repository.path)
    assert not await scm.checkout(PullRequest(number=1, url="u", branch="main"), repository.path)
    (repository.path / "README").write_text("changed")
    with pytest.raises(Refused, match="not committed"):
        await scm.checkout(pr, repository.path)
    assert gh.calls == ["pr checkout https://github.com/acme/web/pull/12"]


@pytest.mark.process
async def test_github_assigns_to_the_operator(gh: FakeTool, tmp_path: Path) -> None:
    gh.answer("pr edit", "")

    await GitHub(tmp_path).assign(PullRequest(number=12, url="https://github.com/acme/web/pull/12"))

    assert gh.calls == ["pr edit https://github.com/acme/web/pull/12 --add-assignee @me"]


@pytest.mark.process
async def test_gitlab_tells_the_same_things(glab: FakeTool, tmp_path: Path) -> None:
    issue = {"iid": 4, "title": "T", "description": "B", "web_url": "https://gitlab.com/g/s/r/-/issues/4",
             "state": "closed", "labels": ["bug"]}  # fmt: skip
    merge = {"iid": 8, "title": "M", "web_url": "https://gitlab.com/g/s/r/-/merge_requests/8", "source_branch": "b",
             "target_branch": "main", "draft": False, "state": "merged"}  # fmt: skip
    glab.answer("issue view", issue)
    glab.answer("issue list", [issue])
    glab.answer("mr view", merge)
    glab.answer("mr list", [merge])
    glab.answer("api user", {"username": "me"})
    glab.answer("mr update", "")
    gitlab = GitLab(tmp_path)

    found = await gitlab.issue("4")
    pr = await gitlab.resolve("https://gitlab.com/g/s/r/-/merge_requests/8")
    await gitlab.assign(pr)

    assert (found.id, found.state, found.labels) == ("4", IssueState.CLOSED, ("bug",))
    assert [each.id for each in await gitlab.issues()] == ["4"]
    assert (pr.identity, pr.state, pr.branch) == ("g/s/r#8", "merged", "b")
    assert await gitlab.find("b") == pr
    assert await gitlab.state(pr) == "merged"
    assert glab.calls[-2].startswith("mr list") or "mr update 8 --assignee me" in glab.calls
    glab.fail("issue view", "404 Not Found")
    with pytest.raises(IssueNotFound):
        await gitlab.issue("5")


class Linear(HTTPServer):
    """Linear's interface, as far as a test needs it."""

    answer: Any = None
    status = 200
    asked: list[dict[str, Any]]
    keys: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Linear

    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.server.keys.append(self.headers["authorization"])
        body = self.server.answer if isinstance(self.server.answer, bytes) else json.dumps(self.server.answer).encode()
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its own word
        """Say nothing."""


@pytest.fixture
def linear() -> Iterator[Linear]:
    with Linear(("127.0.0.1", 0), Handler) as server:
        server.asked, server.keys = [], []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def tracker_of(linear: Linear) -> LinearTracker:
    return LinearTracker({"KEY": "secret"}, key_variable="KEY", address=f"http://127.0.0.1:{linear.server_port}/")


LINEAR_ISSUE = {
    "identifier": "ENG-5",
    "title": "T",
    "description": "D",
    "url": "https://linear.app/x/ENG-5",
    "branchName": "ann/eng-5-t",
    "priorityLabel": "High",
    "state": {"type": "started"},
    "labels": {"nodes": [{"name": "bug"}]},
}


async def test_an_issue_of_linear_is_read(linear: Linear) -> None:
    linear.answer = {"data": {"issue": LINEAR_ISSUE}}

    found = await tracker_of(linear).issue("eng-5")

    assert found == Issue(
        id="ENG-5",
        title="T",
        body="D",
        url="https://linear.app/x/ENG-5",
        state=IssueState.IN_PROGRESS,
        labels=("bug",),
        priority="High",
        branch="ann/eng-5-t",
    )
    assert linear.keys == ["secret"]
    assert linear.asked[0]["variables"] == {"id": "ENG-5"}


async def test_open_issues_of_linear_are_listed(linear: Linear) -> None:
    linear.answer = {"data": {"issues": {"nodes": [LINEAR_ISSUE, "junk"]}}}

    assert [issue.id for issue in await tracker_of(linear).issues()] == ["ENG-5"]


@pytest.mark.parametrize(
    ("status", "answer", "kind", "word"),
    [
        (401, {}, ForgeError, "does not accept the key"),
        (429, {}, ForgeError, "no more requests"),
        (500, b"<html>", ForgeError, "cannot be read"),
        (200, {"errors": [{"message": "Entity not found: Issue"}]}, IssueNotFound, "Entity"),
        (400, {"errors": [{"message": "Argument Validation Error"}]}, ForgeError, "Validation"),
        (200, {"data": {"issue": None}}, IssueNotFound, "no issue ENG-5"),
        (200, [], ForgeError, "cannot be read"),
    ],
)
async def test_what_linear_refuses_says_what_to_do(
    status: int, answer: Any, kind: type[ForgeError], word: str, linear: Linear
) -> None:
    linear.status, linear.answer = status, answer

    with pytest.raises(ForgeError, match=word) as caught:
        await tracker_of(linear).issue("ENG-5")

    assert type(caught.value) is kind
    assert "secret" not in str(caught.value)


async def test_linear_without_a_key_or_a_network_is_a_clear_error() -> None:
    with pytest.raises(ForgeError, match="needs a key"):
        await LinearTracker({}).issue("ENG-5")
    with pytest.raises(ForgeError, match="could not be asked"):
        await LinearTracker({"LINEAR_API_KEY": "x"}, address="http://127.0.0.1:9/").issue("ENG-5")


TODO = """\
# Things to do
- [ ] ABC-1: Fix the **login**
  It fails on Mondays.

  - [x] with a test
- [ ] Make it fast
- [ ] Make it fast
- [-] never mind
```
- [ ] not this one
```
"""


async def test_tasks_of_a_file_are_issues(tmp_path: Path) -> None:
    (tmp_path / "TODO.md").write_text(TODO)
    tracker = MarkdownTracker(tmp_path)

    issues = await tracker.issues()

    assert [(issue.id, issue.title) for issue in issues] == [
        ("ABC-1", "Fix the login"),
        ("make-it-fast", "Make it fast"),
        ("make-it-fast-2", "Make it fast"),
    ]
    assert issues[0].url == "TODO.md:2"
    assert issues[0].body.startswith("It fails on Mondays.")
    assert (await tracker.issue("abc-1")).id == "ABC-1"
    assert (await tracker.issue("with-a-test")).state is IssueState.CLOSED
    assert tracker.branch("ABC-1") == "feat/ABC-1"
    with pytest.raises(IssueNotFound):
        await tracker.issue("not-this-one")


def test_headings_with_an_id_are_issues_where_there_are_no_tasks() -> None:
    lines = ["# Plan", "## [API-3] Speak JSON ##", "all of it", "### how", "well", "## Other", "x"]

    (issue,) = read_markdown(lines, "PLAN.md")

    assert (issue.id, issue.title, issue.body) == ("API-3", "Speak JSON", "all of it\n### how\nwell")


def test_todo_lines_are_issues_in_other_files() -> None:
    lines = ["x = 1  # TODO: rename it", "// TODO(AB-2) drop this", "TODONT: no", "- [x] done"]

    assert [(issue.id, issue.title, issue.state) for issue in read_todos(lines, "a.py")] == [
        ("rename-it", "rename it", IssueState.OPEN),
        ("AB-2", "drop this", IssueState.OPEN),
        ("done", "done", IssueState.CLOSED),
    ]


@given(st.lists(st.text(alphabet=st.sampled_from("-[] xX#`TODO():ab1\t"), max_size=30), max_size=12))
def test_any_lines_can_be_read_as_issues(lines: list[str]) -> None:
    for issue in [*read_markdown(lines, "x.md"), *read_todos(lines, "x")]:
        assert issue.id
        assert issue.title


async def test_issues_outside_the_repository_are_nobodys(tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("- [ ] secret")
    inside = tmp_path / "r"
    inside.mkdir()
    (inside / "TODO.md").symlink_to(tmp_path / "secret.md")

    assert await MarkdownTracker(inside, ("TODO.md", "../*.md")).issues() == []
    with pytest.raises(ForgeError, match="no pattern"):
        await MarkdownTracker(inside, ("/etc/*",)).issues()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("No issue found with that id", True),
        ("could not find issue", True),
        ("GraphQL: Could not resolve to an Issue with the number of 9", True),
        ("no issue with identifier X", True),
        ("Invalid issue format", True),
        ("Issue 12 was not found", True),
        ("the issue ABC does not exist", True),
        ("not logged in", False),
        ("host not found", False),
        ("network issue: timeout", False),
    ],
)
def test_not_found_is_told_from_could_not_ask(message: str, expected: bool) -> None:
    assert means_not_found(message) is expected


@pytest.mark.parametrize(
    ("word", "number"), [("7", "7"), (" #7 ", "7"), ("https://x/o/r/issues/7#c", "7"), ("ABC-7", None), ("-7", None)]
)
def test_issue_numbers(word: str, number: str | None) -> None:
    assert issue_number(word) == number


def test_a_very_long_issue_is_cut_and_says_where_the_rest_is() -> None:
    text = issue_text(Issue(id="7", title="T", body="x" * 20_000, url="https://x/7"))

    assert len(text) < 17_000
    assert "read it at https://x/7" in text


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("git@github.com:acme/web.git", "github.com"),
        ("https://user:pw@GitHub.com/acme/web", "github.com"),
        ("ssh://git@gitlab.example.org:2222/g/s/r.git", "gitlab.example.org"),
        ("/srv/git/web.git", ""),
        ("../web", ""),
    ],
)
def test_remotes_are_read(address: str, expected: str) -> None:
    assert host_in(address) == expected


@pytest.mark.process
async def test_the_forge_goes_by_the_remote_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r")
    repository.git("remote", "set-url", "origin", "git@github.com:acme/web.git")
    project = Project(name="web", path=repository.path, prefix="web", tracker="auto", scm="auto")
    forges = Forges({})
    await forges.learn([project])

    assert isinstance(forges.tracker(project), GitHub)
    assert isinstance(forges.scm(project), GitHub)
    for kind, expected in (("linear", LinearTracker), ("files", MarkdownTracker), ("none", type(None))):
        other = Project(name=kind, path=repository.path, prefix="x", tracker=kind, scm="none")
        assert isinstance(forges.tracker(other), expected)
        assert forges.scm(other) is None


async def test_held_answers_grow_old_and_failures_are_not_held() -> None:
    now = 0.0
    asked: list[str] = []
    cache: Cache[str] = Cache(10, size=2, monotonic=lambda: now)

    async def ask(word: str) -> str:
        asked.append(word)
        if word == "bad":
            raise ForgeError("no")
        return word

    for _ in range(2):
        await cache.get("a", lambda: ask("a"))
    now = 11
    await cache.get("a", lambda: ask("a"))
    for _ in range(2):
        with pytest.raises(ForgeError):
            await cache.get("bad", lambda: ask("bad"))
    for word in "bca":
        await cache.get(word, lambda word=word: ask(word))  # type: ignore[misc] # the word of this round

    assert asked == ["a", "a", "bad", "bad", "b", "c", "a"]
