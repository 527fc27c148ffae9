"""Keys of the operator's own, laid over those that every action has, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Keys = tuple[str, ...]
UNKNOWN_ACTION = "unknown action"


class KeyFault(NamedTuple):
    """Why an action cannot have what was chosen for it."""

    action: str
    message: str


def chosen_keys(
    actions: Mapping[str, Keys], chosen: Mapping[str, Keys], reserved: Collection[str] = ()
) -> tuple[dict[str, Keys], list[KeyFault]]:
    """The keys of every action, and each fault: no such action, a reserved key, a key that two actions have.

    `actions` are all there are, with the keys they have where none were chosen.
    """
    keys = {name: chosen.get(name, own) for name, own in actions.items()}
    faults = [KeyFault(name, UNKNOWN_ACTION) for name in chosen if name not in actions]
    for name in chosen:
        for key in keys.get(name, ()):
            owner = next((other for other, theirs in keys.items() if key in theirs and other != name), None)
            if key in reserved:
                faults.append(KeyFault(name, f"the key {key} has another purpose"))
            elif owner is not None:
                faults.append(KeyFault(name, f"the key {key} is already that of {owner}"))
    return keys, faults
