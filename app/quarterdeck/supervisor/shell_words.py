"""What shells with our snippet say, each in one small file that it writes over: read when one of them changes."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from quarterdeck.core.pane import PaneId
from quarterdeck.core.shell_word import SHELL_WORDS_BYTES, ShellWord, parse_shell_word
from quarterdeck.foreign_files import open_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from quarterdeck.supervisor.file_watcher import FileWatcher

logger = logging.getLogger(__name__)

WORDS_EVERY_SECONDS = 1.0
"""Where nothing tells of new words, seconds between two glances at them."""
WORDS_GAP_SECONDS = 0.05
"""Seconds between two readings, however many commands begin and end."""
MOST_SHELLS = 10_000
_NAME = re.compile(r"(\d{1,10})\.(\d{1,10})")
"""The number of the pane, and the process of its tmux server."""

Stamp = tuple[int, int]


class ShellWords:
    """The last word of the shell in each pane of one tmux server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = ""
        self._stamps: dict[str, Stamp] = {}
        self._words: dict[str, ShellWord] = {}

    def of(self, pane_id: PaneId) -> ShellWord | None:
        """The last word of a pane's shell; None where it says nothing."""
        return self._words.get(f"{pane_id.removeprefix('%')}.{self._server}") if self._words else None

    def keep_only(self, panes: Collection[PaneId], server: int) -> None:
        """Words are of this server from now on; what shells of panes said that are gone is removed."""
        self._server = str(server)
        if not self._words:
            return
        here = {f"{pane_id.removeprefix('%')}.{server}" for pane_id in panes}
        for name in [name for name in self._words if name.endswith(f".{server}") and name not in here]:
            self._words.pop(name)
            self._stamps.pop(name, None)
            with suppress(OSError):
                (self._folder / name).unlink()

    async def watch(
        self, files: FileWatcher, told: Callable[[Collection[PaneId]], None], *, may_read: Callable[[], bool]
    ) -> None:
        """Read what is said until cancelled; `told` gets the panes whose shells said something."""
        from quarterdeck.supervisor.file_watcher import APPEARED  # for those who wait, and most verbs do not

        watched = files.files(self._folder / "*", mask=APPEARED)
        await watched.read_on(self.read, told, may_read=may_read, gap=WORDS_GAP_SECONDS, every=WORDS_EVERY_SECONDS)

    async def read(self) -> set[PaneId]:
        """Take in what is new; answers the panes of the server whose shells said it."""
        stamps = await asyncio.to_thread(_stamps, self._folder)
        new = {name for name, stamp in stamps.items() if self._stamps.get(name) != stamp}
        for name in self._stamps.keys() - stamps.keys():
            self._words.pop(name, None)
        self._stamps = stamps
        if not new:
            return set()
        self._words |= await asyncio.to_thread(_words, self._folder, new)
        return {
            PaneId(f"%{pane}") for pane, _, server in (name.partition(".") for name in new) if server == self._server
        }


def _stamps(folder: Path) -> dict[str, Stamp]:
    """By which one tells which files have changed."""
    found: dict[str, Stamp] = {}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if len(found) < MOST_SHELLS and _NAME.fullmatch(entry.name):
                with suppress(OSError):
                    facts = entry.stat(follow_symlinks=False)
                    found[entry.name] = facts.st_mtime_ns, facts.st_size
    return found


def _words(folder: Path, names: Collection[str]) -> dict[str, ShellWord]:
    return {name: word for name in names if (word := _word(folder / name)) is not None}


def _word(file: Path) -> ShellWord | None:
    try:
        descriptor = open_file(file, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        facts = os.fstat(descriptor)
        if facts.st_uid != os.getuid():
            return None
        said = os.pread(descriptor, SHELL_WORDS_BYTES, max(0, facts.st_size - SHELL_WORDS_BYTES))
    finally:
        os.close(descriptor)
    return parse_shell_word(said, facts.st_mtime)
