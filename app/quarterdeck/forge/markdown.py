"""Issues in plain files of the repository: task lists and headings in Markdown, `TODO` lines in anything else."""

from __future__ import annotations

import asyncio
import itertools
import re
from typing import TYPE_CHECKING

from quarterdeck.core.issue import Issue, IssueState
from quarterdeck.core.session_names import slug
from quarterdeck.core.text import clean
from quarterdeck.errors import ForgeError, IssueNotFound
from quarterdeck.foreign_files import TooLarge, read_text
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILES_READ = 200
LONGEST_FILE = 1024 * 1024
_TASK = re.compile(r"(?P<indent>\s*)(?:[-*+]|\d+[.)])\s+\[(?P<mark>[ xX~-])\]\s+(?P<title>.+?)\s*")
_HEADING = re.compile(r"(?P<level>#{1,6})\s+(?P<title>.+?)\s*#*\s*")
_TODO = re.compile(r".*\bTODO(?:\((?P<id>[^)\s]+)\))?:?\s+(?P<title>\S.*?)\s*")
_ID = re.compile(r"(?:\[|\(|^)(?P<id>[A-Z][A-Z0-9]*-\d+|#\d+)(?:\]|\)|:|\s|$)")
_STATES = {" ": IssueState.OPEN, "x": IssueState.CLOSED, "X": IssueState.CLOSED, "-": IssueState.CANCELLED,
           "~": IssueState.IN_PROGRESS}  # fmt: skip


class MarkdownTracker:
    """Implements `ports.forge.Tracker` on files of the repository."""

    name = "the repository's files"

    def __init__(self, folder: Path, patterns: Sequence[str] = ("TODO.md",)) -> None:
        self._folder = folder
        self._patterns = tuple(patterns)

    async def issue(self, issue_id: str) -> Issue:
        """One issue; raises IssueNotFound when there is none of that id."""
        wanted = issue_id.strip()
        for issue in await asyncio.to_thread(self._read):
            if wanted.casefold() in (issue.id.casefold(), issue.id.removeprefix("#").casefold()):
                return issue
        raise IssueNotFound(f"There is no issue {issue_id!r} in {', '.join(self._patterns)}.")

    async def issues(self, *, limit: int = 50) -> list[Issue]:
        """Open issues, in the order in which they stand."""
        return [issue for issue in await asyncio.to_thread(self._read) if not issue.is_completed][:limit]

    def branch(self, issue_id: str) -> str:
        """What a branch for this issue is called."""
        return f"feat/{slug(issue_id.removeprefix('#'), 'issue')}"

    def _read(self) -> list[Issue]:
        found: list[Issue] = []
        taken: set[str] = set()
        for path in self._files():
            name = path.relative_to(self._folder).as_posix()
            try:
                lines = read_text(path, LONGEST_FILE, errors="replace").splitlines()
            except TooLarge:
                continue
            except OSError as error:
                raise ForgeError(f"{path} cannot be read: {error.strerror}.") from error
            reader = read_markdown if path.suffix.lower() in (".md", ".markdown") else read_todos
            for issue in reader(lines, name):
                # Two of one name would be told apart by nobody.
                names = itertools.chain([issue.id], (f"{issue.id}-{number}" for number in itertools.count(2)))
                issue_id = next(each for each in names if each.casefold() not in taken)
                taken.add(issue_id.casefold())
                found.append(replace(issue, id=issue_id))
        return found

    def _files(self) -> list[Path]:
        root = self._folder.resolve()
        found: dict[Path, None] = {}
        for pattern in self._patterns:
            try:
                matches = sorted(self._folder.glob(pattern))
            except (ValueError, NotImplementedError) as error:
                raise ForgeError(f"{pattern!r} is no pattern of files inside the repository.") from error
            for path in matches:
                # A link may lead out of the repository; what lies there is nobody's issue.
                if path.is_file() and path.resolve().is_relative_to(root) and ".git" not in path.parts:
                    found[path] = None
        return list(found)[:FILES_READ]


def read_markdown(lines: Sequence[str], name: str) -> list[Issue]:
    """The tasks of a Markdown file; where it has none, its headings that carry an id."""
    tasks: list[Issue] = []
    headings: list[Issue] = []
    is_code = False
    for number, line in enumerate(lines):
        if line.lstrip().startswith(("```", "~~~")):
            is_code = not is_code
        if is_code:
            continue
        if task := _TASK.fullmatch(line):
            body = _below(lines, number, len(task["indent"]))
            tasks.append(_issue(task["title"], body, f"{name}:{number + 1}", _STATES[task["mark"]]))
        elif (heading := _HEADING.fullmatch(line)) and _ID.search(heading["title"]):
            body = _section(lines, number, len(heading["level"]))
            headings.append(_issue(heading["title"], body, f"{name}:{number + 1}", IssueState.OPEN))
    return tasks or headings


def read_todos(lines: Sequence[str], name: str) -> list[Issue]:
    """The `TODO` lines of any file; in a plain list every line is one."""
    found = []
    for number, line in enumerate(lines):
        if task := _TASK.fullmatch(line):
            found.append(_issue(task["title"], "", f"{name}:{number + 1}", _STATES[task["mark"]]))
        elif todo := _TODO.fullmatch(line):
            title = f"{todo['id']}: {todo['title']}" if todo["id"] else todo["title"]
            found.append(_issue(title, "", f"{name}:{number + 1}", IssueState.OPEN))
    return found


def _issue(title: str, body: str, place: str, state: IssueState) -> Issue:
    words = clean(re.sub(r"[*_`~]{1,3}", "", title)).strip()
    named = _ID.search(words)
    issue_id = named["id"] if named else slug(words, "task")
    rest = re.sub(r"^[\s:\])-]+", "", words[named.end() :]) if named and named.start() == 0 else words
    return Issue(id=issue_id, title=rest or words, body=body, url=place, state=state)


def _below(lines: Sequence[str], at: int, indent: int) -> str:
    """What is indented deeper than a task belongs to it."""
    inner = re.compile(rf"\s*$|\s{{{indent + 1}}}")
    return "\n".join(line.strip() for line in itertools.takewhile(inner.match, lines[at + 1 :])).strip()


def _section(lines: Sequence[str], at: int, level: int) -> str:
    body = []
    for line in lines[at + 1 :]:
        if (heading := _HEADING.fullmatch(line)) and len(heading["level"]) <= level:
            break
        body.append(line)
    return "\n".join(body).strip()
