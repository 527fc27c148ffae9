"""How the console opens: as the settings say, and as it was left the last time; and what keeps how it is left.

What the settings say is kept beside the state with a fingerprint of what it was read from, so that settings which have
not changed since they were last found right need not be checked before the first frame: that takes longest of all.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from typing import TYPE_CHECKING

from msgspec import Struct, convert, field, to_builtins

from quarterdeck import __version__
from quarterdeck.core.session import SessionId
from quarterdeck.errors import StoreError
from quarterdeck.foreign_files import read_bytes
from quarterdeck.roots import HOME_VARIABLE
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from quarterdeck.config.settings import Settings
    from quarterdeck.operations.settings_desk import Setting
    from quarterdeck.ports.store import Store

logger = logging.getLogger(__name__)
RECENT = "recent_folders"
RECENT_KEPT = 20
SETTINGS_KEPT_AS = "console settings"
"""Under which name it is kept what the settings say."""
OFF = "off"
NOTHING_SET = "nothing is set"
UNREADABLE_SETTINGS = "cannot be read"
REMEMBERED = frozenset({"theme", "preview", "grouping", "folded", "selected", "card"})
CHOSEN_HERE: Mapping[str, str] = {"console.theme": "theme", "console.preview": "preview", "console.group": "grouping"}
"""Settings that give way to what was chosen in the console itself, and under which name that is kept."""


class Preferences(Struct, frozen=True, kw_only=True):
    """What the operator set for the console, from settings and from the last time it ran."""

    theme: str = "dark"
    preview: str = "auto"
    """`auto`, `right`, `below` or `off`."""
    grouping: str = "none"
    """`none`, `session`, `repo`, `project` or `state`."""
    folded: tuple[str, ...] = ()
    """The keys of the groups that are folded."""
    selected: SessionId | None = None
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)
    """Saved filters by name."""
    view: str = ""
    """The saved filter to begin with."""
    card: bool = True
    """Whether what is not set up is shown."""
    ascii_only: bool = False
    mouse: bool = True


class KeptPreferences(Struct):
    """What the settings say, as it is kept."""

    fingerprint: str
    preferences: Preferences


def key_of(server: str) -> str:
    """Under which name is kept how the console of this server was left."""
    return f"console {server}"


def preferences_of(settings: Settings) -> Preferences:
    """What the settings say of the console."""
    console = settings.console
    return Preferences(
        theme=console.theme, preview=console.preview, grouping=console.group, keys=settings.keys,
        views=settings.views, view=console.view, ascii_only=console.ascii, mouse=console.mouse,
    )  # fmt: skip


def arrangement(text: str | None) -> dict[str, str]:
    """How the console was left; something unreadable counts as nothing."""
    values = read_json(text)
    if not isinstance(values, dict):
        return {}
    return {key: value for key, value in values.items() if key in REMEMBERED and isinstance(value, str)}


def arranged(preferences: Preferences, values: Mapping[str, str]) -> Preferences:
    """What the settings say, and over it what the operator chose in the console itself."""
    selected = values.get("selected")
    return replace(
        preferences,
        theme=values.get("theme", preferences.theme),
        preview=values.get("preview", preferences.preview),
        grouping=values.get("grouping", preferences.grouping),
        folded=_texts(values.get("folded")),
        selected=SessionId(selected) if selected else None,
        card=values.get("card") != OFF,
    )


def fingerprint(file: Path, environ: Mapping[str, str] = os.environ) -> str:
    """What the settings are read from, in short."""
    try:
        text = read_bytes(file)
    except FileNotFoundError:
        text = b""
    except OSError:
        return UNREADABLE_SETTINGS
    set_here = {name for name in environ if name.startswith("QUARTERDECK_")} - {HOME_VARIABLE}
    ours = sorted(f"{name}={environ[name]}" for name in set_here)
    if not text and not ours:
        return NOTHING_SET
    # Here, since most operators have no settings at the start.
    from hashlib import blake2b

    return blake2b("\0".join((__version__, text.hex(), *ours)).encode(errors="surrogateescape")).hexdigest()


def kept_preferences(text: str | None, print_now: str) -> Preferences | None:
    """What the settings say, when it was read from what is there now; else they have to be read anew."""
    if print_now == NOTHING_SET:
        return Preferences()
    try:
        kept = convert(read_json(text), type=KeptPreferences)
    except ValueError:
        # What does not fit, and also words with a lone surrogate in the place of others.
        return None
    return kept.preferences if kept.fingerprint == print_now != UNREADABLE_SETTINGS else None


def preferences_to_keep(preferences: Preferences, print_now: str) -> str:
    """The preferences as they are kept."""
    return json.dumps(to_builtins(KeptPreferences(print_now, preferences)))


def read_json(text: str | None) -> object:
    """What a kept text says; None when it says nothing or cannot be read."""
    try:
        value: object = json.loads(text) if text else None
    except ValueError:
        return None
    return value


def _texts(text: str | None) -> tuple[str, ...]:
    """The texts of a kept list; none when it cannot be read."""
    value = read_json(text)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


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
        self._recent = list(_texts(await store.get_meta(RECENT)))[:RECENT_KEPT]
        self._store = store
        self.remember(**self.chosen_early)

    def remember(self, **values: str | None) -> None:
        """Keep `theme`, `preview`, `grouping`, `folded`, `selected` or `card` for the next time; None forgets one."""
        if self._store is None:
            self.chosen_early |= values
            return
        fresh = {name: value for name, value in {**self._values, **values}.items() if value is not None}
        if fresh != self._values:
            self._values = fresh
            self._write_soon(self._key)

    def over(self, settings: list[Setting]) -> list[Setting]:
        """The settings, with what was chosen in the console in place of what they say."""
        chosen = {key: self._values.get(name) for key, name in CHOSEN_HERE.items()}
        return [
            replace(each, value=value, source="chosen here") if (value := chosen.get(each.key)) else each
            for each in settings
        ]

    def gives_way(self, key: str) -> None:
        """A setting was changed: it counts from now on, and no more what was chosen before."""
        if key in CHOSEN_HERE:
            self.remember(**{CHOSEN_HERE[key]: None})

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
