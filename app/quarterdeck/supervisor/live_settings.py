"""The settings while we run: read again when their file changes, and passed on to who goes by them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from quarterdeck.config.unset import settings_now
from quarterdeck.core.events import Health
from quarterdeck.core.text import listed
from quarterdeck.errors import SettingsError
from quarterdeck.foreign_files import file_stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from quarterdeck.config.loader import LoadedSettings
    from quarterdeck.config.settings import Settings
    from quarterdeck.supervisor.file_watcher import WatchedFiles

Part = TypeVar("Part")
SETTINGS_WORKER = "settings"
GLANCE_EVERY_SECONDS = 1.0
"""Where nothing tells of a change, seconds between two glances at the file's date."""


class LiveSettings:
    """Holds the settings that are in force."""

    def __init__(
        self,
        file: Path,
        settings: Settings,
        *,
        report: Callable[[str, Health, str], None],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.file = file
        self.now = settings
        self._report = report
        self._environ = environ
        self._followers: list[Callable[[Settings], None]] = []
        self._say_what_waits: Callable[[str], None] | None = None
        # Not yet: the file may have been changed since the settings were read, while everything else was opened.
        self._seen: tuple[int, int, int] | None = None

    def follow(self, part: Callable[[Settings], Part], changed: Callable[[Part], None]) -> None:
        """Call with a part of the settings each time that it is another one."""
        held = part(self.now)

        def take_up(settings: Settings) -> None:
            nonlocal held
            found = part(settings)
            if found != held:
                changed(found)
                held = found

        self._followers.append(take_up)

    def say_what_waits(self, say: Callable[[str], None]) -> None:
        """Say, when the file was edited, which changes take effect only when the console opens again."""
        self._say_what_waits = say

    def loaded(self) -> tuple[LoadedSettings, str]:
        """The settings as the file and the environment have them now, and the file's version."""
        # The model is for who looks at the settings or changes them.
        from quarterdeck.config.edit import version_of
        from quarterdeck.config.loader import load

        version = version_of(self.file)
        return load(self.file, self._environ), version

    def change(self, key: str, value: str, shown: str) -> None:
        """Set one key in the file, and go by it at once."""
        from quarterdeck.config.edit import change

        loaded = change(self.file, key, value, shown=shown, environ=self._environ)
        self._seen = file_stamp(self.file)
        self._use(loaded.settings)

    async def run(self, watched: WatchedFiles) -> None:
        """Follow the file until cancelled."""
        while True:
            if self.look():
                watched.note_change()
            await watched.wait(GLANCE_EVERY_SECONDS)

    def look(self) -> bool:
        """Read the file again if it is another one, and say so; while it is wrong, what held before holds on."""
        stamp = file_stamp(self.file)
        if stamp == self._seen:
            return False
        self._seen = stamp
        before = self.now
        try:
            self._use(settings_now(self.file, self._environ))
        except SettingsError as error:
            self._report(SETTINGS_WORKER, Health.DEGRADED, error.message)
        else:
            self._report(SETTINGS_WORKER, Health.HEALTHY, "")
            if self._say_what_waits is not None and (waiting := _waiting(before, self.now)):
                self._say_what_waits(f"What was changed under {waiting} takes effect when the console opens again.")
        return True

    def _use(self, settings: Settings) -> None:
        if settings == self.now:
            return
        self.now = settings
        faults: list[Exception] = []
        for take_up in self._followers:
            try:
                take_up(settings)
            except Exception as fault:  # a boundary: one that cannot go by them must not keep the others from it
                faults.append(fault)
        if faults:
            raise faults[0]


def _waiting(before: Settings, after: Settings) -> str:
    """The sections that were changed and wait for the next start."""
    # An edit is rare, and most of the time nobody needs the model.
    from quarterdeck.config.describe import known_keys, waits_for_next_start

    sections = [name for name in known_keys(()) if waits_for_next_start((name,))]
    return listed([f"[{name}]" for name in sections if _plain(before, name) != _plain(after, name)])


def _plain(settings: Settings, section: str) -> Mapping[str, object]:
    """A section as names and values: where nothing is set, it is no model."""
    found = getattr(settings, section)
    return found if isinstance(found, dict) else vars(found)
