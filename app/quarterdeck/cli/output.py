"""What verbs print: JSON for programs, aligned columns for eyes, plain columns for pipes; and what they ask."""

from __future__ import annotations

import json
import os
import re
import sys
from datetime import UTC, datetime
from enum import Enum, StrEnum
from pathlib import PurePath
from typing import TYPE_CHECKING

from quarterdeck.core.text import cell_width, clean, clean_lines, fit
from quarterdeck.errors import Ambiguous, QuarterdeckError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COLUMN_GAP = "  "
_MOVES_A_TERMINAL = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class Colour(StrEnum):
    """What a colour is for: the sixteen of the terminal itself, so that they suit it."""

    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    BLUE = "34"
    CYAN = "36"
    BOLD = "1"
    DIM = "2"


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


def warn(text: str) -> None:
    """Say on stderr what is to be known beside what was asked for."""
    sys.stderr.write(f"quarterdeck: {clean(text)}\n")


def show_error(error: QuarterdeckError, *, as_json: bool) -> None:
    """Write an error to stderr: a sentence and its hint, or one JSON object."""
    from quarterdeck.core.redact import redact

    message, hint = clean_lines(redact(error.message)), clean_lines(error.hint)
    if as_json:
        choices = {"choices": error.choices} if isinstance(error, Ambiguous) else {}
        text = json_text({"error": {"code": error.code, "message": message, "hint": hint, **choices}})
    else:
        also = [clean_lines(note) for note in getattr(error, "__notes__", ())]
        text = "\n".join(part for part in (f"quarterdeck: {message}", hint, *also) if part)
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def agrees(question: str, *, otherwise: str, hint: str = "", more: Callable[[], None] | None = None) -> bool:
    """Whether the operator says yes; an empty line is no. Raises Refused with `otherwise` where nobody can be asked.

    `d` shows more, where there is more, and asks again.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(otherwise, hint=hint)
    while True:
        sys.stderr.write(f"{clean_lines(question)} [{'y/N, d: every line' if more else 'y/N'}] ")
        sys.stderr.flush()
        said = sys.stdin.readline().strip().lower()
        if said != "d" or more is None:
            return said in {"y", "yes"}
        more()


def coloured(text: str, colour: Colour | None) -> str:
    """The text in a colour, where that may be: on a terminal, and unless somebody said no (no-color.org)."""
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM", "") in {"", "dumb"}
    return text if plain or not (colour and text) else f"\x1b[{colour}m{text}\x1b[0m"


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
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
    lines = [COLUMN_GAP.join(map(fit, row, widths)).rstrip() for row in table]
    return "".join(f"{line}\n" for line in lines)


def separated(rows: Sequence[Sequence[str]]) -> str:
    """Rows as tab-separated cells; no cell can hold a tab or a line break, since those are cleaned away."""
    return "".join("\t".join(clean(cell) for cell in row) + "\n" for row in rows)
