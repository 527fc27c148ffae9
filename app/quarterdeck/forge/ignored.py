"""Files that git ignores: which of them are somebody's work, and which can be had again.

A worktree may hold a hundred thousand of them, so folders that can be had again are not looked into, and only so many
of the others are named.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import stat
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.forge.git_command import ask

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

CACHES = (
    "node_modules", "bower_components", ".pnpm-store", ".yarn", ".parcel-cache", ".turbo", ".next", ".nuxt",
    ".svelte-kit", ".angular", ".venv", "venv", "__pycache__", "*.pyc", ".pytest_cache", ".mypy_cache", ".ruff_cache", 
    ".hypothesis", ".tox", ".nox", ".eggs", "*.egg-info", "target", ".gradle", ".dart_tool", ".direnv", ".cache",
    ".ccache", ".DS_Store", "Thumbs.db",
)  # fmt: skip
"""Names of what tools make and make again: no work is ever in it."""
MOST_IN_A_FOLDER = 5_000
"""Files of one folder that are remembered each by itself after the set-up; a larger one is remembered as a whole."""


class Ignored(Struct, frozen=True, kw_only=True):
    """What git ignores in a worktree, and would be lost with it."""

    files: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    """Repositories of their own, which no commit of ours can hold."""


async def ignored_work(
    path: Path, disposable: Collection[str], set_up: Mapping[str, str], *, most: int | None = None
) -> Ignored:
    """The ignored files that are work: not disposable, and not as the set-up has left them. At most `most` + 1."""
    entries = await _entries(path)
    return await asyncio.to_thread(_sort_out, path, entries, (*CACHES, *disposable), set_up, most)


async def remember(path: Path, disposable: Collection[str]) -> dict[str, str]:
    """What a set-up has made, each file by its size and time; a folder of very many files as a whole."""
    entries = await _entries(path)
    return await asyncio.to_thread(_prints, path, entries, (*CACHES, *disposable))


async def _entries(path: Path) -> list[str]:
    """What git ignores; a folder that it ignores wholly is one entry, with a slash at its end."""
    arguments = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    entries: list[str] = []
    for name in (await ask(path, *arguments)).split("\0"):
        # git names what is in a folder once more when it is ignored by a rule of its own.
        if name and not (entries and entries[-1].endswith("/") and name.startswith(entries[-1])):
            entries.append(name)
    return entries


def _sort_out(
    path: Path, entries: list[str], disposable: tuple[str, ...], set_up: Mapping[str, str], most: int | None
) -> Ignored:
    files: list[str] = []
    repositories: list[str] = []
    looked_into = (entry for entry in entries if not (entry.endswith("/") and entry in set_up))
    for name in itertools.chain.from_iterable(_below(path, entry, disposable) for entry in looked_into):
        if name.endswith("/"):
            repositories.append(name)
        elif name not in set_up or set_up[name] != _print(path / name):
            files.append(name)
            if most is not None and len(files) > most:
                break
    return Ignored(files=tuple(files), repositories=tuple(repositories))


def _prints(path: Path, entries: list[str], disposable: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries:
        inside: dict[str, str] = {}
        for name in _below(path, entry, disposable):
            inside[name] = _print(path / name)
            if len(inside) > MOST_IN_A_FOLDER:
                inside = {entry: ""}
                break
        found |= inside
    return found


def _below(path: Path, entry: str, disposable: tuple[str, ...]) -> Iterator[str]:
    """The files of an entry, and with a slash at their end the repositories in it, but for what is disposable."""
    if is_disposable(entry, disposable):
        return
    if not entry.endswith("/"):
        if not _is_special(path / entry):
            yield entry
        return
    try:
        held = sorted(os.scandir(path / entry), key=lambda each: each.name)
    except OSError:
        held = None  # it cannot be looked into, so neither can it be said to be empty
    if held is None or any(each.name == ".git" for each in held):
        yield entry
        return
    for each in held:
        is_folder = each.is_dir(follow_symlinks=False)
        yield from _below(path, f"{entry}{each.name}{'/' if is_folder else ''}", disposable)


def is_disposable(name: str, patterns: Collection[str]) -> bool:
    """Whether a path is named: a pattern without a slash means any part of it, one with a slash begins at the top."""
    parts = PurePosixPath(name).parts
    for pattern in patterns:
        if "/" not in pattern.rstrip("/"):
            if any(fnmatchcase(part, pattern.rstrip("/")) for part in parts):
                return True
            continue
        shape = PurePosixPath(pattern.lstrip("/")).parts
        if len(shape) <= len(parts) and all(map(fnmatchcase, parts, shape)):
            return True
    return False


def _is_special(path: Path) -> bool:
    """Whether it is a socket, a pipe or the like, which holds nothing."""
    try:
        return stat.S_IFMT(path.lstat().st_mode) not in {stat.S_IFREG, stat.S_IFLNK}
    except OSError:
        return False


def _print(path: Path) -> str:
    """What tells whether a file is as it was, without reading it."""
    try:
        held = path.lstat()
    except OSError:
        return ""
    return f"{held.st_size}:{held.st_mtime_ns}"
