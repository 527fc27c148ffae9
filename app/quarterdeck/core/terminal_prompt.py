"""The line of a plain terminal at which a program may wait for words: what it asks, and of which kind it is. Pure."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.screen_text import is_prompt
from quarterdeck.core.text import cell_width

if TYPE_CHECKING:
    from collections.abc import Sequence

PROMPT_LENGTH = 300
BESIDE = 2
"""Cells between the words of a prompt and the cursor, at most."""
MENU_LINES = 12

_SECRET = re.compile(
    r"\b(?:password|passwort|passphrase|passcode|pin|otp|token|secret|verification code|one-time code)\b"
    r"[^:?]{0,80}[:?]\s*$",
    re.IGNORECASE,
)
_CONFIRM = re.compile(
    r"[\[(]\s*(?:y(?:es)?\s*[/|]\s*n(?:o)?|n(?:o)?\s*[/|]\s*y(?:es)?)\b.{0,30}[\])]\s*[:?>]?\s*$"
    r"|\b(?:are you sure|do you (?:really )?want|proceed|continue|overwrite|replace|remove|delete)\b[^.!]{0,120}\?\s*"
    r"(?:[\[(][^\])]{0,30}[\])])?\s*[:>]?\s*$"
    r"|\bpress (?:any key|enter|return|\[?enter\]?|space)\b.{0,60}$",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"\benter (?:a|an|the|your)?\s?[^:]{1,60}:\s*$|\b(?:your )?(?:choice|selection|option)\b[^:?]{0,30}[:?]\s*$"
    r"|^#\?\s*$|^\s*\?\s\S.{0,120}$",
    re.IGNORECASE,
)
_WEAK = re.compile(r"\w.{0,200}[:?]\s*(?:\([^)]{0,60}\)|\[[^\]]{0,60}\])?\s*[:›»]?\s*$", re.DOTALL)
_DEBUGGER = re.compile(r"^\((?:Pdb|Pdb\+\+|ipdb|rdb:\d+|byebug|rdbg)\)\s*$|^ipdb>\s*$|^\[\d+\] pry\(.{0,60}\)>\s*$")
_REPL = re.compile(
    r"^(?:>>>|\.\.\.|>|In \[\d+\]:|\((?:gdb|lldb|Pdb|dlv|jdb)\)"
    r"|[\w.@/:-]{0,40}(?:\[[^\]]{0,30}\]|\([^)]{0,40}\))?:?\w*:?\d*"
    r"[=\-'\"*]?[>#$%])\s*$"
)
_NUMBERED = re.compile(r"^\s*\(?\d{1,2}[.)\]]\s+\S")
_PERCENT = re.compile(r"\d\s*%\s*$")


class PromptKind(StrEnum):
    """What a line at the cursor is."""

    SECRET = "secret"  # noqa: S105 - the word for a kind
    CONFIRM = "confirm"
    FIELD = "field"
    """Something to be typed, by words that say so."""
    WEAK = "weak"
    """It ends like a question; whether it is one, the text alone does not say."""
    DEBUGGER = "debugger"
    """A program has stopped where its author said so."""
    REPL = "repl"
    """An interpreter or another shell waits for commands: it rests."""
    LINE = "line"
    """Words without a sign of a question."""


STRONG = frozenset({PromptKind.SECRET, PromptKind.CONFIRM, PromptKind.FIELD, PromptKind.DEBUGGER})
"""Kinds that the words alone make likely."""


class TerminalPrompt(Struct, frozen=True):
    """The words before the cursor, where nothing stands behind or below it."""

    kind: PromptKind
    text: str


def prompt_at(screen: str, cursor: tuple[int, int] | None) -> TerminalPrompt | None:
    """What stands before the cursor; None where that is no line that was left open."""
    if cursor is None:
        return None
    column, row = cursor
    lines = screen.split("\n")
    if row >= len(lines) or any(map(str.strip, lines[row + 1 :])):
        return None
    line = lines[row].rstrip()
    if not line.strip() or not 0 <= column - cell_width(line) <= BESIDE:
        return None
    kind = kind_of(line)
    return TerminalPrompt(kind, _text(lines[:row], line, kind))


def kind_of(line: str) -> PromptKind:
    """What a line at the cursor is by its words."""
    words = line.strip()
    if _PERCENT.search(words):
        return PromptKind.LINE
    for kind, pattern in (
        (PromptKind.DEBUGGER, _DEBUGGER),
        (PromptKind.SECRET, _SECRET),
        (PromptKind.CONFIRM, _CONFIRM),
        (PromptKind.FIELD, _FIELD),
        (PromptKind.REPL, _REPL),
        (PromptKind.WEAK, _WEAK),
    ):
        if pattern.search(words):
            return kind
    return PromptKind.REPL if is_prompt(words) else PromptKind.LINE


def _text(above: Sequence[str], line: str, kind: PromptKind) -> str:
    """The prompt, with the numbered choices right above it."""
    start = len(above)
    if kind in {PromptKind.FIELD, PromptKind.WEAK}:
        while start and len(above) - start < MENU_LINES and _NUMBERED.match(above[start - 1]):
            start -= 1
    return "\n".join(each.strip() for each in (*above[start:], line))[-PROMPT_LENGTH:]
