"""Keys of the operator's own, checked where they were set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.config.faults import Fault
from quarterdeck.core.key_choice import UNKNOWN, chosen_keys

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from quarterdeck.config.loader import LoadedSettings
    from quarterdeck.core.key_choice import Keys


def keymap(loaded: LoadedSettings, actions: Mapping[str, Keys], reserved: Collection[str] = ()) -> dict[str, Keys]:
    """Keys of every action: those chosen in `[keys]`, else its own.

    `actions` are the known ones with their keys; `reserved` are keys that no action may have. Raises SettingsError
    that names each fault, with the line and the action.
    """
    keys, faults = chosen_keys(actions, loaded.settings.keys, reserved)
    loaded.refuse(
        [
            Fault(("keys", fault.action), fault.message, known=tuple(actions) if fault.message == UNKNOWN else ())
            for fault in faults
        ]
    )
    return keys
