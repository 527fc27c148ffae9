"""Finds the colours of the repositories that sessions work in, when a folder is new and now and then after."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.ports.clock import Clock
    from quarterdeck.supervisor.repo_themes import FoundTheme, RepoThemes

EVERY = 30.0
"""Seconds after which an unchanged set of folders is looked at again."""


class ThemePainter:
    """Remembers for which folders the colours are known."""

    def __init__(self, *, clock: Clock, themes: RepoThemes) -> None:
        self._clock = clock
        self._themes = themes
        self._folders: frozenset[str] = frozenset()
        self._at = float("-inf")

    async def paint(self, fleet: Fleet) -> Mapping[str, FoundTheme | None] | None:
        """The theme of each folder that sessions are in; None when it is not time, or a disk does not answer."""
        folders = frozenset(session.cwd for session in fleet.sessions.values() if session.cwd)
        now = self._clock.monotonic()
        if not folders or (folders == self._folders and now - self._at < EVERY):
            return None
        found = await self._themes.look(folders)
        if found is None:
            return None
        self._folders, self._at = folders, now
        return {folder: found.get(folder) for folder in folders}
