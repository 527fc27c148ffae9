"""What the console remembers from one time to the next: how it was arranged, and where sessions were started."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

from quarterdeck.errors import StoreError
from quarterdeck.tui.preferences import CHOSEN, arrangement, key_of, read_json
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.session import SessionId
    from quarterdeck.operations.settings_desk import Setting
    from quarterdeck.ports.store import Store

logger = logging.getLogger(__name__)

RECENT = "recent_folders"
RECENT_KEPT = 20


class ConsoleMemory:
    """Small values of one console. They are written behind the scenes, once there is a store to write them to."""

    def __init__(self, server: str, own_row_key: str = "") -> None:
        self._key = key_of(server)
        self._own_row_key = own_row_key
        """Under which name the store keeps which row is the console's own."""
        self.chosen_early: dict[str, str | None] = {}
        """What was chosen while there was no store yet."""
        self._store: Store | None = None
        self._own: SessionId | None = None
        self._ends_with_us = False
        self._values: dict[str, str] = {}
        self._recent: list[str] = []
        self._dirty: set[str] = set()
        self._writing: asyncio.Task[None] | None = None

    async def use(self, store: Store) -> None:
        """Read what was kept, of which something unreadable counts as nothing, and keep there what is chosen."""
        self._values = arrangement(await store.get_meta(self._key))
        recent = read_json(await store.get_meta(RECENT))
        if isinstance(recent, list):
            self._recent = [folder for folder in recent if isinstance(folder, str)][:RECENT_KEPT]
        self._store = store
        self.remember(**self.chosen_early)

    def remember(self, **values: str | None) -> None:
        """Keep `theme`, `preview`, `grouping`, `selected` or `card` for the next time; None forgets one."""
        if self._store is None:
            self.chosen_early |= values
            return
        before = dict(self._values)
        for name, value in values.items():
            if value is None:
                self._values.pop(name, None)
            else:
                self._values[name] = value
        if self._values != before:
            self._write_soon(self._key)

    def over(self, settings: list[Setting]) -> list[Setting]:
        """The settings, with what was chosen in the console in place of what they say."""
        chosen = {key: self._values.get(name) for key, name in CHOSEN.items()}
        return [
            replace(each, value=value, source="chosen here") if (value := chosen.get(each.key)) else each
            for each in settings
        ]

    def gives_way(self, key: str) -> None:
        """A setting was changed: it counts from now on, and no more what was chosen before."""
        if key in CHOSEN:
            self.remember(**{CHOSEN[key]: None})

    def stands_in(self, own: SessionId | None, *, ends_with_us: bool = False) -> None:
        """Note which session holds nothing but the console, so that `status-line` does not count it.

        One that `ends_with_us` stays noted, so that its end is nobody's.
        """
        self._ends_with_us = ends_with_us
        if own != self._own:
            self._own = own
            self._write_soon(self._own_row_key)

    def leave(self) -> None:
        """The console goes; what is left of its session is one like any other."""
        if not self._ends_with_us:
            self.stands_in(None)

    def recent(self) -> list[str]:
        """Folders in which sessions were made, newest first."""
        return list(self._recent)

    def went_to(self, folder: str) -> None:
        """Remember a folder a session was made in."""
        self._recent = [folder, *(other for other in self._recent if other != folder)][:RECENT_KEPT]
        self._write_soon(RECENT)

    async def flush(self) -> None:
        """Wait until everything is written."""
        if self._writing is not None:
            await self._writing

    def _write_soon(self, key: str) -> None:
        self._dirty.add(key)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        while self._dirty and self._store is not None:
            key = self._dirty.pop()
            value = {RECENT: self._recent, self._own_row_key: self._own}.get(key, self._values)
            try:
                await self._store.set_meta(key, json.dumps(value) if value is not None else None)
            except StoreError:
                logger.warning("what the console remembers could not be kept", exc_info=True)
