"""Running git: by argument list, bounded, in one language, its refusals turned into errors that say what to do."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

from quarterdeck import process
from quarterdeck.core.text import clean
from quarterdeck.errors import BranchBusy, GitError, NotARepository, ProgramMissing, ProgramTimedOut
from quarterdeck.programs import install_hint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quarterdeck.ports.forge import Say

QUICK = 30.0
"""Seconds for a command that reads or writes what is already here."""
LONG = 300.0
"""Seconds for a check-out, or for keeping work: both go with the size of the repository."""

FETCH_SECONDS = 30.0
FETCH_AGAIN_SECONDS = 30.0
"""Several spawns in a row fetch once."""
_FETCH = ("fetch", "origin", "--quiet", "--no-write-fetch-head")
_QUIET_FETCH = ("gc.auto=0", "maintenance.auto=false", "fetch.recurseSubmodules=false")

ENVIRONMENT = {
    # Messages are read below.
    "LC_ALL": "C",
    "LANGUAGE": "",
    # Nobody is there to be asked: a question would hang, or scribble over the screen.
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_EDITOR": "true",
    # Looking at a worktree must not take the lock its agent needs.
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
}

_REFUSALS: tuple[tuple[str, type[GitError], str, str], ...] = (
    (r"'(?P<a>[^']+)' is already (?:checked out at|used by worktree at) '(?P<b>[^']+)'",
     BranchBusy, "The branch {a} is checked out in {b}.", "Finish or switch there first, or choose another branch."),
    (r"(?:not a git repository|this operation must be run in a work tree)",
     NotARepository, "{where} is not a git repository.", "Run `git init` there, or correct the project's path."),
    (r"detected dubious ownership in repository at '(?P<a>[^']+)'",
     GitError, "git does not trust {a}, because it belongs to another user.",
     "Run `git config --global --add safe.directory {a}` if you trust it."),
    (r"cannot lock ref '(?P<a>[^']+)': '(?P<b>[^']+)' exists",
     GitError, "A branch cannot be named {a} while {b} exists.", "Rename the branch that is in the way."),
    (r"[Uu]nable to create '(?P<a>[^']+\.lock)': File exists",
     GitError, "Another git program is at work here: {a} exists.",
     "Try again when it has ended. If none runs, remove that file."),
    (r"cannot remove a locked working tree",
     GitError, "The worktree {where} is locked, so it is not removed.", "Run `git worktree unlock` on it first."),
    (r"No space left on device", GitError, "The disk is full.", "Make room and try again."),
    (r"(?:Authentication failed|could not read (?:Username|Password)|Permission denied \(publickey|"
     r"Host key verification failed|terminal prompts disabled)",
     GitError, "The remote does not let us in.",
     "Log in once in a terminal (`git fetch` there), so that git keeps what it needs."),
    (r"(?:does not appear to be a git repository|Could not read from remote|[Rr]epository .* not found|"
     r"Could not resolve host|unable to access)",
     GitError, "The remote does not answer.", "Check the address with `git remote -v`, and the network."),
    (r"(?:fatal: invalid reference|not a valid (?:object|branch) name)[^']*'?(?P<a>[^'\n]*)'?",
     GitError, "There is no branch or commit {a} in {where}.", ""),
)  # fmt: skip
"""What git says, the error that it is, its sentence and its hint."""
HALF_MADE_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
_HALF_MADE = re.compile(r"failed to read \S*worktrees/[^/]+/\w+: Success")
"""What git says when it reads the books while another git is making a worktree: a file is there, and still empty."""


async def git(
    folder: Path,
    *arguments: str,
    timeout: float = QUICK,
    settings: Sequence[str] = (),
    input: str | None = None,  # noqa: A002 - as in process.run
    env: dict[str, str] | None = None,
) -> process.Result:
    """Run git in a folder. Its exit code is an answer; only git itself missing or too slow is an error."""
    argv = ["git", "-C", str(folder)]
    for setting in settings:
        argv += ["-c", setting]
    env = ENVIRONMENT | (env or {})
    try:
        for pause in HALF_MADE_PAUSES:
            result = await process.run([*argv, *arguments], timeout=timeout, input=input, env=env)
            if result.ok or not _HALF_MADE.search(result.err):
                return result
            await asyncio.sleep(pause)
            # `worktree add` has made the branch by then, at the very commit it is asked for again.
            arguments = tuple("-B" if word == "-b" else word for word in arguments)
        return await process.run([*argv, *arguments], timeout=timeout, input=input, env=env)
    except ProgramMissing as error:
        raise GitError("git is not installed.", hint=install_hint("git")) from error
    except ProgramTimedOut as error:
        raise GitError(f"git {arguments[0]} in {folder} did not end within {timeout:g} seconds.") from error


async def ask(
    folder: Path,
    *arguments: str,
    timeout: float = QUICK,
    settings: Sequence[str] = (),
    input: str | None = None,  # noqa: A002 - as in process.run
    env: dict[str, str] | None = None,
) -> str:
    """Run git and return what it said; raises the GitError that fits its refusal."""
    result = await git(folder, *arguments, timeout=timeout, settings=settings, input=input, env=env)
    if not result.ok:
        raise refusal(result, folder, arguments)
    return result.out


def refusal(result: process.Result, folder: Path, arguments: Sequence[str]) -> GitError:
    """The error that fits what git said."""
    for pattern, kind, message, hint in _REFUSALS:
        if found := re.search(pattern, result.err):
            told = {name: clean(value) for name, value in found.groupdict(default="").items()}
            words = {"where": str(folder), "a": "", "b": "", **told}
            return kind(message.format(**words), hint=hint.format(**words))
    return GitError(f"git {arguments[0]} failed in {folder}: {reason(result)}")


def reason(result: process.Result) -> str:
    """The line of git's that says most, in one piece."""
    lines = [line.strip() for line in result.err.splitlines() if line.strip()]
    loud = [line for line in lines if line.startswith(("fatal:", "error:"))]
    line = (loud or lines or [f"it ended with code {result.code}"])[-1]
    return clean(re.sub(r"^(?:fatal|error): ", "", line))[:300]


class Fetches:
    """Asks origin what is new, once for several worktrees of a repository that are made in a row."""

    def __init__(self) -> None:
        self._fetched: dict[Path, float] = {}
        self._fetching: dict[Path, asyncio.Lock] = {}

    async def fetch(self, repository: Path, notices: list[str], say: Say) -> None:
        """Fetch, unless that was just done; an origin that does not answer is a notice, and what is here serves."""
        async with self._fetching.setdefault(repository, asyncio.Lock()):
            last = self._fetched.get(repository)
            if last is not None and time.monotonic() - last < FETCH_AGAIN_SECONDS:
                return
            if not (await git(repository, "config", "--get", "remote.origin.url")).ok:
                return
            say("fetching from origin")
            try:
                result = await git(repository, *_FETCH, timeout=FETCH_SECONDS, settings=_QUIET_FETCH)
            except GitError as error:
                notices.append(f"origin could not be asked ({error.message}); starting from what is here.")
                return
            if result.ok:
                self._fetched[repository] = time.monotonic()
            else:
                notices.append(f"origin could not be asked ({reason(result)}); starting from what is here.")
