"""Keys of the operator's own: laid over the built-in ones, and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quarterdeck.config.faults import Fault, settings_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

EVERYWHERE = "app"
"""The scope whose keys work on every screen, and so clash with those of any."""


@dataclass(frozen=True, slots=True)
class Bound:
    """An action and the keys it has when nobody says otherwise."""

    name: str
    keys: tuple[str, ...]
    scope: str = EVERYWHERE
    """The screen it belongs to; the same key may do different things on different screens."""


def keymap(
    actions: Iterable[Bound], chosen: Mapping[str, str], file: Path, origins: Mapping[str, str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Keys of every action: those chosen in `[keys]`, else its own.

    Raises SettingsError for an action that does not exist and for a key that two actions would have. A built-in key
    that the operator gave to another action is simply taken from the first.
    """
    known = {action.name: action for action in actions}
    wanted = {name: split_keys(keys) for name, keys in chosen.items()}
    faults = [Fault(("keys", name), "unknown action", known=tuple(known)) for name in wanted if name not in known]
    result: dict[str, tuple[str, ...]] = {}
    for name, action in known.items():
        if name in wanted:
            result[name] = wanted[name]
            continue
        taken = {
            key for other, keys in wanted.items() if other in known and _meet(action, known[other]) for key in keys
        }
        result[name] = tuple(key for key in action.keys if key not in taken)
    faults += _clashes(wanted, known)
    if faults:
        raise settings_error(faults, file, lambda path: (origins or {}).get(".".join(path), ""))
    return result


def split_keys(text: str) -> tuple[str, ...]:
    """Keys in a text with commas between them; a comma that stands alone is the key itself."""
    if text.strip() == ",":
        return ("comma",)
    return tuple(dict.fromkeys(key.strip() for key in text.split(",") if key.strip()))


def _meet(one: Bound, other: Bound) -> bool:
    return one.scope == other.scope or EVERYWHERE in {one.scope, other.scope}


def _clashes(wanted: Mapping[str, tuple[str, ...]], known: Mapping[str, Bound]) -> list[Fault]:
    faults = []
    names = [name for name in wanted if name in known]
    for index, name in enumerate(names):
        for earlier in names[:index]:
            both = sorted(set(wanted[name]) & set(wanted[earlier]))
            if both and _meet(known[name], known[earlier]):
                faults.append(Fault(("keys", name), f"the key {both[0]} is already given to {earlier}"))
    return faults
