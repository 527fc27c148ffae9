"""What looks have learned of the panes' processes, and of whom it must be asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from quarterdeck.core.pane import Incarnation, PaneId
    from quarterdeck.tmux.formats import Details, PaneRow, Rows, Target

SETTLING: Final = 1.0
"""Seconds after which a new pane's program is surely what it will be. Right after its start tmux 3.3a tells an empty
path, and its own name as the command."""


class PaneMemory:
    """The details of each pane, as looks at one run of the server have told them."""

    def __init__(self) -> None:
        self._incarnation: Incarnation | None = None
        self._panes: list[PaneRow] = []
        self._details: dict[Target, Details] = {}
        self._young: dict[Target, float] = {}
        """When panes were first seen whose details may not be the last word."""

    def due(self, moved: Collection[PaneId] | None) -> list[Target] | None:
        """Whose details to ask with the next look; None when asking everybody's costs less or is wanted."""
        if moved is None or not self._details:
            return None
        wanted = [row.target for row in self._panes if row.pane_id in moved or row.target in self._young]
        # A pane asked by itself costs about twice what it costs in the listing.
        return wanted if 2 * len(wanted) <= len(self._details) else None

    def fill(self, rows: Rows, now: float) -> list[Target]:
        """Complete the details that were asked by those known of the same process; the answer is who has none."""
        first = rows.incarnation != self._incarnation
        if first:
            self._incarnation = rows.incarnation
            self._details, self._young = {}, {}
        details: dict[Target, Details] = {}
        young: dict[Target, float] = {}
        unknown: list[Target] = []
        for row in rows.panes:
            before = self._details.get(row.target)
            is_new = not first and (before is None or before.pid != row.pid)
            asked = rows.details.get(row.target)
            # What did not change stays the same object, so that the pane does too.
            found = before if asked is None or asked == before else asked
            if found is not None and found.pid == row.pid:
                details[row.target] = found
            else:
                unknown.append(row.target)
            if is_new or row.target in self._young:
                since = self._young.get(row.target, now)
                if asked is None or now - since < SETTLING:
                    young[row.target] = since
        self._panes, self._young = rows.panes, young
        self._details = rows.details = details
        return unknown
