"""Exits, found by asking: for systems without pidfds, and for processes that got none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from quarterdeck.core.pane import Pane, PaneId


class ExitPoll:
    """Remembers when each pane's process started, so that another one under its pid is not taken for it."""

    def __init__(self) -> None:
        self._starts: dict[PaneId, tuple[int, float | None]] = {}
        self._told: dict[PaneId, int] = {}

    def watch(self, panes: Collection[Pane]) -> None:
        """Remember exactly these panes' processes."""
        wanted = {pane.pane_id: pane.pid for pane in panes}
        self._told = {pane_id: pid for pane_id, pid in self._told.items() if wanted.get(pane_id) == pid}
        former, self._starts = self._starts, {}
        for pane_id, pid in wanted.items():
            if pane_id in self._told:
                continue
            known = former.get(pane_id)
            self._starts[pane_id] = known if known is not None and known[0] == pid else (pid, started(pid))

    def ended(self) -> list[PaneId]:
        """The panes whose process is there no more; each is told once."""
        gone = [pane_id for pane_id, (pid, start) in self._starts.items() if start is None or started(pid) != start]
        for pane_id in gone:
            self._told[pane_id], _ = self._starts.pop(pane_id)
        return gone


def started(pid: int) -> float | None:
    """When a living process started; None when there is none. A zombie has ended."""
    # Needed only where the kernel does not tell us, and costs 20 ms of start-up.
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None
