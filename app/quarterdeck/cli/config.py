"""`config`: the settings, and where each comes from."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.cli.output import agrees, json_text, print_json, print_table, say, show_error, warn
from quarterdeck.errors import NotFound, QuarterdeckError, Refused, SettingsError, StoreError
from quarterdeck.foreign_files import read_bytes
from quarterdeck.paths import FILE_MODE, private_folder
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.cli.call import Call
    from quarterdeck.config.loader import LoadedSettings, SettingValue

EMPTY_CONFIG = """\
# Settings of Quarterdeck. `quarterdeck config show` lists them all with their values, and
# `quarterdeck config schema` says what each is for. What is left out has its default.
"""


def path(call: Call) -> int:
    """Where the settings file is; with --json every place."""
    names = ("config_file", "themes", "state_file", "spool", "projects", "log_file")
    return call.tell({name: getattr(call.places, name) for name in names}, str(call.places.config_file))


def show(call: Call) -> int:
    """Every setting with its value and origin; secrets are masked."""
    from quarterdeck.config.describe import shown_value
    from quarterdeck.config.loader import load

    wanted = call.options.section
    chosen = _chosen(call)
    values = [
        chosen(value)
        for value in load(call.places.config_file).values()
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
    from quarterdeck.config.loader import DEFAULT_ORIGIN
    from quarterdeck.store.glances import read_only
    from quarterdeck.tui.preferences import CHOSEN_HERE, arrangement, key_of

    name = {"key": key_of(str(call.address))}
    try:
        rows = read_only(call.places.state_file, "SELECT value FROM meta WHERE key = :key", name)
    except StoreError as error:
        # The settings can be told without it.
        warn(f"what was chosen in the console is not known: {error.message}")
        rows = []
    kept = arrangement(rows[0][0] if rows else None)

    def taken(value: SettingValue) -> SettingValue:
        held = kept.get(CHOSEN_HERE.get(value.key, ""))
        if held is None:
            return value
        over = "" if value.origin == DEFAULT_ORIGIN else f", over {value.origin}"
        return replace(value, value=held, origin=f"console{over}")

    return taken


def check(call: Call) -> int:
    """Whether the settings are right, with the keys and what the projects point to."""
    from quarterdeck.config.loader import check_repositories

    loaded = checked(call.places.config_file)
    check_repositories(loaded)
    _check_rules(loaded, call.places.agent_rules)
    file = loaded.file if loaded.file.exists() else None
    count = sum(value.origin != "default" for value in loaded.values())
    values = f"{count} value{'' if count == 1 else 's'}"
    said = f"{file} is valid; it and the environment set {values}."
    return call.tell(
        {"config_file": file, "valid": True, "set": count},
        said if file else f"There is no {loaded.file}; the environment sets {values}.",
    )


def checked(file: Path) -> LoadedSettings:
    """The settings of a file, looked at as closely as when the console opens; raises SettingsError."""
    from quarterdeck.config.loader import check_agents, keymap, load
    from quarterdeck.runtime.agent_loading import load_agents
    from quarterdeck.tui.actions import ACTIONS, RESERVED

    loaded = load(file)
    keymap(loaded, {action.name: action.keys for action in ACTIONS}, RESERVED)
    agents = load_agents(loaded.settings.agents)
    check_agents(loaded, lambda name: agents.get(name) is not None, agents.names())
    return loaded


def _check_rules(loaded: LoadedSettings, folder: Path) -> None:
    from quarterdeck.runtime.agent_loading import load_agents, rule_faults

    if faults := rule_faults(folder, load_agents(loaded.settings.agents)):
        raise SettingsError("\n".join(faults), hint="Mend the file, or take it away.")


def schema(call: Call) -> int:
    """JSON schema of the settings file."""
    del call
    from quarterdeck.config.describe import documented_schema

    print_json(documented_schema())
    return 0


def _text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json_text(value)


def edit(call: Call) -> int:
    """Edit a copy, look whether it is right, and only then put it in its place."""
    import tempfile

    from quarterdeck.config.loader import settings_text

    file = call.places.config_file
    before = settings_text(file) if file.exists() else None
    private_folder(file.parent)
    handle, name = tempfile.mkstemp(prefix=".config.", suffix=".toml", dir=file.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(EMPTY_CONFIG if before is None else before)
        while True:
            _run_editor(draft)
            if read_bytes(draft) == (EMPTY_CONFIG if before is None else before).encode():
                say("Nothing was changed.")
                return 0
            try:
                checked(draft)
            except SettingsError as error:
                wrong = SettingsError(error.message.replace(str(draft), str(file)), hint=error.hint)
                if _again(wrong, call):
                    continue
                raise SettingsError(f"{file} stays as it was.") from error
            break
        _put(draft, file, before)
    finally:
        draft.unlink(missing_ok=True)
    say(f"{file} is valid and in force now.")
    return 0


def _again(error: SettingsError, call: Call) -> bool:
    """Whether the operator goes on editing; without a terminal the error itself is the answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise error
    show_error(error, as_json=call.json)
    return agrees("Edit again? Otherwise your changes are lost.", otherwise=error.message)


def _run_editor(draft: Path) -> None:
    import asyncio
    import shlex

    from quarterdeck.process import child_environment, on_terminal

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor and not (sys.stdin.isatty() and sys.stdout.isatty()):
        # An editor of somebody's own choice may need no terminal; vi would wait for one without end.
        raise QuarterdeckError(
            "There is no terminal to edit in.",
            hint="Set EDITOR to a program that needs none, or run this in a terminal.",
        )
    editor = editor or "vi"
    try:
        code = asyncio.run(on_terminal([*shlex.split(editor), str(draft)], child_environment()))
    except (OSError, ValueError) as error:
        raise QuarterdeckError(f"The editor {editor!r} cannot be started: {error}.", hint="Set EDITOR.") from error
    if code:
        raise QuarterdeckError(f"The editor ended with status {code}, so nothing was changed.")


def _put(draft: Path, file: Path, before: str | None) -> None:
    from quarterdeck.config.loader import settings_text

    # A link to where somebody keeps their settings stays one.
    target = file.resolve()
    now = settings_text(target) if target.exists() else None
    if now != before:
        raise Refused(f"{file} was changed by somebody else meanwhile, so it stays as it is.", hint="Edit again.")
    try:
        draft.chmod(FILE_MODE)
        if draft.parent == target.parent:
            draft.replace(target)
        else:
            target.write_bytes(read_bytes(draft))
    except OSError as error:
        raise QuarterdeckError(f"{file} cannot be written: {error.strerror}.") from error
