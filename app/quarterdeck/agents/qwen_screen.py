"""How Qwen Code's screen is built."""

from __future__ import annotations

import re

from quarterdeck.agents.dialogs import dialog_of
from quarterdeck.agents.screen import Parts, ScreenLayout

_BAR = re.compile(r"(?:(?<=\s)|^)[│█]$")
"""What is longer than the screen is drawn with a bar at its right."""
_FRAMED = re.compile(r"^\s*│ ?(.*?)\s*│$")
_FRAME = re.compile(r"^\s*[╭╰]─+[╮╯]$")
_WAITING = re.compile(r"^\s+\S+ Waiting for user confirmation\b")
_HEADER = re.compile(r"^\s*│?\s*\? +\S")
_CHIPS = re.compile(r"▸ \S|^\s+✔? ?\S+ .*\bSubmit$")
_RULE_LINE = re.compile(r"^─{8,}")
_TRUST = re.compile(r"Do you trust this folder\?")
FOOT_LINES = 14
LONGEST_DIALOG = 60


def split(lines: tuple[str, ...]) -> Parts:
    """A dialog is what stands over the line that waits; the prompt box stands between the last two rules."""
    lines = tuple(_without_bar(line) for line in lines)
    last = next((at for at in range(len(lines) - 1, -1, -1) if lines[at].strip()), -1)
    if last >= 0 and _WAITING.match(lines[last]):
        top = next((at for at in range(last, -1, -1) if _HEADER.match(lines[at])), max(0, last - LONGEST_DIALOG))
        inside = tuple("" if _FRAME.match(line) else _FRAMED.sub(r"\1", line) for line in lines[top:last])
        question = any("Enter: " in line for line in inside[-4:])
        kept = [line for line in inside if not _HEADER.match(line) and not _CHIPS.search(line)] if question else inside
        return Parts(body=lines[:top], dialog=dialog_of(kept, join=not question))
    rules = [at for at, line in enumerate(lines) if _RULE_LINE.match(line)][-2:]
    if len(rules) < 2 or len([line for line in lines[rules[1] + 1 :] if line.strip()]) > FOOT_LINES:
        return Parts(body=lines, dialog=dialog_of(lines, join=True) if _TRUST.search("\n".join(lines)) else None)
    top, bottom = rules
    if any(line.startswith("!") for line in lines[top + 1 : bottom][:1]):
        return Parts(body=lines[:top])  # a line that a shell runs
    return Parts(body=lines[:top], box=lines[top + 1 : bottom], foot=lines[bottom + 1 :])


def _without_bar(line: str) -> str:
    return line if _FRAMED.match(line) else _BAR.sub("", line).rstrip()


LAYOUT = ScreenLayout(split=split)
