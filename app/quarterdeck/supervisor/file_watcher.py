"""Waiting until another process does something to a file: told by the kernel, else by looking now and then."""

from __future__ import annotations

import asyncio
import fnmatch
import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from quarterdeck.inotify import (
    CLOSE_WRITE,
    CREATE,
    DELETE,
    IGNORED,
    IN_ADDITION,
    MODIFY,
    MOVE_SELF,
    MOVED_FROM,
    MOVED_TO,
    ONLY_FOLDERS,
    OVERFLOW,
    Inotify,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

logger = logging.getLogger(__name__)

REST: Final = 10.0
"""Seconds after which one looks although nothing was heard: no kernel tells of what another machine does to a file."""
DEAF_AFTER: Final = 3
"""Changes that were found and not heard of, after which what the kernel tells is not relied on any more."""

APPEARED: Final = CLOSE_WRITE | MOVED_TO
"""A file is there, whole."""
REPLACED: Final = APPEARED | DELETE | MOVED_FROM
"""It is there, is another one, or is gone. Not while somebody writes it, when half of it can be read."""
TOUCHED: Final = REPLACED | MODIFY | CREATE


class FileWatcher:
    """All the files that one process watches, on one descriptor. Needs a running loop from the first wait on."""

    def __init__(self, *, listens: bool = True) -> None:
        self._listens = listens
        self._kernel: Inotify | None = None
        self._watched_files: dict[int, set[WatchedFiles]] = {}
        """By the watch of a folder."""

    def files(self, *files: Path, mask: int = TOUCHED) -> WatchedFiles:
        """Watches these files, which need not exist; the last part of each may be a pattern."""
        return WatchedFiles(self, files, mask)

    def close(self) -> None:
        """Stop watching; whoever waits goes on looking now and then."""
        self._listens = False
        if self._kernel is not None:
            asyncio.get_running_loop().remove_reader(self._kernel.fd)
            self._kernel.close()
            self._kernel = None
        self._watched_files.clear()

    def watch(self, folder: str, mask: int, watched: WatchedFiles) -> int | None:
        """Pass on what happens in a folder; None when that cannot be heard."""
        kernel = self._opened()
        if kernel is None:
            return None
        try:
            watch = kernel.add(folder, mask | MOVE_SELF | ONLY_FOLDERS | IN_ADDITION)
        except OSError as error:
            logger.debug("what happens in %s is not told: %s", folder, error.strerror)
            return None
        self._watched_files.setdefault(watch, set()).add(watched)
        return watch

    def unwatch(self, watch: int, watched: WatchedFiles) -> None:
        """End that."""
        file_watcher = self._watched_files.get(watch)
        if file_watcher is None:
            return
        file_watcher.discard(watched)
        if not file_watcher:
            del self._watched_files[watch]
            if self._kernel is not None:
                self._kernel.remove(watch)

    def _opened(self) -> Inotify | None:
        if self._kernel is None and self._listens:
            try:
                self._kernel = Inotify()
            except (AttributeError, OSError) as error:
                logger.info("no word of files from the kernel (%s); they are looked at", error)
                self._listens = False
            else:
                asyncio.get_running_loop().add_reader(self._kernel.fd, self._hear)
        return self._kernel

    def _hear(self) -> None:
        if self._kernel is None:
            return
        for watch, mask, name in self._kernel.read():
            if mask & OVERFLOW:
                for watched in {watched for file_watcher in self._watched_files.values() for watched in file_watcher}:
                    watched.ring()
                continue
            is_lost = bool(mask & (IGNORED | MOVE_SELF))
            for watched in tuple(self._watched_files.get(watch, ())):
                if is_lost:
                    watched.lose()
                else:
                    watched.hear(watch, mask, name)
            if mask & IGNORED:
                self._watched_files.pop(watch, None)


class WatchedFiles:
    """Some files, and whether anything happened to them. Where one is missing, its folder is waited for."""

    def __init__(self, file_watcher: FileWatcher, files: Iterable[Path], mask: int) -> None:
        self._file_watcher = file_watcher
        self._files = tuple(files)
        self._mask = mask
        self._rung = asyncio.Event()
        self._watches: dict[int, list[_WatchRequest]] = {}
        self._unheard = 0

    async def wait(self, every: float, rest: float = REST) -> bool:
        """Wait until something happens, for `rest` seconds at most, or `every` where it cannot; True when it did."""
        if not self._watches and self._unheard < DEAF_AFTER:
            self._listen()
        try:
            async with asyncio.timeout(rest if self.is_heard else every):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True

    @property
    def is_heard(self) -> bool:
        """Whether the kernel tells of these files."""
        return bool(self._watches) and self._unheard < DEAF_AFTER

    def miss(self) -> None:
        """Something had happened that the kernel did not tell, as on some file systems."""
        self._unheard += self.is_heard
        if self._unheard == DEAF_AFTER:
            logger.info("nothing is told of %s; it is looked at", self._files[0])

    def ring(self) -> None:
        """Something happened: whoever waits goes on."""
        self._rung.set()

    def lose(self) -> None:
        """A folder is gone, or is elsewhere now: listen anew."""
        self._leave()
        self.ring()

    def hear(self, watch: int, mask: int, name: str) -> None:
        """Something happened in a folder; pass it on when it is about these files."""
        for request in self._watches.get(watch, ()):
            if mask & request.mask and request.means(name):
                if request.is_above:
                    self._leave()
                self.ring()
                return

    def _listen(self) -> None:
        for file in self._files:
            folder, request = _nearest(file, self._mask)
            watch = self._file_watcher.watch(str(folder), request.mask, self)
            if watch is None:
                self._leave()
                return
            self._watches.setdefault(watch, []).append(request)
            if request.is_above and _is_folder(folder / request.pattern):
                # It came between the look and the watch, and was not told.
                self.lose()
                return
        # What happened before was not told either.
        self.ring()

    def _leave(self) -> None:
        for watch in self._watches:
            self._file_watcher.unwatch(watch, self)
        self._watches.clear()


class _WatchRequest(NamedTuple):
    """What is to be told of a folder."""

    pattern: str
    mask: int
    is_above: bool
    """Whether the folder is above the one that is wanted, and the next on the way to it is waited for."""

    def means(self, name: str) -> bool:
        """Whether this entry of the folder is wanted."""
        return name == self.pattern or (not self.is_above and fnmatch.fnmatchcase(name, self.pattern))


def _nearest(file: Path, mask: int) -> tuple[Path, _WatchRequest]:
    """The folder to watch for a file: its own, or the nearest above that exists."""
    name, folder = file.name, file.parent
    while not _is_folder(folder) and folder != folder.parent:
        name, folder = folder.name, folder.parent
    is_above = folder != file.parent
    return folder, _WatchRequest(name, CREATE | MOVED_TO if is_above else mask, is_above)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        # Below a folder that is not ours to look into.
        return False
