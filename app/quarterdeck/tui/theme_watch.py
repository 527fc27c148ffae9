"""Repaints when the operator saves the theme file that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.errors import SettingsError
from quarterdeck.tui import failures, theme

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.app import App
    from textual.timer import Timer

LOOK_SECONDS = 1.0


class ThemeWatch:
    """Looks at one file, and only while a theme of the operator's own is in use: ours do not change."""

    def __init__(self, app: App[int], folder: Path, use: Callable[[theme.Theme], None]) -> None:
        self._app = app
        self._folder = folder
        self._use = use
        self._timer: Timer | None = None
        self._path: Path | None = None
        self._seen: int | None = None

    def follow(self, name: str) -> None:
        """Watch this theme from now on, and no other."""
        path = self._folder / f"{name}.toml"
        if path == self._path:
            return
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._path, self._seen = path, _changed_at(path)
        if self._seen is not None:
            self._timer = self._app.set_interval(LOOK_SECONDS, self.look)

    def look(self) -> None:
        """Read the file again when it is another than before; a bad one is told, and the last good one stays."""
        if self._path is None or (changed := _changed_at(self._path)) in {None, self._seen}:
            return
        self._seen = changed
        try:
            self._use(theme.load_user(self._path))
        except SettingsError as error:
            failures.tell(self._app, error)


def _changed_at(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
