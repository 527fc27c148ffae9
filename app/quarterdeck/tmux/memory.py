"""What looks have learned of the panes' processes, and of whom it must be asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from quarterdeck.core.ids import PaneId
    from quarterdeck.core.pane import Incarnation
    from quarterdeck.tmux.formats import Details, Rows

SETTLING: Final = 1.0
"""Seconds after which a new pane's program is surely what it will be. Right after its start tmux 3.3a tells an empty
path, and its own name as the command."""


class Memory:
    """Commands and paths by pane, for one run of a server at a time."""

    def __init__(self) -> None:
        self._incarnation: Incarnation | None = None
        self._pids: dict[PaneId, int] = {}
        self._details: dict[PaneId, Details] = {}
        self._young: dict[PaneId, float] = {}
        """When panes were first seen whose details may not be the last word."""

    def due(self, moved: Collection[PaneId] | None) -> list[PaneId] | None:
        """Whose details to ask with the next look; None when asking everybody's costs less or is wanted."""
        if moved is None or not self._details:
            return None
        wanted = list(dict.fromkeys((*moved, *self._young)))
        # A pane asked by itself costs about twice what it costs in the listing.
        return wanted if 2 * len(wanted) <= len(self._details) else None

    def fill(self, rows: Rows, now: float) -> None:
        """Give each row its details: the row's own, those asked for, or the ones known of the same process."""
        first = rows.incarnation != self._incarnation
        if first:
            self._incarnation = rows.incarnation
            self._pids, self._details, self._young = {}, {}, {}
        young: dict[PaneId, float] = {}
        for row in rows.panes:
            asked = row.details or rows.details.get(row.pane_id)
            found = asked or self._details.get(row.pane_id)
            row.details = found if found is not None and found.pid == row.pid else None
            is_new = not first and self._pids.get(row.pane_id) != row.pid
            since = now if is_new else self._young.get(row.pane_id)
            if since is not None and (asked is None or now - since < SETTLING):
                young[row.pane_id] = since
        self._young = young
        self._pids = {row.pane_id: row.pid for row in rows.panes}
        self._details = {row.pane_id: row.details for row in rows.panes if row.details is not None}
