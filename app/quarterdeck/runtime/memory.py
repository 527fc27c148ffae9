"""What the console remembers from one time to the next: how it was arranged, and where sessions were started."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from quarterdeck.errors import StoreError
from quarterdeck.runtime.wishes import CHOSEN, arranged, arrangement, key_of, read_json, wishes_of
from quarterdeck.store.status_counts import own_session_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.config.settings import Settings
    from quarterdeck.core.ids import SessionId
    from quarterdeck.operations.settings_desk import Setting
    from quarterdeck.ports.store import Store
    from quarterdeck.tui.backend import Preferences

logger = logging.getLogger(__name__)

RECENT = "recent_folders"
RECENT_KEPT = 20


class ConsoleMemory:
    """Small values in the store, read once at the start and written behind the scenes."""

    def __init__(self, store: Store, server: str) -> None:
        self._store = store
        self._key = key_of(server)
        self._own_key = own_session_key(server)
        self._own: SessionId | None = None
        self._ends_with_us = False
        self._values: dict[str, str] = {}
        self._recent: list[str] = []
        self._dirty: set[str] = set()
        self._writing: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read what was kept; something unreadable counts as nothing."""
        self._values = arrangement(await self._store.get_meta(self._key))
        recent = read_json(await self._store.get_meta(RECENT))
        if isinstance(recent, list):
            self._recent = [folder for folder in recent if isinstance(folder, str)][:RECENT_KEPT]

    def preferences(self, settings: Settings) -> Preferences:
        """How the console opens: as it was left, else as the settings say."""
        return arranged(wishes_of(settings), self._values)

    def keep(self, values: Mapping[str, str | None]) -> None:
        """Remember values by name; None forgets one."""
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
            self.keep({CHOSEN[key]: None})

    def stands_in(self, own: SessionId | None, *, ends_with_us: bool = False) -> None:
        """Note which session holds nothing but the console, so that `status-line` does not count it.

        One that `ends_with_us` stays noted, so that its end is nobody's.
        """
        self._ends_with_us = ends_with_us
        if own != self._own:
            self._own = own
            self._write_soon(self._own_key)

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
        while self._dirty:
            key = self._dirty.pop()
            value = {RECENT: self._recent, self._own_key: self._own}.get(key, self._values)
            try:
                await self._store.set_meta(key, json.dumps(value) if value is not None else None)
            except StoreError:
                logger.warning("what the console remembers could not be kept", exc_info=True)
