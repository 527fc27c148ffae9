"""How Codex's screen is built; what it means is in `rules/codex.toml`."""

from __future__ import annotations

import itertools
import re

from quarterdeck.agents.dialogs import dialog_of, find_options
from quarterdeck.agents.screen import Parts, ScreenLayout

_HINT = re.compile(r"\benter\b.*\besc\b", re.IGNORECASE | re.DOTALL)
_BOX = re.compile(r"^[›>](?:\s|$)")
_DIALOG_TOP = re.compile(r"^\S")
_MARKED = re.compile(r"^\s*›\s+\d+\.\s")
_ASIDE_QUESTION = re.compile(r"^\s+Question \d+/\d+\b")


def split(lines: tuple[str, ...]) -> Parts:
    """A dialog is the end of the screen and closes with its hint; else the last `›` at the margin is the prompt."""
    options = find_options(lines)
    if options:
        after = "\n".join(lines[options[-1].line + 1 :])
        if _HINT.search(after) and not any(_DIALOG_TOP.match(line) for line in lines[options[-1].line + 1 :]):
            # A dialog's text is indented; it starts under the last line at the margin above its choices.
            margins = (at for at in range(options[0].line - 1, -1, -1) if _DIALOG_TOP.match(lines[at]))
            top = next(margins, -1) + 1
            question = any(_ASIDE_QUESTION.match(line) for line in lines[top : options[0].line])
            return Parts(body=lines[:top], dialog=dialog_of(lines[top:], join=not question))
    for index in range(len(lines) - 1, -1, -1):
        if _ASIDE_QUESTION.match(lines[index]) or _MARKED.match(lines[index]):
            break  # a dialog that is not all drawn yet
        if _BOX.match(lines[index]):
            return Parts(body=lines[:index], box=lines[index : index + 1], foot=lines[index + 1 :])
        if _DIALOG_TOP.match(lines[index]):
            break
    return Parts(body=lines)


LAYOUT = ScreenLayout(
    split=split,
    # A draft of several lines goes on under its first one, until a blank line.
    draft=lambda parts: (*(parts.box or ()), *itertools.takewhile(str.strip, parts.foot)),
)
