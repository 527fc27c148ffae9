"""Keeps what is not well with whoever watches, so that commands can say it too: they see only what is kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quarterdeck.core.events import Event, Health, LookFailed, LookSucceeded, WorkerHealth

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.ports.store import Store

TMUX = "tmux"
UNWELL = frozenset({Health.DEGRADED, Health.UNHEALTHY})


class HealthNotes:
    """What is wrong by what it is wrong with: tmux, or one of our workers."""

    def __init__(self, *, store: Store, server: str, is_writer: Callable[[], bool]) -> None:
        self._store = store
        self._server = server
        self._is_writer = is_writer
        self._now: dict[str, str] = {}
        self._kept: dict[str, str] | None = None
        """As it was written last; None before that, for another process may have left something."""
        self._changed = asyncio.Event()
        self._changed.set()

    def note(self, event: Event) -> None:
        """Take in what goes wrong, and what goes well again."""
        before = dict(self._now)
        match event:
            case LookFailed(message=message):
                self._now[TMUX] = message
            case LookSucceeded():
                self._now.pop(TMUX, None)
            case WorkerHealth(worker=worker, health=health, detail=detail) if health in UNWELL:
                self._now[worker] = detail or health.value
            case WorkerHealth(worker=worker):
                self._now.pop(worker, None)
            case _:
                return
        if self._now != before:
            self._changed.set()

    async def run(self) -> None:
        """Write each change, while the rows are ours to keep."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self.save()

    async def save(self) -> None:
        """Write what is wrong now."""
        if self._is_writer() and self._kept != self._now:
            kept = dict(self._now)
            await self._store.keep_troubles(self._server, kept)
            self._kept = kept

    def took_over(self) -> None:
        """The rows are ours to keep now: what the one before us found wrong is not what we find."""
        self._kept = None
        self._changed.set()

    async def clear(self) -> None:
        """Nobody watches from now on, so nothing is wrong with who does."""
        self._now = {}
        await self.save()
