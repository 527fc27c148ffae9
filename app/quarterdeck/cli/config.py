"""`config`: the settings, and where each comes from."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from quarterdeck.cli.output import json_text, print_json, print_table, say
from quarterdeck.core.text import clean
from quarterdeck.errors import NotFound, StoreError
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from quarterdeck.cli.call import Call
    from quarterdeck.config.loader import LoadedSettings, SettingValue


def path(call: Call) -> int:
    """Where the settings file is; with --json every place."""
    places = call.places
    if call.json:
        names = ("config_file", "themes", "state_file", "spool", "projects", "log_file")
        print_json({name: getattr(places, name) for name in names})
    else:
        say(str(places.config_file))
    return 0


def show(call: Call) -> int:
    """Every setting with its value and origin; secrets are masked."""
    from quarterdeck.config.describe import shown_value

    wanted = call.options.section
    chosen = _chosen(call)
    values = [
        chosen(value)
        for value in call.loaded.values()
        if not wanted or value.key == wanted or value.key.startswith(f"{wanted}.")
    ]
    if wanted and not values:
        raise NotFound(f"There is no setting {wanted!r}.", hint="`quarterdeck config show` lists them all.")
    if call.json:
        print_json([{"key": v.key, "value": shown_value(v.path, v.value), "origin": v.origin} for v in values])
    else:
        rows = [(v.key, _text(shown_value(v.path, v.value)), v.origin) for v in values]
        print_table(("KEY", "VALUE", "ORIGIN"), rows)
    return 0


def _chosen(call: Call) -> Callable[[SettingValue], SettingValue]:
    """What takes a setting for what was chosen in this server's console in its place, where that was."""
    from quarterdeck.config.loader import DEFAULT
    from quarterdeck.store.status_counts import read_only
    from quarterdeck.tui.preferences import CHOSEN, arrangement, key_of

    name = {"key": key_of(str(call.address))}
    try:
        rows = read_only(call.places.state_file, "SELECT value FROM meta WHERE key = :key", name)
    except StoreError as error:
        # The settings can be told without it.
        sys.stderr.write(f"quarterdeck: what was chosen in the console is not known: {clean(error.message)}\n")
        rows = []
    kept = arrangement(rows[0][0] if rows else None)

    def taken(value: SettingValue) -> SettingValue:
        held = kept.get(CHOSEN.get(value.key, ""))
        if held is None:
            return value
        over = "" if value.origin == DEFAULT else f", over {value.origin}"
        return replace(value, value=held, origin=f"console{over}")

    return taken


def check(call: Call) -> int:
    """Whether the settings are right, with the keys and what the projects point to."""
    from quarterdeck.config.repositories import check_repositories

    loaded = checked(call.places.config_file)
    check_repositories(loaded)
    file = loaded.file if loaded.file.exists() else None
    count = len([value for value in loaded.values() if value.origin != "default"])
    if call.json:
        print_json({"config_file": file, "valid": True, "set": count})
    elif file:
        say(f"{file} is valid; it and the environment set {count} value{'' if count == 1 else 's'}.")
    else:
        say(f"There is no {loaded.file}; the environment sets {count} value{'' if count == 1 else 's'}.")
    return 0


def checked(file: Path) -> LoadedSettings:
    """The settings of a file, looked at as closely as when the console opens; raises SettingsError."""
    from quarterdeck.config.agent_names import check_agents
    from quarterdeck.config.keymap import keymap
    from quarterdeck.config.loader import load
    from quarterdeck.runtime.agent_loading import load_agents
    from quarterdeck.tui.actions import ACTIONS, RESERVED

    loaded = load(file)
    keymap(loaded, {action.name: action.keys for action in ACTIONS}, RESERVED)
    agents = load_agents(loaded.settings.agents)
    check_agents(loaded, lambda name: agents.get(name) is not None, agents.names())
    return loaded


def schema(call: Call) -> int:
    """JSON schema of the settings file."""
    del call
    from quarterdeck.config.describe import documented_schema

    print_json(documented_schema())
    return 0


def _text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json_text(value)
