"""Agents that the settings name: which of them nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.config.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quarterdeck.config.loader import LoadedSettings


def check_agents(loaded: LoadedSettings, is_known: Callable[[str], bool], names: Sequence[str]) -> None:
    """Raise SettingsError that names, for each agent that nobody knows, the line and those that there are."""
    faults = [
        Fault(value.path, f"expected one of {', '.join(names)}, not {value.value!r}")
        for value in loaded.values()
        if value.path[-1] == "agent" and isinstance(value.value, str) and value.value and not is_known(value.value)
    ]
    loaded.refuse(faults)
