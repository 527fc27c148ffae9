"""Text as tmux's own parsers take it, so that it arrives as it was written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from quarterdeck.errors import TmuxRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

# A run of two or more `#` before a `[` is left alone by tmux (3.3a), a single one too; any other `#` is halved.
_HASHES: Final = re.compile(r"#+(?!\[|#)")
_PLAIN: Final = re.compile(r"[A-Za-z0-9 _./-]+")


def words(*args: str) -> tuple[str, ...]:
    """The arguments of one command, so that none of them ends it.

    tmux takes an argument that ends in `;` for the end of the command, wherever it stands, and drops the `;`.
    """
    if any("\0" in arg for arg in args):
        raise TmuxRefused("Text with a NUL byte cannot be handed to tmux.")
    return tuple(f"{arg[:-1]}\\;" if arg.endswith(";") else arg for arg in args)


def control_line(command: Sequence[str]) -> str:
    """One command as a line for a control client, which tmux reads back as exactly these words: it expands nothing."""
    if any(sign in word for word in command for sign in "\n\r\0"):
        raise ValueError("a control-mode command is one line")
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in command)


def unexpanded(text: str) -> str:
    """Text for an argument that tmux expands as a format: `#{pid}` stays what it is, and `#(…)` runs nothing."""
    return _HASHES.sub(lambda run: run[0] * 2, text)


def all_on_screen(texts: Sequence[str]) -> str:
    """A format that is true where a pane's visible screen shows every text; those hold no character that means more."""
    condition = "1"
    for text in texts:
        if not _PLAIN.fullmatch(text):
            raise ValueError(f"{text!r} cannot be looked for")
        condition = f"#{{&&:#{{C:{text}}},{condition}}}"
    return condition
