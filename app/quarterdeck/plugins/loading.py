"""What can be plugged in: a table of what we bring, and the entry points of what others bring."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.errors import QuarterdeckError
from quarterdeck.plugins.presence import may_be_brought

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint

log = logging.getLogger(__name__)

BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "agents": {
        "claude": "quarterdeck.agents.claude:AGENT",
        "codex": "quarterdeck.agents.codex:AGENT",
        "opencode": "quarterdeck.agents.opencode:AGENT",
        "gemini": "quarterdeck.agents.gemini:AGENT",
        "aider": "quarterdeck.agents.aider:AGENT",
        "amp": "quarterdeck.agents.others:AMP",
        "goose": "quarterdeck.agents.others:GOOSE",
        "cline": "quarterdeck.agents.others:CLINE",
        "cursor": "quarterdeck.agents.others:CURSOR",
        "grok": "quarterdeck.agents.others:GROK",
    },
}
"""Kind of plugin → its names → module and attribute."""


class PluginError(QuarterdeckError):
    """A plugin is not there, or cannot be loaded."""

    code = "plugin"


class LoadedPlugins(Struct, frozen=True):
    """Every plugin of a kind that could be loaded, and a sentence for each that could not."""

    plugins: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def names(kind: str) -> tuple[str, ...]:
    """All names of a kind, ours first; nothing is imported."""
    return tuple(dict.fromkeys((*BUILT_IN.get(kind, {}), *_others(kind))))


def load(kind: str, name: str) -> object:
    """One plugin; raises PluginError when it is not there or does not load."""
    target = BUILT_IN.get(kind, {}).get(name)
    if target is not None:
        module, _, attribute = target.partition(":")
        plugin: object = getattr(import_module(module), attribute)
        return plugin
    entry = _others(kind).get(name)
    if entry is None:
        raise PluginError(f"There is no {kind.rstrip('s')} {name!r}.", hint="Known: " + ", ".join(names(kind)))
    try:
        found: object = entry.load()
    # A plugin is other people's code: whatever it raises while it loads is a fault of that plugin and of nothing else.
    except Exception as error:
        log.warning("plugin %s:%s does not load", kind, name, exc_info=True)
        raise PluginError(f"The {kind.rstrip('s')} {name!r} does not load: {error}") from error
    return found


def load_all(kind: str) -> LoadedPlugins:
    """Every plugin of a kind; one that is broken is a warning and spoils no other."""
    plugins: dict[str, object] = {}
    warnings: list[str] = []
    for name in names(kind):
        try:
            plugins[name] = load(kind, name)
        except PluginError as error:
            warnings.append(error.message)
    return LoadedPlugins(plugins, tuple(warnings))


def _others(kind: str) -> dict[str, EntryPoint]:
    group = f"quarterdeck.{kind}"
    if not may_be_brought(group):
        return {}
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=group)}
