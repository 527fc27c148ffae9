"""Repository themes: found upward from the folders of sessions, read, and made where a repository asks for one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import stat
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.repo_theme import generate_theme, motif_for, parse_theme
from quarterdeck.core.times import rfc3339
from quarterdeck.foreign_files import file_stamp, read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.core.repo_theme import RepoTheme
    from quarterdeck.ports.clock import Clock

logger = logging.getLogger(__name__)

OUR_FOLDER = ".quarterdeck"
FOLDERS = (OUR_FOLDER, ".swimmers", ".throngterm")
"""Where colours may lie, best first. Only in ours is anything ever written."""
FILE = "colors.json"
LARGEST_COLOUR_FILE_BYTES = 65_536
"""Bytes of a colour file; what is larger is none."""
SIBLINGS = 400
"""Neighbouring folders that are looked at when colours are made."""
FOLDERS_EVERY_SECONDS = 30.0
"""Seconds after which an unchanged set of folders is looked at again."""
LOOKED_UP_FOR = 5.0
"""Seconds for which a folder's theme is not looked up again."""
THEMES_TIMEOUT_SECONDS = 2.0

_SKIN = {"skin": "#F3D2B6", "tan": "#DCCAB6", "ink": "#171717"}


class FoundTheme(Struct, frozen=True):
    """A repository's theme."""

    theme_id: str
    """The folder that holds the marker."""
    theme: RepoTheme


class RepoThemes:
    """Answers which theme a folder has. Files are read again only when they changed."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._by_folder: dict[str, tuple[float, FoundTheme | None]] = {}
        self._by_root: dict[Path, tuple[object, RepoTheme]] = {}
        self._looking: asyncio.Future[dict[str, FoundTheme | None]] | None = None
        self._folders: set[str] = set()
        self._at = float("-inf")

    async def look(self, folders: set[str]) -> Mapping[str, FoundTheme | None] | None:
        """The theme of each of these folders; None when it is not time, or a disk does not answer. Off the loop."""
        now = self._clock.monotonic()
        if not folders or (folders == self._folders and now - self._at < FOLDERS_EVERY_SECONDS):
            return None
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(asyncio.to_thread(self._look, folders))
        looking = self._looking
        done, _ = await asyncio.wait({looking}, timeout=THEMES_TIMEOUT_SECONDS)
        if not done:
            logger.warning("looking for repository themes took longer than %s s", THEMES_TIMEOUT_SECONDS)
            return None
        self._folders, self._at = folders, now
        return {folder: looking.result().get(folder) for folder in folders}

    def resolve(self, folder: str) -> FoundTheme | None:
        """The theme of a folder, made and written if its repository asks for one that is not there. Blocking."""
        now = self._clock.monotonic()
        known = self._by_folder.get(folder)
        if known is not None and now - known[0] < LOOKED_UP_FOR:
            return known[1]
        root = find_root(folder)
        found = None if root is None else FoundTheme(str(root), self._theme_of(root))
        self._by_folder[folder] = (now, found)
        return found

    def _look(self, folders: set[str]) -> dict[str, FoundTheme | None]:
        for gone in self._by_folder.keys() - folders:
            del self._by_folder[gone]
        return {folder: self.resolve(folder) for folder in sorted(folders)}

    def _theme_of(self, root: Path) -> RepoTheme:
        known = self._by_root.get(root)
        if known is not None and known[0] == _stamp(root):
            return known[1]
        theme = read_theme(root)
        if theme is None:
            try:
                neighbours = [each for each in islice(root.parent.iterdir(), SIBLINGS) if each != root]
            except OSError:
                neighbours = []
            taken = [found for each in sorted(neighbours) if (found := read_theme(each)) is not None]
            theme = generate_theme(str(root), taken)
            if (root / OUR_FOLDER).is_dir():
                self._write(root, theme)
        self._by_root[root] = (_stamp(root), theme)
        return theme

    def _write(self, root: Path, theme: RepoTheme) -> None:
        """Put new colours into the repository, replacing a file that holds none."""
        palette = {"body": theme.body, "outline": theme.outline, "accent": theme.accent, "shirt": theme.shirt} | _SKIN
        made_at, motif = rfc3339(self._clock.now()), motif_for(str(root))
        content = {"target": root.name, "generated_at": made_at, "palette": palette, "motif": motif}
        try:
            write_inside(root / OUR_FOLDER, FILE, json.dumps(content, indent=2) + "\n")
        except OSError as error:
            logger.warning("could not write the theme of %s: %s", root, error)


def find_root(folder: str) -> Path | None:
    """The nearest folder upward that holds one of the marker folders; itself counts."""
    start = Path(folder)
    if not start.is_absolute():
        return None
    try:
        start = start if start.is_dir() else start.parent
        return next((at for at in (start, *start.parents) if any((at / name).is_dir() for name in FOLDERS)), None)
    except (OSError, ValueError):
        return None


def read_theme(root: Path) -> RepoTheme | None:
    """The first valid colours that a folder's markers hold."""
    return next((theme for name in FOLDERS if (theme := _read(root, root / name / FILE)) is not None), None)


def write_inside(folder: Path, name: str, text: str) -> None:
    """Write a file into a folder, whole or not at all. A link, or anything else that is no file, stays as it is."""
    target = folder / name
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(os.stat(name, dir_fd=opened, follow_symlinks=False).st_mode):
                raise OSError(f"{target} is not a file")
        beside = f".{name}.{os.getpid()}"
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666, dir_fd=opened)
        try:
            with os.fdopen(file, "w", encoding="utf-8") as out:
                out.write(text)
            os.replace(beside, name, src_dir_fd=opened, dst_dir_fd=opened)
        except BaseException:
            os.unlink(beside, dir_fd=opened)
            raise
    finally:
        os.close(opened)


def _stamp(root: Path) -> object:
    """What tells that one of a folder's colour files changed."""
    return tuple(file_stamp(root / name / FILE) for name in FOLDERS)


def _read(root: Path, path: Path) -> RepoTheme | None:
    """The colours in a file; None when it holds none, is none, or lies outside the folder it is asked for."""
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve()):
            return None
        return parse_theme(json.loads(read_bytes(real, LARGEST_COLOUR_FILE_BYTES)))
    except (OSError, ValueError, RecursionError):
        return None
