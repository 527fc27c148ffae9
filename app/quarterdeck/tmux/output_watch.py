"""Output, told by the kernel: one inotify instance on the panes' terminals."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from quarterdeck.inotify import IGNORED, MODIFY, ONCE, OVERFLOW, Inotify

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from quarterdeck.core.pane import Pane, PaneId

logger = logging.getLogger(__name__)

REARM_EVERY: Final = 0.25
"""Seconds between two batches: a loud pane costs one event each, whatever it prints."""


class OutputWatch:
    """Calls `wrote(pane)` when a pane's program writes; `wrote(None)` when it is not known who did.

    A watch fires once and is armed again with the next batch, which tells of the pane once more: what it
    wrote in between would else stay unseen. Keys echoed by the kernel give no event.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, wrote: Callable[[PaneId | None], None]) -> None:
        self._loop = loop
        self._wrote = wrote
        self._kernel = Inotify()
        self._ttys: dict[PaneId, str] = {}
        self._watches: dict[PaneId, int] = {}
        self._owners: dict[int, PaneId] = {}
        self._fired: set[PaneId] = set()
        self._rearming: asyncio.TimerHandle | None = None
        self.missed: frozenset[PaneId] = frozenset()
        """Panes whose terminal could not be watched."""
        loop.add_reader(self._kernel.fd, self._on_events)

    def watch(self, panes: dict[PaneId, Pane]) -> None:
        """Watch exactly these panes' terminals."""
        for pane_id, tty in list(self._ttys.items()):
            if pane_id not in panes or panes[pane_id].tty != tty:
                self.drop(pane_id)
        missed = {
            pane_id for pane_id, pane in panes.items() if pane_id not in self._ttys and not self._arm(pane_id, pane.tty)
        }
        if missed and not self.missed:
            logger.warning("%d terminals cannot be watched; they are polled", len(missed))
        self.missed = frozenset(missed)

    def drop(self, pane_id: PaneId) -> None:
        """Forget a pane, before its terminal's number goes to another one."""
        self._ttys.pop(pane_id, None)
        self._fired.discard(pane_id)
        watch = self._watches.pop(pane_id, None)
        if watch is not None:
            self._owners.pop(watch, None)
            self._kernel.remove(watch)

    def _arm(self, pane_id: PaneId, tty: str) -> bool:
        try:
            watch = self._kernel.add(tty, MODIFY | ONCE)
        except OSError as error:
            logger.debug("no watch on %s: %s", tty, error.strerror)
            self._ttys.pop(pane_id, None)
            return False
        self._ttys[pane_id] = tty
        former = self._watches.get(pane_id)
        if former is not None and former != watch:
            self._owners.pop(former, None)
        self._watches[pane_id] = watch
        self._owners[watch] = pane_id
        return True

    def _on_events(self) -> None:
        for watch, mask, _ in self._kernel.read():
            if mask & OVERFLOW:
                self._wrote(None)
            elif mask & IGNORED:
                self._ignored(watch)
            elif mask & MODIFY and watch in self._owners:
                self._wrote(self._owners[watch])

    def _ignored(self, watch: int) -> None:
        """The kernel took the watch away: it had fired, or its terminal is gone."""
        pane_id = self._owners.pop(watch, None)
        if pane_id is None or self._watches.get(pane_id) != watch:
            return
        del self._watches[pane_id]
        self._fired.add(pane_id)
        if self._rearming is None:
            self._rearming = self._loop.call_later(REARM_EVERY, self._rearm)

    def _rearm(self) -> None:
        self._rearming = None
        fired, self._fired = self._fired, set()
        for pane_id in fired:
            if self._arm(pane_id, self._ttys[pane_id]):
                self._wrote(pane_id)

    def close(self) -> None:
        """Let go of every terminal."""
        if self._kernel.fd < 0:
            return
        if self._rearming is not None:
            self._rearming.cancel()
        self._loop.remove_reader(self._kernel.fd)
        self._kernel.close()
