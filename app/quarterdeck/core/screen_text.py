"""What the text of a plain terminal shows, and the lines that have scrolled out of it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

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


KEPT_LINES = 300
ALIKE = 4
"""So many lines at the top of a screen have to stand in the one before, if it is to be that one scrolled."""


class Scrollback(Struct, frozen=True):
    """What has scrolled out of sight, as far as it was seen, and what stands on the screen."""

    above: tuple[str, ...] = ()
    screen: tuple[str, ...] = ()
    is_whole: bool = False
    """Whether `above` has all that tmux has; lines that went by between two screens are missing until it is asked."""

    @property
    def text(self) -> str:
        """The last lines, the newest last; blank ones below the last words are left out."""
        lines = [*self.above, *self.screen]
        while lines and not lines[-1].strip():
            lines.pop()
        return "\n".join(lines[-KEPT_LINES:])

    def drawn(self, screen: Sequence[str], *, is_alternate: bool = False) -> Scrollback:
        """The pane shows this now. What a full-screen program draws scrolls nothing away."""
        if is_alternate:
            return replace(self, screen=tuple(screen))
        gone = scrolled(self.screen, screen) if self.screen else None
        if gone is None:
            return replace(self, screen=tuple(screen), is_whole=False)
        above = (*self.above, *self.screen[:gone])[-KEPT_LINES:] if gone else self.above
        return replace(self, above=above, screen=tuple(screen))


def scrolled(before: Sequence[str], after: Sequence[str]) -> int | None:
    """How many lines of one screen have gone out at the top to make the other; None when they have little in common."""
    top = tuple(after[:ALIKE])
    if not any(line.strip() for line in top):
        return 0 if tuple(before[:ALIKE]) == top else None
    for gone in range(len(before) - len(top) + 1):
        if tuple(before[gone : gone + len(top)]) == top:
            return gone
    return None
