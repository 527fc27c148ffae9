"""Bells that ring when another process does something to a file: told by the kernel, else by looking now and then."""

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
"""Changes that were found and not heard of, after which a bell is not relied on any more."""

APPEARED: Final = CLOSE_WRITE | MOVED_TO
"""A file is there, whole."""
REPLACED: Final = APPEARED | DELETE | MOVED_FROM
"""It is there, is another one, or is gone. Not while somebody writes it, when half of it can be read."""
TOUCHED: Final = REPLACED | MODIFY | CREATE


class Belfry:
    """The bells of one process, on one descriptor. Needs a running loop from the first wait on."""

    def __init__(self, *, listens: bool = True) -> None:
        self._listens = listens
        self._kernel: Inotify | None = None
        self._bells: dict[int, set[Bell]] = {}
        """By the watch of a folder."""

    def bell(self, *files: Path, mask: int = TOUCHED) -> Bell:
        """A bell for these files, which need not exist; the last part of each may be a pattern."""
        return Bell(self, files, mask)

    def close(self) -> None:
        """Silence all bells."""
        self._listens = False
        if self._kernel is not None:
            asyncio.get_running_loop().remove_reader(self._kernel.fd)
            self._kernel.close()
            self._kernel = None
        self._bells.clear()

    def watch(self, folder: str, mask: int, bell: Bell) -> int | None:
        """Tell the bell of what happens in a folder; None when that cannot be heard."""
        kernel = self._opened()
        if kernel is None:
            return None
        try:
            watch = kernel.add(folder, mask | MOVE_SELF | ONLY_FOLDERS | IN_ADDITION)
        except OSError as error:
            logger.debug("what happens in %s is not told: %s", folder, error.strerror)
            return None
        self._bells.setdefault(watch, set()).add(bell)
        return watch

    def unwatch(self, watch: int, bell: Bell) -> None:
        """End that."""
        bells = self._bells.get(watch)
        if bells is None:
            return
        bells.discard(bell)
        if not bells:
            del self._bells[watch]
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
                for bell in {bell for bells in self._bells.values() for bell in bells}:
                    bell.ring()
                continue
            is_lost = bool(mask & (IGNORED | MOVE_SELF))
            for bell in tuple(self._bells.get(watch, ())):
                if is_lost:
                    bell.lose()
                else:
                    bell.hear(watch, mask, name)
            if mask & IGNORED:
                self._bells.pop(watch, None)


class Bell:
    """Rings for some files. Where one does not exist yet, it waits for its folder to come."""

    def __init__(self, belfry: Belfry, files: Iterable[Path], mask: int) -> None:
        self._belfry = belfry
        self._files = tuple(files)
        self._mask = mask
        self._rung = asyncio.Event()
        self._watches: dict[int, list[_Wish]] = {}
        self._unheard = 0

    async def wait(self, every: float, rest: float = REST) -> bool:
        """Until it rings, for `rest` seconds at most, or `every` where it cannot; answers whether it rang."""
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
        """Whether it can ring."""
        return bool(self._watches) and self._unheard < DEAF_AFTER

    def miss(self) -> None:
        """Something had happened and it had not rung, as on some file systems."""
        self._unheard += self.is_heard
        if self._unheard == DEAF_AFTER:
            logger.info("nothing is told of %s; it is looked at", self._files[0])

    def ring(self) -> None:
        """Ring."""
        self._rung.set()

    def lose(self) -> None:
        """A folder is gone, or is elsewhere now: listen anew."""
        self._leave()
        self.ring()

    def hear(self, watch: int, mask: int, name: str) -> None:
        """Something happened in a folder; ring when it is about us."""
        for wish in self._watches.get(watch, ()):
            if mask & wish.mask and wish.means(name):
                if wish.is_above:
                    self._leave()
                self.ring()
                return

    def _listen(self) -> None:
        for file in self._files:
            folder, wish = _nearest(file, self._mask)
            watch = self._belfry.watch(str(folder), wish.mask, self)
            if watch is None:
                self._leave()
                return
            self._watches.setdefault(watch, []).append(wish)
            if wish.is_above and _is_folder(folder / wish.pattern):
                # It came between the look and the watch, and was not told.
                self.lose()
                return
        # What happened before was not told either.
        self.ring()

    def _leave(self) -> None:
        for watch in self._watches:
            self._belfry.unwatch(watch, self)
        self._watches.clear()


class _Wish(NamedTuple):
    """What a bell wants to hear of a folder."""

    pattern: str
    mask: int
    is_above: bool
    """Whether the folder is above the one that is wanted, and the next on the way to it is waited for."""

    def means(self, name: str) -> bool:
        """Whether this entry of the folder is wanted."""
        return name == self.pattern or (not self.is_above and fnmatch.fnmatchcase(name, self.pattern))


def _nearest(file: Path, mask: int) -> tuple[Path, _Wish]:
    """The folder to watch for a file: its own, or the nearest above that exists."""
    name, folder = file.name, file.parent
    while not _is_folder(folder) and folder != folder.parent:
        name, folder = folder.name, folder.parent
    is_above = folder != file.parent
    return folder, _Wish(name, CREATE | MOVED_TO if is_above else mask, is_above)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        # Below a folder that is not ours to look into.
        return False
