"""Waiting until another process does something to a file: told by the kernel, else by looking now and then.

The kernel is asked directly. `watchfiles` would add two threads that wake while nothing happens, tells of a file before
it is written to its end, and cannot wait for a folder that does not exist yet.
"""

from __future__ import annotations

import asyncio
import fnmatch
import logging
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

from quarterdeck import inotify

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable
    from pathlib import Path

logger = logging.getLogger(__name__)

Heard = TypeVar("Heard")

REST: Final = 10.0
"""Seconds after which one looks although nothing was told: no kernel tells of what another machine does to a file."""
DISTRUST_AFTER: Final = 3
"""Changes that were found and not told of, after which what the kernel tells is not relied on any more."""

APPEARED: Final = inotify.CLOSE_WRITE | inotify.MOVED_TO
"""A file is there, whole."""
REPLACED: Final = APPEARED | inotify.DELETE | inotify.MOVED_FROM
"""It is there, is another one, or is gone. Not while somebody writes it, when half of it can be read."""
TOUCHED: Final = REPLACED | inotify.MODIFY | inotify.CREATE
LOST: Final = inotify.IGNORED | inotify.MOVE_SELF
"""The watched folder itself is gone, or is elsewhere now."""


class FileWatcher:
    """All the files that one process watches, on one descriptor. Needs a running loop from the first wait on."""

    def __init__(self, *, listens: bool = True) -> None:
        self._listens = listens
        self._kernel: inotify.Inotify | None = None
        self._requests: dict[int, list[WatchRequest]] = {}
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
        self._requests.clear()

    def watch(self, folder: Path, request: WatchRequest) -> bool:
        """Pass on what happens in a folder; False when the kernel does not tell of it."""
        kernel = self._opened()
        if kernel is None:
            return False
        try:
            watch = kernel.add(
                str(folder), request.mask | inotify.MOVE_SELF | inotify.ONLY_FOLDERS | inotify.IN_ADDITION
            )
        except OSError as error:
            logger.debug("what happens in %s is not told: %s", folder, error.strerror)
            return False
        self._requests.setdefault(watch, []).append(request)
        return True

    def forget(self, owner: Woken) -> None:
        """Tell one of nothing any more."""
        for watch, requests in list(self._requests.items()):
            requests[:] = [request for request in requests if request.owner is not owner]
            if not requests:
                del self._requests[watch]
                if self._kernel is not None:
                    self._kernel.remove(watch)

    def _opened(self) -> inotify.Inotify | None:
        if self._kernel is None and self._listens:
            try:
                self._kernel = inotify.Inotify()
            except (AttributeError, OSError) as error:
                logger.info("no word of files from the kernel (%s); they are looked at", error)
                self._listens = False
            else:
                asyncio.get_running_loop().add_reader(self._kernel.fd, self._pass_on)
        return self._kernel

    def _pass_on(self) -> None:
        for watch, mask, name in self._kernel.read() if self._kernel is not None else ():
            if mask & inotify.OVERFLOW:
                # Something was not told, and nobody knows of what.
                for owner in {request.owner for requests in self._requests.values() for request in requests}:
                    owner.wake()
                continue
            for request in tuple(self._requests.get(watch, ())):
                is_about = request.is_about(mask, name)
                if mask & LOST or (is_about and request.is_above):
                    request.owner.begin_anew()
                elif is_about:
                    request.owner.wake()


class WatchedFiles:
    """Some files, and whether anything happened to them. Where one is missing, its folder is waited for."""

    def __init__(self, file_watcher: FileWatcher, files: Iterable[Path], mask: int) -> None:
        self._file_watcher = file_watcher
        self._files = tuple(files)
        self._mask = mask
        self._happened = asyncio.Event()
        self._is_watched = False
        self._was_told = True
        self._missed = 0

    async def wait(self, every: float, rest: float = REST) -> bool:
        """Wait until something happens, for `rest` seconds at most, or `every` where it cannot; True when it did."""
        if not self._is_watched and self._missed < DISTRUST_AFTER:
            # In the folder of each file, or in the nearest above that exists.
            self._begin()
        try:
            async with asyncio.timeout(rest if self.is_told else every):
                await self._happened.wait()
        except TimeoutError:
            self._was_told = False
        else:
            self._was_told = True
            self._happened.clear()
        return self._was_told

    async def read_on(
        self,
        read: Callable[[], Awaitable[Collection[Heard]]],
        told: Callable[[Collection[Heard]], None],
        *,
        may_read: Callable[[], bool],
        gap: float,
        every: float,
    ) -> None:
        """Read what comes until cancelled, `gap` seconds apart at the least; `told` gets what that was about."""
        while True:
            if may_read() and (heard := await read()):
                told(heard)
                self.note_change()
            await asyncio.sleep(gap)
            await self.wait(every)

    @property
    def is_told(self) -> bool:
        """Whether the kernel tells of these files."""
        return self._is_watched and self._missed < DISTRUST_AFTER

    def note_change(self) -> None:
        """Something had changed when the last wait was over. On some file systems the kernel does not tell of it."""
        self._missed += self.is_told and not self._was_told
        if self._missed == DISTRUST_AFTER:
            logger.info("nothing is told of %s; it is looked at", self._files[0])

    def wake(self) -> None:
        """Something happened: whoever waits goes on."""
        self._happened.set()

    def begin_anew(self) -> None:
        """A folder is gone, is elsewhere now, or has come: the next wait finds out what there is to watch."""
        self._end()
        self.wake()

    def _begin(self) -> None:
        for file in self._files:
            name, folder = file.name, file.parent
            while not _is_folder(folder) and folder != folder.parent:
                name, folder = folder.name, folder.parent
            is_above = folder != file.parent
            request = WatchRequest(self, name, inotify.CREATE | inotify.MOVED_TO if is_above else self._mask, is_above)
            if not self._file_watcher.watch(folder, request):
                self._end()
                return
            self._is_watched = True
            if is_above and _is_folder(folder / name):
                # It came between the look and the watch, and was not told.
                self.begin_anew()
                return
        # What happened before was not told either.
        self.wake()

    def _end(self) -> None:
        self._file_watcher.forget(self)
        self._is_watched = False


class Woken(Protocol):
    """Who is told of files."""

    def wake(self) -> None:
        """Something happened to one of them."""

    def begin_anew(self) -> None:
        """A folder is gone, is elsewhere now, or has come."""


class WatchRequest(NamedTuple):
    """What is to be told of a folder, and to whom."""

    owner: Woken
    pattern: str
    mask: int
    is_above: bool
    """Whether the folder is above the one that is wanted, and the next on the way to it is waited for."""

    def is_about(self, mask: int, name: str) -> bool:
        """Whether something that happened to an entry of the folder is to be told."""
        is_wanted = name == self.pattern or (not self.is_above and fnmatch.fnmatchcase(name, self.pattern))
        return bool(mask & self.mask) and is_wanted


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        # Below a folder that is not ours to look into.
        return False
