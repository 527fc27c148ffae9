"""Gives rows the colours of their repositories, when a folder is new and now and then after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from quarterdeck.core.events import SessionChanged, ThemeFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.core.events import Event
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.ports.clock import Clock
    from quarterdeck.supervisor.repo_themes import RepoThemes

EVERY = 30.0
"""Seconds after which an unchanged set of folders is looked at again."""


class ThemePainter:
    """Remembers for which folders the colours are known."""

    def __init__(self, *, clock: Clock, themes: RepoThemes) -> None:
        self._clock = clock
        self._themes = themes
        self._folders: frozenset[str] = frozenset()
        self._at = float("-inf")

    async def paint(self, current: Callable[[], Fleet]) -> list[Event]:
        """Events for themes that became known or changed, and for the rows they belong to."""
        folders = frozenset(session.cwd for session in current().sessions.values() if session.cwd)
        now = self._clock.monotonic()
        if not folders or (folders == self._folders and now - self._at < EVERY):
            return []
        self._folders, self._at = folders, now
        found = await self._themes.look(folders)
        fleet, at = current(), self._clock.now()
        events: list[Event] = [
            ThemeFound(theme_id=each.theme_id, theme=each.theme, at=at)
            for each in {each.theme_id: each for each in found.values()}.values()
            if fleet.themes.get(each.theme_id) != each.theme
        ]
        for session in fleet.sessions.values():
            theme = found.get(session.cwd)
            theme_id = theme.theme_id if theme else None
            if session.cwd in folders and theme_id != session.repo_theme_id:
                events.append(SessionChanged(before=session, after=replace(session, repo_theme_id=theme_id), at=at))
        return events
