"""What the text of a plain terminal shows: a prompt, an error, something worth counting as activity."""

from __future__ import annotations

import re
from collections import Counter

_PROMPT_ENDS = frozenset("$%#>")
_PLACE = re.compile(r"[@:/~\\]|[)\]]$")
_NUMBER = re.compile(r"[\d.,\s]*")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_ERROR = re.compile(
    r"\b(?:command not found|permission denied|segmentation fault|panicked at)\b|\bpanic:", re.IGNORECASE
)


def is_prompt(line: str) -> bool:
    """Whether a line looks like a shell waiting for a command: `42%` and `done >` do not."""
    line = line.rstrip()
    if not line or line[-1] not in _PROMPT_ENDS:
        return False
    marker, prefix = line[-1], line[:-1].rstrip()
    if not prefix:
        return True
    if marker == "%" and _NUMBER.fullmatch(prefix):
        return False
    if _PLACE.search(prefix):
        return True
    return marker != ">" and _WORD.fullmatch(prefix) is not None and not _NUMBER.fullmatch(prefix)


def last_line(text: str) -> str:
    """The last line that is not blank, right-trimmed; "" when all are."""
    return next((line.rstrip() for line in reversed(re.split(r"[\r\n]", text)) if line.strip()), "")


def ends_at_prompt(text: str) -> bool:
    """Whether the last line that is not blank looks like a prompt."""
    return is_prompt(last_line(text))


def error_in(text: str) -> str | None:
    """The words that report an error, if any do."""
    found = _ERROR.search(text)
    return found[0] if found else None


def is_meaningful(line: str) -> bool:
    """Whether a line tells something: no prompt, three characters or more, one of them a letter or digit."""
    solid = "".join(line.split())
    return len(solid) >= 3 and any(map(str.isalnum, solid)) and not is_prompt(line)


def new_lines(before: str, after: str) -> list[str]:
    """The lines of a screen that another did not show yet, in order; blank ones left out.

    Lines that only moved are not new, so that scrolling and redrawing count for nothing.
    """
    shown = Counter(line.rstrip() for line in before.splitlines())
    fresh: list[str] = []
    for line in map(str.rstrip, after.splitlines()):
        if shown[line] > 0:
            shown[line] -= 1
        elif line:
            fresh.append(line)
    return fresh
