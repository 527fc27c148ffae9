"""Changing one value in the settings file: everything else in it, comments included, stays as it is."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from quarterdeck.config.describe import is_command, schema_at
from quarterdeck.config.fields import split_list
from quarterdeck.config.loader import DEFAULT_ORIGIN, LoadedSettings, converted, load, settings_text
from quarterdeck.errors import Refused, SettingsError
from quarterdeck.foreign_files import read_bytes
from quarterdeck.paths import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def version_of(file: Path) -> str:
    """A digest of what the file, if there is one, holds: a change to another version than was shown is refused."""
    try:
        data = read_bytes(file)
    except FileNotFoundError:
        data = b""
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.") from error
    return blake2b(data, digest_size=16).hexdigest()


def change(file: Path, key: str, value: str, *, shown: str, environ: Mapping[str, str] = os.environ) -> LoadedSettings:
    """Set one key and answer the settings that hold then.

    The file is replaced only when all settings are right with the new value. Raises SettingsError when they are not,
    and Refused when the file is not the one that was shown, or when something else than the file sets the key.
    """
    # A link leads to where the operator keeps the file.
    target = file.resolve()
    if version_of(target) != shown:
        raise Refused("The settings file has changed since it was shown.", hint="Look at the setting again.")
    origin = load(file, environ).origin(key)
    if origin != DEFAULT_ORIGIN and not origin.startswith("file"):
        raise Refused(f"{key} is set by {origin.partition(':')[2] or origin}, which wins over the file.")
    text = with_value(settings_text(target), tuple(key.split(".")), value)
    draft = target.with_name(f".{target.name}.new")
    try:
        write_private(draft, text)
        load(draft, environ)
        if version_of(target) != shown:
            raise Refused("The settings file has changed since it was shown.", hint="Look at the setting again.")
        draft.replace(target)
    except SettingsError as error:
        raise SettingsError(error.message.replace(str(draft), str(file)), hint=error.hint) from error
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    return load(file, environ)


def with_value(text: str, path: tuple[str, ...], value: str) -> str:
    """A TOML text with another value at a path, and nothing else changed."""
    # Read only when something is changed: no start should pay for it.
    import tomlkit

    document = tomlkit.parse(text)
    table: Any = document
    for part in path[:-1]:
        if part not in table:
            table[part] = tomlkit.table()
        table = table[part]
    # A comment at the end of a table is about the next one, so a new key goes before it.
    behind = [] if path[-1] in table else _taken_from_the_end(getattr(table.value, "body", []))
    table[path[-1]] = typed(path, value)
    if behind:
        table.value.body.extend(behind)
    return tomlkit.dumps(document)


def _taken_from_the_end(body: list[Any]) -> list[Any]:
    """What follows the last key of a table: blank lines and comments."""
    last = max((place for place, (key, _) in enumerate(body) if key is not None), default=-1)
    behind = body[last + 1 :]
    del body[last + 1 :]
    return behind


def typed(path: tuple[str, ...], value: str) -> object:
    """What was typed, as the kind of value its key wants."""
    schema = schema_at(path)
    if schema is None:
        raise SettingsError(f"There is no setting {'.'.join(path)}.")
    kind = str(schema.get("type", "string"))
    if kind != "array":
        return converted(value, kind)
    if not is_command(path):
        return split_list(value)
    try:
        return shlex.split(value)
    except ValueError as error:
        raise SettingsError(f"{'.'.join(path)}: a quote is not closed.") from error
