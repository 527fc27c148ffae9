"""Settings from three places: defaults, the file, the environment; each value knows where it came from.

And what they refer to, which the model cannot know: actions and their keys, agents, repositories.
"""

from __future__ import annotations

import os
import re
import tomllib
from typing import TYPE_CHECKING

from msgspec import Struct, field
from pydantic import ValidationError

from quarterdeck.config.describe import env_variables
from quarterdeck.config.faults import Fault, faults_of, settings_error
from quarterdeck.config.settings import Settings
from quarterdeck.config.toml_lines import Path as KeyPath
from quarterdeck.config.toml_lines import key_lines, line_of
from quarterdeck.config.variables import setting_variables
from quarterdeck.core.key_choice import UNKNOWN_ACTION, chosen_keys
from quarterdeck.foreign_files import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from quarterdeck.core.key_choice import Keys

DEFAULT_ORIGIN = "default"

_TRUTH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class SettingValue(Struct, frozen=True):
    """One setting as it holds, and where it came from."""

    path: KeyPath
    value: object
    origin: str
    """`default`, `file:LINE` or `env:NAME`."""

    @property
    def key(self) -> str:
        """Its dotted name."""
        return ".".join(self.path)


class LoadedSettings(Struct, frozen=True):
    """Settings, and where each value came from."""

    settings: Settings
    file: Path
    origins: Mapping[str, str] = field(default_factory=dict)
    """Origin of every key that is not a default, by its dotted name."""

    def origin(self, key: str) -> str:
        """Where the value at this dotted key came from: `default`, `file:LINE` or `env:NAME`."""
        return self.origins.get(key, DEFAULT_ORIGIN)

    def values(self) -> Iterator[SettingValue]:
        """Every setting, in the order of the model."""
        for path, value in _leaves(self.settings.model_dump(), ()):
            yield SettingValue(path, value, self.origin(".".join(path)))

    def refuse(self, faults: Sequence[Fault]) -> None:
        """Raise SettingsError that names each fault and its line, where there are any."""
        if faults:
            raise settings_error(faults, self.file, lambda path: self.origin(".".join(path)))


def load(file: Path, environ: Mapping[str, str] = os.environ) -> LoadedSettings:
    """The settings that hold now; raises SettingsError that lists everything that is wrong."""
    text = settings_text(file)
    tree = _parse(file, text)
    lines = key_lines(text)
    overrides, faults = _from_environment(environ)
    for path, value, _ in overrides:
        _put(tree, path, value)
    laid_over = {path: origin for path, _, origin in overrides}

    def origin_of(path: KeyPath) -> str:
        # What is wrong may lie inside the value of a variable, as one item of its list does.
        for length in range(len(path), 0, -1):
            if path[:length] in laid_over:
                return laid_over[path[:length]]
        line = line_of(lines, path)
        return f"file:{line}" if line else DEFAULT_ORIGIN

    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        faults = [*faults, *faults_of(error)]
    if faults:
        raise settings_error(faults, file, origin_of)
    return LoadedSettings(settings, file, {".".join(path): origin_of(path) for path, _ in _leaves(tree, ())})


def keymap(loaded: LoadedSettings, actions: Mapping[str, Keys], reserved: Collection[str] = ()) -> dict[str, Keys]:
    """Keys of every action: those chosen in `[keys]`, else its own.

    `actions` are the known ones with their keys; `reserved` are keys that no action may have. Raises SettingsError
    that names each fault, with the line and the action.
    """
    keys, faults = chosen_keys(actions, loaded.settings.keys, reserved)
    loaded.refuse(
        [
            Fault(
                ("keys", fault.action), fault.message, known=tuple(actions) if fault.message == UNKNOWN_ACTION else ()
            )
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


def check_repositories(loaded: LoadedSettings) -> None:
    """Raise SettingsError that names the line of each project without a repository; git itself is not asked."""
    loaded.refuse(
        [
            Fault(("projects", name, "path"), f"expected a git repository, but {project.path} is not one")
            for name, project in loaded.settings.projects.items()
            if not (project.path / ".git").exists()
        ]
    )


def settings_text(file: Path) -> str:
    """The settings file as it stands, empty where there is none; raises SettingsError where it cannot be read."""
    try:
        return read_text(file)
    except (FileNotFoundError, NotADirectoryError):
        # Where a folder in the path is none, whoever writes there says so.
        return ""
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise settings_error([Fault((), f"line {line} is not UTF-8 text")], file) from error
    except OSError as error:
        raise settings_error([Fault((), f"cannot be read: {error.strerror}")], file) from error


def _parse(file: Path, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"^(.*) \(at (?:line (\d+)|end)", str(error))
        what, line = (found[1], found[2] or str(text.count("\n") + 1)) if found else (str(error), "1")
        fault = Fault((), f"expected TOML: {what[:1].lower()}{what[1:]}")
        raise settings_error([fault], file, lambda _: f"file:{line}") from error


def _from_environment(environ: Mapping[str, str]) -> tuple[list[tuple[KeyPath, object, str]], list[Fault]]:
    named = setting_variables(environ)
    # What they may be named takes as long to find out as all the rest.
    known = env_variables() if named else {}
    found: list[tuple[KeyPath, object, str]] = []
    faults: list[Fault] = []
    for name in named:
        if name in known:
            path, kind = known[name]
            found.append((path, converted(environ[name], kind), f"env:{name}"))
        else:
            faults.append(Fault((), f"unknown setting {name}", origin=f"env:{name}", known=tuple(known)))
    return found, faults


def converted(text: str, kind: str) -> object:
    """The text of a variable as the kind of value its setting wants; left as it is when it does not look like one."""
    stripped = text.strip()
    if kind == "boolean":
        return _TRUTH.get(stripped.lower(), text)
    if kind == "integer" and re.fullmatch(r"[+-]?\d{1,18}", stripped):
        return int(stripped)
    if kind in {"number", "integer"} and re.fullmatch(r"[+-]?\d{1,18}(\.\d*)?", stripped):
        return float(stripped)
    return text


def _put(tree: dict[str, object], path: KeyPath, value: object) -> None:
    for part in path[:-1]:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            # The file has something else where a table belongs; the model will say so.
            return
        tree = below
    tree[path[-1]] = value


def _leaves(tree: Mapping[str, object], path: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value
