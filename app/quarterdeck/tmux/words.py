"""Text as tmux's own parsers take it, so that it arrives as it was written."""

from __future__ import annotations

import re
from typing import Final

from quarterdeck.errors import TmuxRefused

# A run of two or more `#` before a `[` is left alone by tmux (3.3a), a single one too; any other `#` is halved.
_HASHES: Final = re.compile(r"#+(?!\[|#)")


def words(*args: str) -> tuple[str, ...]:
    """Arguments of one command.

    tmux takes an argument that ends in `;` for the end of the command, wherever it stands, and drops the `;`.
    """
    return tuple(_word(arg) for arg in args)


def _word(arg: str) -> str:
    if "\0" in arg:
        raise TmuxRefused("Text with a NUL byte cannot be handed to tmux.")
    return f"{arg[:-1]}\\;" if arg.endswith(";") else arg


def unexpanded(text: str) -> str:
    """Text for an argument that tmux expands as a format: `#{pid}` stays what it is, and `#(…)` runs nothing."""
    return _HASHES.sub(lambda run: run[0] * 2, text)
