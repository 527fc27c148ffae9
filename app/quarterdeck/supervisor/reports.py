"""What agents' hooks report, folded into one state for each pane."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from quarterdeck.core.report import ReportState
from quarterdeck.supervisor.spool import drain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from quarterdeck.core.ids import PaneId
    from quarterdeck.core.report import Report
    from quarterdeck.ports.agent import Agents
    from quarterdeck.supervisor.bells import Bell

logger = logging.getLogger(__name__)

EVERY = 0.15
"""Where nothing tells of new reports, seconds between two glances at the spool; one that did not change is not read."""
GAP = 0.05
"""Seconds between two readings, however many reports come."""
NOTHING = ReportState()


class Reports:
    """Empties the spool of what concerns one tmux server."""

    def __init__(self, *, spool: Path, socket: str, agents: Agents) -> None:
        self._spool = spool
        self._socket = socket
        self._agents = agents
        self._states: dict[str, ReportState] = {}
        self._stamp: object = None
        self.malformed = 0

    def of(self, pane_id: PaneId) -> ReportState:
        """What the reports of a pane add up to."""
        return self._states.get(pane_id, NOTHING)

    def drop(self, pane_id: PaneId) -> None:
        """Another agent runs in the pane: what the one before reported is void."""
        self._states.pop(pane_id, None)

    def keep_only(self, panes: Collection[PaneId]) -> None:
        """Forget panes that are gone."""
        for pane_id in self._states.keys() - set(panes):
            del self._states[pane_id]

    async def watch(self, bell: Bell, told: Callable[[Collection[str]], None], *, may_read: Callable[[], bool]) -> None:
        """Read what comes until cancelled; `told` gets the panes that something was reported of."""
        rang = True
        while True:
            panes = await self.read() if may_read() else set()
            if panes:
                told(panes)
                if not rang:
                    bell.miss()
            await asyncio.sleep(GAP)
            rang = await bell.wait(EVERY)

    async def read(self) -> set[str]:
        """Fold in what lies in the spool; answers the panes it concerned."""
        stamp = self._look()
        if stamp is None or stamp == self._stamp:
            return set()
        panes: set[str] = set()
        more = True
        while more:
            drained = await asyncio.to_thread(drain, self._spool, socket=self._socket)
            self.malformed += drained.malformed
            panes |= {pane for report in drained.reports if (pane := self._fold(report))}
            more = drained.more and bool(drained.reports)
        # As it was before reading: a report that came meanwhile is seen the next time.
        self._stamp = stamp if stamp == self._look() else None
        return panes

    def _fold(self, report: Report) -> str:
        agent = self._agents.get(report.agent)
        if agent is None or not report.pane_id:
            return ""
        held = self._states.get(report.pane_id, NOTHING)
        try:
            self._states[report.pane_id] = agent.read_report(held, report)
        except Exception:  # a boundary: what a hook wrote is foreign, and one odd report must not stop the others
            logger.exception("a report of %s could not be understood", report.agent)
            return ""
        return report.pane_id

    def _look(self) -> object:
        try:
            return self._spool.stat().st_mtime_ns
        except OSError:
            # No hook has reported yet, so there is no folder.
            return None
