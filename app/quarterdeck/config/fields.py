"""Kinds of values that settings are made of."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, StrictBool, StrictInt
from pydantic_core import PydanticCustomError

SECRET_NAME = re.compile(r"token|password|passwd|secret|authorization|cookie|api_?key|credential", re.IGNORECASE)
"""Names whose values are never shown."""
AT_NEXT_START: Final = "at the next start"
"""Marks, inside `Annotated`, a setting or section that a console which is open does not take up."""


class Section(BaseModel):
    """One table of the settings file: unknown keys are refused, and what was read does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def wrong(message: str, **context: str) -> PydanticCustomError:
    """A value that breaks a rule; `message` says what is expected, as in "expected …".

    `at="section.key"` puts the blame on another key than the one being checked.
    """
    # The braces of pydantic's own templates must not be found in what the operator wrote.
    return PydanticCustomError("rule", "{rule}", {"rule": message, **context})


def _split_command(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return shlex.split(value)
    except ValueError as error:
        raise wrong("a command whose quotes are closed") from error


def split_list(value: object) -> object:
    """One text with commas, as a list; anything else as it is."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def split_keys(value: object) -> object:
    """Keys in one text with commas, as a list; a comma that stands alone is the key itself."""
    return [","] if isinstance(value, str) and value.strip() == "," else split_list(value)


def with_dotted_names(value: object) -> object:
    """Tables in tables as one table: `session.send = "m"` means the action of that name, quoted or not."""
    if not isinstance(value, dict):
        return value
    flat: dict[str, object] = {}
    for name, below in value.items():
        inner = with_dotted_names(below)
        flat.update(
            {f"{name}.{key}": item for key, item in inner.items()} if isinstance(inner, dict) else {name: below}
        )
    return flat


def matching(pattern: str, expected: str) -> AfterValidator:
    """A rule for texts: empty, or all of it matches the pattern; `expected` says what that is."""

    def check(value: str) -> str:
        if value and not re.fullmatch(pattern, value):
            raise wrong(expected)
        return value

    return AfterValidator(check)


def _is_whole_path(value: Path) -> Path:
    path = value.expanduser()
    if not path.is_absolute():
        raise wrong("an absolute path, beginning with / or ~")
    return path


Flag = StrictBool
Count = StrictInt
Seconds = Annotated[float, Strict()]
SPLIT_COMMAND: Final = BeforeValidator(_split_command)
Command = Annotated[tuple[str, ...], SPLIT_COMMAND]
"""A program and its arguments: a list, or one text that is split as a shell would (and never given to one)."""
Texts = Annotated[tuple[str, ...], BeforeValidator(split_list)]
"""A list of texts, or one text with commas."""
Keys = Annotated[tuple[str, ...], BeforeValidator(split_keys)]
"""Keys of an action."""
KeyTable = Annotated[dict[str, Keys], BeforeValidator(with_dotted_names)]
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
Hours = Annotated[str, matching(f"{_CLOCK}-{_CLOCK}", 'hours such as "22:00-07:30", or nothing')]
VariableName = Annotated[str, matching(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")]
WholePath = Annotated[Path, AfterValidator(_is_whole_path)]
Environment = Annotated[dict[VariableName, str], Field(default_factory=dict)]
