"""The last lines of a pane, put together from what it showed at one time and another. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

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
