"""What agents' hooks report, folded into one state for each conversation in a pane.

An agent may run another one, or itself, for a task of its own: that one's hooks report from the same pane.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from quarterdeck.core.foreign_json import text_at
from quarterdeck.core.report import ReportState
from quarterdeck.core.times import EPOCH
from quarterdeck.supervisor.spool import drain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.core.pane import PaneId
    from quarterdeck.core.report import Report
    from quarterdeck.ports.agent import Agents
    from quarterdeck.supervisor.file_watcher import WatchedFiles

logger = logging.getLogger(__name__)

EVERY = 0.15
"""Where nothing tells of new reports, seconds between two glances at the spool; one that did not change is not read."""
GAP = 0.05
"""Seconds between two readings, however many reports come."""
NOTED_EVERY = timedelta(seconds=30)
"""Between two notes of when one agent was heard."""
CONVERSATIONS_KEPT = 8
"""Of one pane."""
NOTHING = ReportState()
Key = tuple[str, str]
"""Agent and conversation."""


class Reports:
    """Empties the spool of what concerns one tmux server."""

    def __init__(
        self,
        *,
        spool: Path,
        socket: str,
        agents: Agents,
        note_heard: Callable[[Mapping[str, datetime]], Awaitable[None]],
    ) -> None:
        self._spool = spool
        self._socket = socket
        self._agents = agents
        self._note_heard = note_heard
        self._heard: dict[str, datetime] = {}
        self._noted: dict[str, datetime] = {}
        self._states: dict[str, dict[Key, ReportState]] = {}
        self._stamp: object = None

    def of(self, pane_id: PaneId, agent: str = "", conversation: str = "") -> ReportState:
        """What the reports of a conversation add up to; of the latest where it, or the agent, is not known."""
        states = self._states.get(pane_id, {})
        key = (agent, conversation) if agent and conversation else _latest(states, agent)
        return states.get(key, NOTHING) if key else NOTHING

    def drop(self, pane_id: PaneId) -> None:
        """Another agent runs in the pane: what the one before reported is void."""
        self._states.pop(pane_id, None)

    def keep_only(self, panes: Collection[PaneId]) -> None:
        """Forget panes that are gone."""
        for pane_id in self._states.keys() - set(panes):
            del self._states[pane_id]

    async def watch(
        self, watched: WatchedFiles, told: Callable[[Collection[str]], None], *, may_read: Callable[[], bool]
    ) -> None:
        """Read what comes until cancelled; `told` gets the panes that something was reported of."""
        while True:
            if may_read() and (panes := await self.read()):
                told(panes)
                watched.note_change()
            await asyncio.sleep(GAP)
            await watched.wait(EVERY)

    async def read(self) -> set[str]:
        """Fold in what lies in the spool; answers the panes it concerned."""
        stamp = self._look()
        if stamp is None or stamp == self._stamp:
            return set()
        panes: set[str] = set()
        more = True
        while more:
            drained = await asyncio.to_thread(drain, self._spool, socket=self._socket)
            panes |= {pane for report in drained.reports if (pane := self._fold(report))}
            more = drained.more and bool(drained.reports)
        # As it was before reading: a report that came meanwhile is seen the next time.
        self._stamp = stamp if stamp == self._look() else None
        # When agents were heard is kept at once the first time, and now and then as they go on.
        news = {key: at for key, at in self._heard.items() if at - self._noted.get(key, EPOCH) >= NOTED_EVERY}
        if news:
            self._noted |= news
            await self._note_heard(news)
        return panes

    def _fold(self, report: Report) -> str:
        agent = self._agents.get(report.agent)
        if agent is None:
            return ""
        self._heard[agent.spec.key] = max(report.at, self._heard.get(agent.spec.key, EPOCH))
        if not report.pane_id:
            return ""
        states = self._states.setdefault(report.pane_id, {})
        told = text_at(report.payload, "session_id")
        key = (report.agent, told) if told else _latest(states, report.agent) or (report.agent, "")
        try:
            states[key] = agent.read_report(states.get(key, NOTHING), report)
        except Exception:  # a boundary: what a hook wrote is foreign, and one odd report must not stop the others
            logger.exception("a report of %s could not be understood", report.agent)
            return ""
        while len(states) > CONVERSATIONS_KEPT:
            del states[min(states, key=lambda each: _time_of(states[each]))]
        return report.pane_id

    def _look(self) -> object:
        try:
            return self._spool.stat().st_mtime_ns
        except OSError:
            # No hook has reported yet, so there is no folder.
            return None


def _latest(states: Mapping[Key, ReportState], agent: str) -> Key | None:
    """Who reported last, of one agent or of all."""
    theirs = [key for key in states if agent in {"", key[0]}]
    return max(theirs, key=lambda key: _time_of(states[key]), default=None)


def _time_of(state: ReportState) -> datetime:
    return state.at or EPOCH
