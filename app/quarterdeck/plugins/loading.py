"""The agents there are: a table of those we bring, and the entry points of those that other packages bring."""

from __future__ import annotations

import logging
import os
import sys
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.metadata import EntryPoint

log = logging.getLogger(__name__)

GROUP = "quarterdeck.agents"
BUILT_IN_AGENTS: Mapping[str, str] = {
    "claude": "quarterdeck.agents.claude:AGENT",
    "codex": "quarterdeck.agents.codex:AGENT",
    "opencode": "quarterdeck.agents.opencode:AGENT",
    "kilo": "quarterdeck.agents.kilo:AGENT",
    "gemini": "quarterdeck.agents.gemini:AGENT",
    "qwen": "quarterdeck.agents.qwen:AGENT",
    "copilot": "quarterdeck.agents.copilot:AGENT",
    "pi": "quarterdeck.agents.pi:AGENT",
    "vibe": "quarterdeck.agents.vibe:AGENT",
    "antigravity": "quarterdeck.agents.others:ANTIGRAVITY",
    "cline": "quarterdeck.agents.cline:AGENT",
    "aider": "quarterdeck.agents.aider:AGENT",
    "amp": "quarterdeck.agents.others:AMP",
    "auggie": "quarterdeck.agents.others:AUGGIE",
    "goose": "quarterdeck.agents.others:GOOSE",
    "cursor": "quarterdeck.agents.others:CURSOR",
    "grok": "quarterdeck.agents.others:GROK",
}
"""Name → module and attribute."""


def names() -> tuple[str, ...]:
    """All names, ours first; nothing is imported."""
    return tuple(dict.fromkeys((*BUILT_IN_AGENTS, *_others())))


def load(name: str) -> object:
    """One agent; raises PluginError when it is not there or does not load."""
    if name in BUILT_IN_AGENTS:
        module, _, attribute = BUILT_IN_AGENTS[name].partition(":")
        plugin: object = getattr(import_module(module), attribute)
        return plugin
    entry = _others().get(name)
    if entry is None:
        raise PluginError(f"There is no agent {name!r}.", hint="Known: " + ", ".join(names()))
    try:
        found: object = entry.load()
    # A plugin is other people's code: whatever it raises while it loads is a fault of that plugin and of nothing else.
    except Exception as error:
        log.warning("plugin %s:%s does not load", GROUP, name, exc_info=True)
        raise PluginError(f"The agent {name!r} does not load: {error}") from error
    return found


def load_all() -> tuple[dict[str, object], list[str]]:
    """Every agent that could be loaded, and a sentence for each that could not: a broken one spoils no other."""
    plugins: dict[str, object] = {}
    warnings: list[str] = []
    for name in names():
        try:
            plugins[name] = load(name)
        except PluginError as error:
            warnings.append(error.message)
    return plugins, warnings


def _others() -> dict[str, EntryPoint]:
    # `importlib.metadata` takes 20 ms to say what is nearly always "none".
    if not may_be_brought():
        return {}
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP)}


def may_be_brought() -> bool:
    """Whether a package could bring an agent; False is certain."""
    strange = any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path)
    return strange or any(_brings(folder or ".") for folder in sys.path)


def _brings(folder: str) -> bool:
    try:
        return any(f"[{GROUP}]".encode() in text for text in _entry_points_in(folder))
    except FileNotFoundError:
        return False
    except OSError:
        # A zip file, or what only `importlib.metadata` can read.
        return True


def _entry_points_in(folder: str) -> Iterator[bytes]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name.lower()
            if (name.endswith((".dist-info", ".egg-info")) or name == "egg-info") and entry.is_dir():
                try:
                    yield Path(entry.path, "entry_points.txt").read_bytes()
                except FileNotFoundError:
                    continue
