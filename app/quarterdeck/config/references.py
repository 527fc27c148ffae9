"""What settings refer to, and the model cannot know: actions and their keys, agents, repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.config.faults import Fault
from quarterdeck.core.key_choice import UNKNOWN, chosen_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

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


def check_agents(loaded: LoadedSettings, is_known: Callable[[str], bool], names: Sequence[str]) -> None:
    """Raise SettingsError that names, for each agent that nobody knows, the line and those that there are."""
    loaded.refuse(
        [
            Fault(value.path, f"expected one of {', '.join(names)}, not {value.value!r}")
            for value in loaded.values()
            if value.path[-1] == "agent" and isinstance(value.value, str) and value.value and not is_known(value.value)
        ]
    )


def is_repository(path: Path) -> bool:
    """Whether a checkout stands there; git itself is not asked."""
    return (path / ".git").exists()


def check_repositories(loaded: LoadedSettings) -> None:
    """Raise SettingsError that names the line of each project whose path holds no repository."""
    loaded.refuse(
        [
            Fault(("projects", name, "path"), f"expected a git repository, but {project.path} is not one")
            for name, project in loaded.settings.projects.items()
            if not is_repository(project.path)
        ]
    )
