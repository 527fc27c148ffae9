"""What verbs print: JSON for programs, aligned columns for eyes, plain columns for pipes."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING

from quarterdeck.core.text import cell_width, clean, clean_lines, fit
from quarterdeck.errors import QuarterdeckError

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = "  "
_MOVES_A_TERMINAL = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class NobodyReads(Exception):
    """Our output goes nowhere any more, as after `| head`: the command ends quietly."""


def write(text: str) -> None:
    """Write text that is safe for a terminal as it is; the only way anything gets to standard output."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise NobodyReads from error
    except OSError as error:
        raise QuarterdeckError(f"The output cannot be written: {error.strerror}.") from error


def say(text: str) -> None:
    """Print lines of text that may hold foreign words."""
    write(f"{clean_lines(text)}\n")


def print_json(value: object, *, lines: bool = False) -> None:
    """Print a value as JSON: indented, or with `lines` as one line for each item of a list."""
    if lines:
        items = value if isinstance(value, list | tuple) else [value]
        for item in items:
            write(json_text(item) + "\n")
    else:
        write(json_text(value, indent=2) + "\n")


def json_text(value: object, indent: int | None = None) -> str:
    """A value as JSON that is readable UTF-8 and yet moves no terminal."""
    text = json.dumps(value, default=_plain, ensure_ascii=False, indent=indent, allow_nan=False)
    return _MOVES_A_TERMINAL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def moment(time: datetime) -> str:
    """A time as RFC 3339 in UTC."""
    text = time.astimezone(UTC).isoformat(timespec="milliseconds" if time.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def _plain(value: object) -> object:
    # Here, since most verbs write no values, and `-h` has none.
    from msgspec import Struct
    from msgspec.structs import asdict

    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Struct):
        return asdict(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def has_unicode() -> bool:
    """Whether what is printed may hold signs beyond ASCII."""
    return "utf" in (sys.stdout.encoding or "").lower()


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows: with a header and aligned on a terminal, as bare tab-separated columns in a pipe."""
    write(aligned(header, rows) if sys.stdout.isatty() else separated(rows))


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows below their header, each column as wide as its widest cell."""
    table = [[clean(cell) for cell in row] for row in (header, *rows)]
    widths = [max(cell_width(cell) for cell in column) for column in zip(*table, strict=True)]
    lines = [GAP.join([*(fit(cell, width) for cell, width in zip(row, widths, strict=True))]).rstrip() for row in table]
    return "".join(f"{line}\n" for line in lines)


def separated(rows: Sequence[Sequence[str]]) -> str:
    """Rows as tab-separated cells; no cell can hold a tab or a line break, since those are cleaned away."""
    return "".join("\t".join(clean(cell) for cell in row) + "\n" for row in rows)
