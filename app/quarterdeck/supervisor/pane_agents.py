"""In which panes agents run, found in the list of processes; a pane whose program stays the same costs nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.process_tree import is_interpreter, is_shell
from quarterdeck.ports.agent_process import Program
from quarterdeck.supervisor.processes import SOONEST_LIST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from quarterdeck.core.pane import Pane, PaneId, Snapshot
    from quarterdeck.core.process_tree import Process
    from quarterdeck.ports.agent import Agent, Agents
    from quarterdeck.ports.clock import Clock
    from quarterdeck.supervisor.processes import Processes, ProcessTable

logger = logging.getLogger(__name__)

MOST_HARMLESS = 1_000
CONVERSATION_TIMEOUT_SECONDS = 0.5
"""For what an agent wrote down about itself: a disk that does not answer must not hold the look up."""
SETTLED_SECONDS = 1.5
"""An agent that is there for so long has come to stay; `claude --version` has gone by then."""


class FoundAgents(NamedTuple):
    """The panes in which agents run."""

    panes: Collection[PaneId]
    young: Collection[PaneId]
    """Those of them whose agent has only just been seen."""


class PaneAgents:
    """Remembers where agents were found, as long as the list of processes says nothing else."""

    def __init__(self, *, agents: Agents, processes: Processes, clock: Clock) -> None:
        self._agents = agents
        self._processes = processes
        self._clock = clock
        self._panes: dict[PaneId, Pane] = {}
        self._listed: Sequence[Pane] = ()
        """The same, as the last look listed them."""
        self._open: dict[PaneId, float] = {}
        """Panes that run something that no list has shown yet, and since when."""
        self._harmless: set[str] = set()
        """Foreground commands that have been seen where no agent was."""
        self._table: ProcessTable | None = None
        self._is_fresh = False
        """Whether the last list was; one that cannot be read is tried again with the next look that others want."""
        self._judged: dict[int, tuple[Process, bool]] = {}
        """Whether each process may be an agent. A process is the very same object as long as it runs."""
        self._families: dict[int, tuple[tuple[Process, ...], tuple[Agent, Program] | None]] = {}
        """What was found below a pane's process."""
        self._found: dict[PaneId, tuple[Agent, Program]] = {}
        self._since: dict[PaneId, tuple[int, float]] = {}
        """Which process each of these is, and when a list showed it first; what the very first shows is not new."""
        self._young: frozenset[PaneId] = frozenset()

    def forget(self) -> None:
        """Judge every process anew at the next look: other agents are known by now."""
        self._panes, self._listed, self._table = {}, (), None
        self._harmless.clear()
        self._judged.clear()
        self._families.clear()

    @property
    def look_again_in(self) -> float | None:
        """In how many seconds a list could show what the last one was too early for."""
        if not self._is_fresh:
            return None
        settle = [self._since[pane_id][1] + SETTLED_SECONDS - self._clock.monotonic() for pane_id in self._young]
        waits = [*([0.0] if self._open else []), *settle]
        return max(min(waits), SOONEST_LIST_SECONDS) if waits else None

    async def look(self, look: Snapshot) -> FoundAgents:
        """The panes in which an agent runs. A list of processes that is not fresh changes nothing."""
        now = self._clock.monotonic()
        moved = self._take_in(look.panes)
        self._open |= {pane.pane_id: now for pane, before in moved if self._may_be_new(pane, before)}
        is_due = any(now - self._since[pane_id][1] >= SETTLED_SECONDS for pane_id in self._young)
        table = await self._processes.look(at_once=True) if self._open or is_due else self._processes.latest
        self._is_fresh = table.fresh
        if table.fresh and (self._open or table is not self._table):
            self._search(table)
            seen = [pane_id for pane_id, since in self._open.items() if table.at >= since]
            for pane_id in seen:
                del self._open[pane_id]
                pane = self._panes.get(pane_id)
                if pane is not None and pane_id not in self._found and len(self._harmless) < MOST_HARMLESS:
                    self._note_harmless(pane.command)
        self._open = {pane_id: since for pane_id, since in self._open.items() if pane_id in self._panes}
        return FoundAgents(self._found.keys(), self._young)

    async def conversation(self, pane_id: PaneId) -> str:
        """The conversation that the agent in a pane is in; "" when that cannot be seen, or not in time."""
        from quarterdeck.supervisor.agent_facts import conversation_of

        if pane_id not in self._found:
            return ""
        try:
            async with asyncio.timeout(CONVERSATION_TIMEOUT_SECONDS):
                title = self._panes[pane_id].title
                return await asyncio.to_thread(conversation_of, *self._found[pane_id], title)
        except (OSError, ValueError, TimeoutError) as error:
            logger.info("the conversation in %s cannot be seen: %s", pane_id, error)
            return ""

    def _take_in(self, panes: Sequence[Pane]) -> list[tuple[Pane, Pane | None]]:
        """Remember these panes; answers those that differ, each with what it was before."""
        before, listed = self._panes, self._listed
        self._listed = panes
        # Hardly ever does one come or go, and there may be thousands.
        differ = [pair for pair in zip(panes, listed, strict=False) if pair[0] is not pair[1]]
        if len(panes) == len(listed) and all(pane.pane_id == old.pane_id for pane, old in differ):
            before.update({pane.pane_id: pane for pane, _ in differ})
            return [(pane, old) for pane, old in differ]
        self._panes = {pane.pane_id: pane for pane in panes}
        return [(pane, before.get(pane.pane_id)) for pane in panes if before.get(pane.pane_id) is not pane]

    def _note_harmless(self, command: str) -> None:
        # An agent that had gone again before its list came is one all the same.
        if self._agents.detect([Program(pid=0, command=command)]) is None:
            self._harmless.add(command)

    def _may_be_new(self, pane: Pane, before: Pane | None) -> bool:
        """Whether a pane runs something by now that could be an agent. A shell is at its prompt again."""
        if pane.dead:
            return False
        if before is None or before.pid != pane.pid:
            return True
        name = pane.command
        return name != before.command and not is_shell(name) and (name not in self._harmless or is_interpreter(name))

    def _search(self, table: ProcessTable) -> None:
        is_first, self._table = self._table is None, table
        processes = table.tree.processes
        self._judged = {pid: self._judgement(process) for pid, process in processes.items()}
        pane_of = {pane.pid: pane.pane_id for pane in self._panes.values() if not pane.dead}
        pids = {
            above for pid, (_, may_be) in self._judged.items() if may_be and (above := _pane_above(table, pid, pane_of))
        }
        families: dict[int, tuple[tuple[Process, ...], tuple[Agent, Program] | None]] = {}
        for pid in pids:
            family = table.family(pid)
            known = self._families.get(pid)
            found = known[1] if known and known[0] == family else self._agents.detect(table.programs_below(pid))
            families[pid] = family, found
        self._families = families
        self._found = {pane_of[pid]: found for pid, (_, found) in families.items() if found is not None}
        seen = float("-inf") if is_first else table.at
        before, self._since = self._since, {}
        for pane_id, (_, program) in self._found.items():
            last = before.get(pane_id)
            self._since[pane_id] = last if last and last[0] == program.pid else (program.pid, seen)
        self._young = frozenset(
            pane_id for pane_id, (_, since) in self._since.items() if table.at - since < SETTLED_SECONDS
        )

    def _judgement(self, process: Process) -> tuple[Process, bool]:
        known = self._judged.get(process.pid)
        if known is not None and known[0] is process:
            return known
        program = Program(pid=process.pid, command=process.name, argv=process.argv)
        return process, self._agents.detect([program]) is not None


def _pane_above(table: ProcessTable, pid: int, panes: Collection[int]) -> int | None:
    """The process of the pane in which a process runs; None when it runs in none."""
    met: set[int] = set()
    while pid not in panes:
        process = table.tree.processes.get(pid)
        if process is None or pid in met:
            return None
        met.add(pid)
        pid = process.ppid
    return pid
