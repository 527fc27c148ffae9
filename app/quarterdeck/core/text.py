"""Foreign text made safe to show, and measured in terminal cells.

Everything that a pane, a title, a name, an issue or an agent says passes through here once, at the border. What
comes out holds no control character, no invisible one and none whose width a terminal could disagree about: joiners,
variation selectors and skin tones go, so that a row never drifts.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NewType, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

Clean = NewType("Clean", str)
"""Text that was cleaned: it may be written to the operator's terminal."""

Text = TypeVar("Text", bound=str)

ELLIPSIS = "…"
REPLACEMENT = "\ufffd"
MARKS_KEPT = 4
"""Combining marks on one letter; more than any script needs, and too few to spill over the next row."""

# Alternatives in the order a terminal tries them. A string that is never ended ends with its line. Inside a DCS an
# escape that is not a terminator belongs to the body (that is how tmux passes sequences through); elsewhere it aborts.
_SEQUENCE = re.compile(
    r"""
    \x1b (?:
        \[ [0-?]* [ -/]* [@-~]?
      | [\]k] [^\x07\x1b\r\n]* (?: \x07 | \x1b\\ )?
      | [PX^_] (?: [^\x1b\r\n] | \x1b(?!\\) )* (?: \x1b\\ )?
      | [ -/]* [0-~]?
    )
    """,
    re.VERBOSE,
)
_ONE_CHARACTER_FORMS = {chr(ord(letter) + 0x40): f"\x1b{letter}" for letter in "PX[\\]^_"}
"""An escape and a letter may also be one character, 64 places after the letter."""
_BLANK = re.compile(r"\s+")
_COLOUR = re.compile(r"\x1b\[[0-9;:]{0,64}m")

_BREAKS = frozenset("\n\r\v\f\x85\u2028\u2029")
_INVISIBLE = frozenset(
    {0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0}  # joiners and fillers
    | {*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}  # variation selectors
    | {*range(0x1F3FB, 0x1F400)}  # skin tones
)
_WIDE_SINCE_UNICODE_16 = frozenset(
    {*range(0x2630, 0x2638), *range(0x268A, 0x2690), *range(0x4DC0, 0x4E00)}
    | {*range(0x1D300, 0x1D357), *range(0x1D360, 0x1D377)}
)


class _Rules(dict[int, str | None]):
    """What becomes of each character, found out when it is first met."""

    def __init__(self, line_break: str) -> None:
        super().__init__()
        self.line_break = line_break

    def __missing__(self, code: int) -> str | None:
        self[code] = kept = self._judge(code)
        return kept

    def _judge(self, code: int) -> str | None:
        char = chr(code)
        if char in _BREAKS:
            return self.line_break
        if char == "\t":
            return " "
        category = unicodedata.category(char)
        if category in {"Cc", "Cf"} or code in _INVISIBLE:
            return None
        # A code point that Unicode has not assigned yet has no agreed width.
        return REPLACEMENT if category in {"Cs", "Cn"} else char


_ONE_LINE = _Rules(" ")
_MANY_LINES = _Rules("\n")


def clean(text: str, limit: int | None = None) -> Clean:
    """One safe line: no control sequences and nothing invisible, breaks and tabs as spaces, at most `limit` cells."""
    if not (text.isascii() and text.isprintable()):
        text = _plain(_SEQUENCE.sub("", _with_escapes(text)), _ONE_LINE)
    return Clean(text if limit is None else cut(text, limit))


def clean_lines(text: str) -> Clean:
    """As `clean`, with the line breaks kept."""
    return Clean(_plain(_SEQUENCE.sub("", _with_escapes(text)), _MANY_LINES))


def squashed(text: str) -> str:
    """The text cleaned and without its blanks, in which two screens differ that break lines elsewhere."""
    return _BLANK.sub("", clean_lines(text))


def clean_sgr(text: str) -> Clean:
    """As `clean_lines`, with the colours kept: `ESC[…m` and no other sequence."""
    parts: list[str] = []
    end = 0
    text = _SEQUENCE.sub(lambda found: found[0] if _COLOUR.fullmatch(found[0]) else "", _with_escapes(text))
    if _is_clean(set(text) - {"\x1b"}, _MANY_LINES):
        return Clean(unicodedata.normalize("NFC", text))
    for found in _COLOUR.finditer(text):
        parts += _plain(text[end : found.start()], _MANY_LINES), found[0]
        end = found.end()
    parts.append(_plain(text[end:], _MANY_LINES))
    return Clean("".join(parts))


def cell_width(text: str) -> int:
    """Terminal cells the text takes."""
    return len(text) if text.isascii() and text.isprintable() else sum(map(_char_width, text))


def cut(text: Text, width: int) -> Text:
    """The text in at most `width` cells, ended with … where something was cut off."""
    if cell_width(text) <= width:
        return text
    if width <= 0:
        return cast("Text", "")
    room = width - 1
    for index, char in enumerate(text):
        room -= _char_width(char)
        if room < 0:
            return cast("Text", text[:index] + ELLIPSIS)
    return text


def fit(text: Text, width: int, *, right: bool = False) -> Text:
    """The text in exactly `width` cells: cut, or filled with spaces (on the left when `right`)."""
    shown = cut(text, width)
    space = " " * (width - cell_width(shown))
    return cast("Text", space + shown if right else shown + space)


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def from_home(path: str, home: str) -> str:
    """A path as one would type it who is at home there."""
    return f"~{path[len(home) :]}" if path == home or path.startswith(f"{home}/") else path


def _with_escapes(text: str) -> str:
    """The text with the one-character forms of sequences written as escapes, so that there is one form to look for."""
    if not text.isascii():
        for short, long in _ONE_CHARACTER_FORMS.items():
            text = text.replace(short, long)
    return text


def _is_clean(characters: set[str], rules: _Rules) -> bool:
    """Whether text of these characters stays as it is, but for composing."""
    return all(rules[ord(char)] == char for char in characters) and not any(map(unicodedata.combining, characters))


def _plain(text: str, rules: _Rules) -> str:
    """Text without sequences made safe, character by character, and composed."""
    if not _is_clean(set(text), rules):
        text = _limit_marks(text.replace("\r\n", "\n").translate(rules))
    # Composing sorts marks in quadratic time, and may add some: so the stacks are cut before and after.
    return _limit_marks(unicodedata.normalize("NFC", text))


def _limit_marks(text: str) -> str:
    """The text with no more than `MARKS_KEPT` combining marks in a row."""
    if not any(map(unicodedata.combining, set(text))):
        return text
    kept: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= MARKS_KEPT:
            kept.append(char)
    return "".join(kept)


@lru_cache(maxsize=4096)
def _char_width(char: str) -> int:
    """Cells of one character; the same answer that Textual's own measure gives for clean text."""
    code = ord(char)
    if unicodedata.category(char) in {"Mn", "Me", "Mc", "Cf", "Cc"} or code in _INVISIBLE:
        return 0
    if 0x1160 <= code <= 0x11FF or 0xD7B0 <= code <= 0xD7FF:
        return 0  # Hangul vowels and finals join the syllable before them
    if code in _WIDE_SINCE_UNICODE_16:
        return 2
    return 2 if unicodedata.east_asian_width(char) in "WF" and unicodedata.category(char) != "Cn" else 1
