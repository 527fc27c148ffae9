"""How the console opens: as the settings say, and as it was left the last time.

What the settings say is kept beside the state with a fingerprint of what it was read from, so that settings which have
not changed since they were last found right need not be checked before the first frame: that takes longest of all.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck import __version__
from quarterdeck.core.session import SessionId
from quarterdeck.foreign_files import read_bytes
from quarterdeck.roots import HOME_VARIABLE
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from quarterdeck.config.settings import Settings

KEPT = "console settings"
"""Under which name it is kept what the settings say."""
OFF = "off"
NOTHING_SET = "nothing is set"
UNREADABLE = "cannot be read"
REMEMBERED = frozenset({"theme", "preview", "grouping", "selected", "card"})
CHOSEN: Mapping[str, str] = {"console.theme": "theme", "console.preview": "preview", "console.group": "grouping"}
"""Settings that give way to what was chosen in the console itself, and under which name that is kept."""
_PLAIN = ("theme", "preview", "grouping", "view", "ascii_only", "mouse")


class Preferences(Struct, frozen=True, kw_only=True):
    """What the operator set for the console, from settings and from the last time it ran."""

    theme: str = "dark"
    preview: str = "auto"
    """`auto`, `right`, `below` or `off`."""
    grouping: str = "none"
    """`none`, `repo`, `project` or `state`."""
    selected: SessionId | None = None
    keys: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    views: Mapping[str, str] = field(default_factory=dict)
    """Saved filters by name."""
    view: str = ""
    """The saved filter to begin with."""
    card: bool = True
    """Whether what is not set up is shown."""
    ascii_only: bool = False
    mouse: bool = True


def key_of(server: str) -> str:
    """Under which name is kept how the console of this server was left."""
    return f"console {server}"


def preferences_of(settings: Settings) -> Preferences:
    """What the settings say of the console."""
    console = settings.console
    return Preferences(
        theme=console.theme,
        preview=console.preview,
        grouping=console.group,
        keys=settings.keys,
        views=settings.views,
        view=console.view,
        ascii_only=console.ascii,
        mouse=console.mouse,
    )


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
        return UNREADABLE
    ours = sorted(
        f"{name}={value}"
        for name, value in environ.items()
        if name.startswith("QUARTERDECK_") and name != HOME_VARIABLE
    )
    if not text and not ours:
        return NOTHING_SET
    # Here, since most operators have no settings at the start.
    from hashlib import blake2b

    return blake2b("\0".join((__version__, text.hex(), *ours)).encode(errors="surrogateescape")).hexdigest()


def kept_preferences(text: str | None, print_now: str) -> Preferences | None:
    """What the settings say, when it was read from what is there now; else they have to be read anew."""
    if print_now == NOTHING_SET:
        return Preferences()
    found = read_json(text)
    if print_now == UNREADABLE or not isinstance(found, dict) or found.get("fingerprint") != print_now:
        return None
    try:
        return Preferences(
            **{name: found[name] for name in _PLAIN},
            keys={name: tuple(keys) for name, keys in found["keys"].items()},
            views=dict(found["views"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def preferences_to_keep(preferences: Preferences, print_now: str) -> str:
    """The preferences as they are kept."""
    plain = {name: getattr(preferences, name) for name in _PLAIN}
    keys = {name: list(keys) for name, keys in preferences.keys.items()}
    return json.dumps({"fingerprint": print_now, **plain, "keys": keys, "views": dict(preferences.views)})


def read_json(text: str | None) -> object:
    """What a kept text says; None when it says nothing or cannot be read."""
    try:
        value: object = json.loads(text) if text else None
    except ValueError:
        return None
    return value
