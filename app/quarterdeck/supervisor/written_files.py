"""Tells which pane's agent wrote to its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.supervisor.file_watcher import TOUCHED, WatchRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from quarterdeck.core.pane import PaneId
    from quarterdeck.supervisor.file_watcher import FileWatcher


class WrittenFiles:
    """The files of each pane's agent, as far as the kernel tells of them."""

    def __init__(self, file_watcher: FileWatcher, told: Callable[[PaneId], None]) -> None:
        self._file_watcher = file_watcher
        self._told = told
        self._followed: dict[PaneId, _Followed] = {}

    def follow(self, pane_id: PaneId, files: Collection[Path]) -> bool:
        """Tell of these files and of no others; False when the kernel does not tell of every one."""
        self.forget(pane_id)
        followed = self._followed[pane_id] = _Followed(lambda: self._told(pane_id))
        requests = [WatchRequest(followed, file.name, TOUCHED, is_above=False) for file in files]
        pairs = zip(files, requests, strict=True)
        return bool(files) and all(self._file_watcher.watch(file.parent, request) for file, request in pairs)

    def forget(self, pane_id: PaneId) -> None:
        """Tell of none of a pane any more."""
        if (followed := self._followed.pop(pane_id, None)) is not None:
            self._file_watcher.forget(followed)


class _Followed:
    """One pane's files; what is gone is found out by reading it."""

    def __init__(self, told: Callable[[], None]) -> None:
        self._told = told

    def wake(self) -> None:
        """Something happened to one of them."""
        self._told()

    def begin_anew(self) -> None:
        """A folder of theirs is gone, or is elsewhere."""
        self._told()
