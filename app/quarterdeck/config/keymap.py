"""Keys of the operator's own: laid over the built-in ones, and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.config.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from quarterdeck.config.loader import LoadedSettings

Keys = tuple[str, ...]


def keymap(loaded: LoadedSettings, actions: Mapping[str, Keys], reserved: Collection[str] = ()) -> dict[str, Keys]:
    """Keys of every action: those chosen in `[keys]`, else its own.

    `actions` are the known ones with their keys; `reserved` are keys that no action may have. Raises SettingsError
    that names, for each fault, the line and the action: one that does not exist, a reserved key, a key that two have.
    """
    chosen = loaded.settings.keys
    keys = {name: chosen.get(name, own) for name, own in actions.items()}
    faults = [Fault(("keys", name), "unknown action", known=tuple(actions)) for name in chosen if name not in actions]
    for name in chosen:
        for key in keys.get(name, ()):
            owners = [other for other, theirs in keys.items() if key in theirs and other != name]
            if key in reserved:
                faults.append(Fault(("keys", name), f"the key {key} has another purpose"))
            elif owners:
                faults.append(Fault(("keys", name), f"the key {key} is already that of {owners[0]}"))
    loaded.refuse(faults)
    return keys
