"""What one look says of a row beside its pane: who looks at its session, and which rows stand beside it there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from quarterdeck.core.projection import Seen
from quarterdeck.core.row_name import called

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quarterdeck.core.discovery import RowPane
    from quarterdeck.core.pane import Pane, Snapshot


class RowFacts:
    """Made of a look and the panes of all rows it has."""

    def __init__(self, look: Snapshot, panes: Iterable[Pane]) -> None:
        panes = list(panes)
        self._incarnation = str(look.incarnation)
        self._clients = Counter(client.tmux_id for client in look.clients)
        self._rows = Counter(pane.tmux_id for pane in panes)
        # Most sessions have one row, which nothing stands beside.
        several = [pane for pane in panes if self._rows[pane.tmux_id] > 1]
        windows = {(pane.tmux_id, pane.window_id): _called(pane) for pane in several}
        self._rows_in_window = Counter((pane.tmux_id, pane.window_id) for pane in several)
        self._windows_alike = Counter((tmux_id, name) for (tmux_id, _), name in windows.items())

    def seen(self, row: RowPane) -> Seen:
        """The facts of one row."""
        pane, rows = row.pane, self._rows[row.pane.tmux_id]
        return Seen(
            pane=pane,
            clients=self._clients[pane.tmux_id],
            incarnation=self._incarnation,
            is_bound=row.is_bound,
            rows=max(rows, 1),
            rows_in_window=max(self._rows_in_window[pane.tmux_id, pane.window_id], 1),
            windows_alike=max(self._windows_alike[pane.tmux_id, _called(pane)], 1) if rows > 1 else 1,
        )


def _called(pane: Pane) -> str:
    return called(pane.window_index, pane.window_name)
