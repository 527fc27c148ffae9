"""Reading what git prints: worktrees, and what a worktree holds that is nowhere else."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.text import clean
from quarterdeck.errors import GitError
from quarterdeck.forge.git_command import LONG, ask, git, refusal
from quarterdeck.ports.forge import WorkAtRisk, Worktree

if TYPE_CHECKING:
    from quarterdeck.forge.ignored import Ignored

_IN_PROGRESS = (
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisection"),
)
_STATUS = ("status", "--porcelain=v2", "-z", "--branch", "--untracked-files=all", "--ignore-submodules=none",
           "--no-renames")  # fmt: skip


async def list_worktrees(repository: Path) -> list[Worktree]:
    """Every worktree of the repository, the main one first."""
    arguments = ("worktree", "list", "--porcelain")
    result = await git(repository, *arguments, "-z")
    if result.ok:
        return parse_worktrees(result.out, "\0")
    if result.code != 129:
        raise refusal(result, repository, arguments)
    # git before 2.36 knows no -z here.
    return parse_worktrees(await ask(repository, *arguments), "\n")


async def worktree_at(repository: Path, path: Path) -> Worktree | None:
    """The worktree that git's books have at this place."""
    where = path.resolve()
    return next((tree for tree in await list_worktrees(repository) if tree.path.resolve() == where), None)


async def forget_lost(repository: Path, path: Path) -> None:
    """Strike a worktree whose folder is gone from git's books, where it would refuse a new one at its place.

    Only this one: `worktree prune` would take those that another process is making at this moment, and those on a
    disk that is away.
    """
    if await worktree_at(repository, path):
        await git(repository, "worktree", "remove", "--force", str(path))


def parse_worktrees(text: str, end: str) -> list[Worktree]:
    """Read `git worktree list --porcelain`: attributes ended by `end`, worktrees by an empty one."""
    blocks = (dict(line.partition(" ")[::2] for line in block.strip(end).split(end)) for block in text.split(end * 2))
    return [
        Worktree(
            path=Path(known["worktree"]),
            head=known.get("HEAD", ""),
            branch=known.get("branch", "").removeprefix("refs/heads/") or None,
            lock_reason=known.get("locked", ""),
        )
        for known in blocks
        if "worktree" in known
    ]


class WorktreeStatus(Struct):
    """What `git status` says of a worktree."""

    head: str = ""
    branch: str | None = None
    is_detached: bool = False
    changed: list[str] = field(default_factory=list)
    untracked: list[str] = field(default_factory=list)
    submodules: list[str] = field(default_factory=list)
    """Submodules with changes of their own."""
    nested: list[str] = field(default_factory=list)
    """Repositories inside the worktree that it does not know."""


def parse_status(text: str) -> WorktreeStatus:
    """Read `git status --porcelain=v2 -z --branch`."""
    status = WorktreeStatus()
    entries = iter(text.split("\0"))
    for entry in entries:
        kind, _, rest = entry.partition(" ")
        if kind == "#":
            name, _, value = rest.partition(" ")
            if name == "branch.oid":
                status.head = "" if value == "(initial)" else value
            elif name == "branch.head":
                status.is_detached = value == "(detached)"
                status.branch = None if status.is_detached else value
        elif kind in ("1", "2", "u"):
            # XY, submodule, then modes, object names and for a rename its score come before the path.
            parts = rest.split(" ", {"1": 7, "2": 8, "u": 9}[kind])
            path = parts[-1]
            status.changed.append(path)
            if len(parts) > 1 and parts[1].startswith("S") and set(parts[1][2:]) & {"M", "U"}:
                status.submodules.append(path)
            if kind == "2":
                next(entries, "")
        elif kind == "?":
            (status.nested if rest.endswith("/") else status.untracked).append(rest)
    return status


async def read_risk(path: Path, own: frozenset[str], ignored: Ignored) -> WorkAtRisk:
    """What would be lost with a worktree; `own` are files we put there ourselves, `ignored` what git does not see."""
    status = parse_status(await ask(path, *_STATUS, timeout=LONG))
    unpushed, in_progress, submodules = await asyncio.gather(
        _count_unpushed(path, status), _in_progress(path), _unpushed_submodules(path)
    )
    unkeepable = dict.fromkeys([*status.nested, *status.submodules, *submodules, *ignored.repositories])
    return WorkAtRisk(
        branch=status.branch,
        head=status.head,
        changed=tuple(clean(name) for name in status.changed),
        untracked=tuple(clean(name) for name in status.untracked if name not in own),
        ignored=tuple(clean(name) for name in ignored.files if name not in own),
        unpushed=unpushed,
        is_detached=status.is_detached,
        in_progress=in_progress,
        unkeepable=tuple(clean(name) for name in unkeepable),
    )


async def _count_unpushed(path: Path, status: WorktreeStatus) -> int:
    if not status.head:
        return 0
    mine = [f"--exclude={status.branch}"] if status.branch else []
    elsewhere = ("--remotes", *mine, "--branches", "--glob=refs/quarterdeck/kept/*")
    return int(await ask(path, "rev-list", "--count", "HEAD", "--not", *elsewhere))


async def _in_progress(path: Path) -> str | None:
    folder = Path((await ask(path, "rev-parse", "--absolute-git-dir")).rstrip("\n"))
    return next((what for name, what in _IN_PROGRESS if (folder / name).exists()), None)


async def _unpushed_submodules(path: Path) -> list[str]:
    if not (path / ".gitmodules").is_file():
        return []
    result = await git(path, "submodule", "status", "--recursive")
    if not result.ok:
        raise GitError(f"The submodules of {path} cannot be read, so it is not known what they hold.")
    found = []
    for line in result.out.splitlines():
        match = re.match(r"[ +U][0-9a-f]+ (.+?)(?: \([^()]*\))?$", line)
        if match is None:
            continue
        out = await ask(path / match[1], "rev-list", "--count", "--branches", "HEAD", "--not", "--remotes")
        if int(out):
            found.append(match[1])
    return found
