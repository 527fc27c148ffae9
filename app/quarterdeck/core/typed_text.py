"""What is typed into an agent so that the words that were written arrive, and not what they would set off."""

from __future__ import annotations

import re
from typing import NamedTuple

from msgspec import Struct

_COMMAND = re.compile(r"/(?P<name>[^\s/]+)(?:[ \t].*)?")


class InputHabits(Struct, frozen=True, kw_only=True):
    """What an agent makes of words in its input line that begin or end in a certain way."""

    meaningful_starts: str = ""
    """Characters that mean something where a text begins with one: `!/#@`."""
    guard_before: str = " "
    """Put before such a text, so that it arrives as its words."""
    meaningful_last_words: str = ""
    """Characters that mean something where the last word begins with one, such as `@`: a picker opens."""
    meaningful_ends: str = ""
    """Characters that mean something where a text ends with one: a backslash makes the key that submits a new line."""
    guard_after: str = " "
    """Put after such a text, so that the key that submits is not taken by a picker."""
    commands: tuple[str, ...] = ()
    """The slash commands it knows, without the slash."""


class TypedText(NamedTuple):
    """A message as it is typed."""

    text: str
    is_command: bool = False
    """Whether the agent takes it as a command."""
    is_guarded: bool = False
    """Whether something was added, so that the agent takes it as words."""


def typed_text(message: str, habits: InputHabits | None, *, as_command: bool = False) -> TypedText:
    """How a message is typed: one line that is a command the agent knows goes as that, everything else as its words.

    `as_command` types it untouched, whatever the agent makes of it.
    """
    if habits is None:
        return TypedText(message, is_command=as_command)
    if as_command or command_in(message) in habits.commands:
        return TypedText(message.strip(), is_command=True)
    # One that needs more than a blank passes blanks over.
    start = (message if habits.guard_before.isspace() else message.lstrip())[:1]
    before = habits.guard_before if start and start in habits.meaningful_starts else ""
    last_word = re.split(r"\s", message)[-1]
    picks = last_word[:1] and last_word[0] in habits.meaningful_last_words
    ends = message[-1:] and message[-1] in habits.meaningful_ends
    after = habits.guard_after if picks or ends else ""
    return TypedText(f"{before}{message}{after}", is_guarded=bool(before or after))


def command_in(message: str) -> str | None:
    """The command that a message of one line names, whether or not somebody knows it."""
    found = _COMMAND.fullmatch(message.rstrip())
    return found["name"] if found else None
