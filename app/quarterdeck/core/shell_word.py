"""What a shell with our snippet says: that a command begins, and with which status it ended. Pure."""

from __future__ import annotations

import re

from msgspec import Struct

from quarterdeck.core.text import clean

SHELL_HEADER = "quarterdeck-shell 1"
"""Starts every word of a shell: what it is, and the version of its form."""
SHELL_WORDS_BYTES = 16_384
"""Of the end of what a shell has said, that many are read."""
COMMAND_LENGTH = 200

_BEGINS = re.compile(rf"^{SHELL_HEADER} (\d{{1,10}}) run - ?(?:[ \t]*\d+\*?[ \t]{{2}})?(.*)$", re.MULTILINE)
"""The shell's process, and the command; bash puts its number in the history before that."""
_ENDS = re.compile(rf"^{SHELL_HEADER} (\d{{1,10}}) end (\d{{1,3}})$", re.MULTILINE)
_STOPPED_BY_HAND = frozenset({130, 131, 141, 143, *range(146, 151)})
"""Interrupted, quit, hung up on by a pager, ended or put to sleep: the operator did that."""
_ANSWERS_NO = frozenset(
    {"grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack", "diff", "cmp", "test", "[", "[[", "pgrep", "which", "type"}
    | {"command", "false", "fzf"}
)
"""Programs that end with 1 to say no."""


class ShellWord(Struct, frozen=True, kw_only=True):
    """The last word of one shell."""

    pid: int
    """The shell's own process."""
    runs: bool
    """Whether a command runs; else it waits for one."""
    status: int | None = None
    """How the last one ended; None while one runs."""
    command: str = ""
    at: float
    """Epoch seconds when it was said."""


def parse_shell_word(said: bytes, at: float) -> ShellWord | None:
    """The last word of a shell, from the end of what it has said; None when that is none, or only a part of one.

    A line says what began, and another one how it ended. A command may have lines between.
    """
    # The last line may not be there as a whole.
    lines = "\n".join(said.decode(errors="replace").split("\n")[:-1])
    *_, begins = (None, *_BEGINS.finditer(lines))
    *_, ends = (None, *_ENDS.finditer(lines, begins.end() if begins else 0))
    told = ends or begins
    if told is None:
        return None
    is_same = begins is not None and begins[1] == told[1]
    return ShellWord(
        pid=int(told[1]),
        runs=ends is None,
        status=int(ends[2]) if ends is not None else None,
        command=clean(begins[2], COMMAND_LENGTH).strip() if is_same and begins is not None else "",
        at=at,
    )


def has_failed(status: int | None, command: str) -> bool:
    """Whether a command that ended like this has failed: a no is an answer, an interrupt the operator's own doing."""
    if not status or status in _STOPPED_BY_HAND:
        return False
    program = re.split(r"[|;&]+", command)[-1].split()
    return not (status == 1 and program and program[0].rpartition("/")[2] in _ANSWERS_NO)
