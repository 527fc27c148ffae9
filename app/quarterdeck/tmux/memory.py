"""What looks have learned of the panes' processes, and of whom it must be asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from quarterdeck.core.ids import PaneId
    from quarterdeck.core.pane import Incarnation
    from quarterdeck.tmux.formats import Details, Rows, Target

SETTLING: Final = 1.0
"""Seconds after which a new pane's program is surely what it will be. Right after its start tmux 3.3a tells an empty
path, and its own name as the command."""


class Memory:
    """Details by target, for one run of a server at a time."""

    def __init__(self) -> None:
        self._incarnation: Incarnation | None = None
        self._targets: dict[PaneId, list[Target]] = {}
        self._pids: dict[Target, int] = {}
        self._details: dict[Target, Details] = {}
        self._young: dict[Target, float] = {}
        """When panes were first seen whose details may not be the last word."""

    def due(self, moved: Collection[PaneId] | None) -> list[Target] | None:
        """Whose details to ask with the next look; None when asking everybody's costs less or is wanted."""
        if moved is None or not self._details:
            return None
        wanted = {target for pane_id in moved for target in self._targets.get(pane_id, ())} | self._young.keys()
        # A pane asked by itself costs about twice what it costs in the listing.
        return sorted(wanted) if 2 * len(wanted) <= len(self._details) else None

    def fill(self, rows: Rows, now: float) -> None:
        """Give each row its details: the row's own, those asked for, or the ones known of the same process."""
        first = rows.incarnation != self._incarnation
        if first:
            self._incarnation = rows.incarnation
            self._pids, self._details, self._young = {}, {}, {}
        young: dict[Target, float] = {}
        targets: dict[PaneId, list[Target]] = {}
        for row in rows.panes:
            targets.setdefault(row.pane_id, []).append(row.target)
            asked = row.details or rows.details.get(row.target)
            found = asked or self._details.get(row.target)
            row.details = found if found is not None and found.pid == row.pid else None
            is_new = not first and self._pids.get(row.target) != row.pid
            since = now if is_new else self._young.get(row.target)
            if since is not None and (asked is None or now - since < SETTLING):
                young[row.target] = since
        self._targets, self._young = targets, young
        self._pids = {row.target: row.pid for row in rows.panes}
        self._details = {row.target: row.details for row in rows.panes if row.details is not None}
