"""On which line of a TOML text each key stands; the standard reader does not tell."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple[str, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(
    r'''"""(?:[^\\]|\\.)*?"""+|\'\'\'.*?\'\'\'+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''',
    re.DOTALL,
)
_VALUE_PART = re.compile(r"""[^"'#\[\]{}\n]+""")


def key_lines(text: str) -> Mapping[Path, int]:
    """Line of each key and table of a valid TOML text, by its path.

    What stands inside an inline table or a list has no line of its own: ask `line_of`. Items of a list of tables are
    numbered: `("rules", "0", "name")`.
    """
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    at = _end(_BLANK, text, 0)
    while at < len(text):
        line = text.count("\n", 0, at) + 1
        if text[at] == "[":
            repeated = text.startswith("[[", at)
            key, at = _dotted_key(text, at + (2 if repeated else 1))
            at = _end(re.compile(r"[^\n]*"), text, at)
            table = _numbered(key, counts)
            if repeated:
                counts[table] = counts.get(table, -1) + 1
                lines.setdefault(table, line)
                table = (*table, str(counts[table]))
            lines.setdefault(table, line)
        else:
            key, at = _dotted_key(text, at)
            for length in range(1, len(key) + 1):
                lines.setdefault((*table, *key[:length]), line)
            at = _skip_value(text, at)
        at = _end(_BLANK, text, at)
    return lines


def line_of(lines: Mapping[Path, int], path: Path) -> int | None:
    """Line of the key at `path`, or of the nearest thing around it that has one."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _numbered(key: Path, counts: Mapping[Path, int]) -> Path:
    # A header below a list of tables means the list's newest item.
    path: Path = ()
    for index, part in enumerate(key):
        path = (*path, part)
        if path in counts and index < len(key) - 1:
            path = (*path, str(counts[path]))
    return path


def _dotted_key(text: str, at: int) -> tuple[Path, int]:
    parts: list[str] = []
    while True:
        at = _end(_SPACE, text, at)
        found = _KEY.match(text, at)
        if found is None:
            return tuple(parts), at + 1
        parts.append(_unquoted(found[0]))
        at = _end(_SPACE, text, found.end())
        if not text.startswith(".", at):
            return tuple(parts), at
        at += 1


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    if not key.startswith('"'):
        return key
    # TOML's escapes are JSON's, and \UXXXXXXXX besides.
    plain = re.sub(r"(?<!\\)((?:\\\\)*)\\U([0-9a-fA-F]{8})", lambda found: found[1] + chr(int(found[2], 16)), key)
    return str(json.loads(plain, strict=False))


def _skip_value(text: str, at: int) -> int:
    """Position after the value that follows a key, at the end of its line."""
    depth = 0
    while at < len(text):
        char = text[at]
        if char in "\"'":
            at = max(_end(_STRING, text, at), at + 1)
        elif char == "#":
            at = _end(re.compile(r"#[^\n]*"), text, at)
        elif char == "\n" and depth == 0:
            return at
        elif char in "[]{}\n":
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(char, 0)
            at += 1
        else:
            at = _end(_VALUE_PART, text, at)
    return at


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
