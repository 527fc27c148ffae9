"""Derives what each session is doing from what looks, screens, processes and agents' own words show."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.detector import CHILDLESS_FOR, is_doubtful
from quarterdeck.core.plain_reading import SERVES_AFTER
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import SessionState
from quarterdeck.core.text import clean_lines, clean_sgr
from quarterdeck.errors import TmuxError
from quarterdeck.ports.agent_process import Program
from quarterdeck.ports.mux import CaptureRequest
from quarterdeck.supervisor.plain_program import TerminalQuestion, ask_terminals
from quarterdeck.supervisor.processes import SOONEST_LIST_SECONDS
from quarterdeck.supervisor.session_memory import SessionMemory, remembered
from quarterdeck.supervisor.watcher import LookSchedule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.core.events import Health
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.insight import Insight
    from quarterdeck.core.pane import Pane, PaneId, Snapshot
    from quarterdeck.core.projection import Conclusion
    from quarterdeck.core.reading import Reading
    from quarterdeck.core.report import ReportState
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.ports.agent import Agent, Agents
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.mux import Mux
    from quarterdeck.supervisor.agent_facts import AgentFacts
    from quarterdeck.supervisor.processes import Processes
    from quarterdeck.supervisor.reports import Reports
    from quarterdeck.supervisor.shell_words import ShellWords

logger = logging.getLogger(__name__)

LIVENESS = 5.0
"""Seconds between two looks at the process table while nothing asks for one sooner."""
LIVENESS_AT_REST = 60.0
"""The same while nothing moves and nobody works: then what runs only changes behind the panes' backs."""


class StateReading(Struct, frozen=True):
    """What a round of reading brought."""

    rows: Mapping[SessionId, Session] = field(default_factory=dict)
    """Those that differ."""
    tails: Mapping[SessionId, str] = field(default_factory=dict)
    """The last lines, in colour, of the sessions that moved."""
    told: frozenset[SessionId] = frozenset()
    """Sessions whose agents wrote or reported something."""
    look_again_in: float | None = None
    """Seconds until a state may change by itself."""


class StateReader(Struct, kw_only=True, dict=True, eq=False):
    """Keeps a memory of every live session; `read` brings it up to date."""

    mux: Mux
    clock: Clock
    agents: Agents
    processes: Processes
    facts: AgentFacts
    reports: Reports
    shells: ShellWords
    project: Callable[[Session, Conclusion], Session]
    """Makes the row that follows from what was read, and from what others know of it."""
    report: Callable[[str, Health, str], None]

    def __post_init__(self) -> None:
        self._memories: dict[SessionId, SessionMemory] = {}
        self._by_command: dict[str, Agent | None] = {}
        """Which agent a foreground command's name alone stands for."""
        self._again = LookSchedule(self.report)
        self._alive_at = 0.0
        self._owed: set[PaneId] = set()
        """Panes that moved and could not be captured."""
        self._renamed: set[PaneId] = set()
        """Panes in which another program runs in front than before."""
        self._unlisted: dict[PaneId, float] = {}
        """Panes that run something else than before, since a time that no list of processes has shown yet."""

    def memory_of(self, session_id: SessionId) -> SessionMemory | None:
        """What is remembered of a session."""
        return self._memories.get(session_id)

    def agent_reading(self, session_id: SessionId) -> Reading | None:
        """What a session's agent does, while it runs."""
        memory = self._memories.get(session_id)
        return memory.settled.reading if memory and memory.is_agent_alive and memory.settled else None

    def insight(self, session: Session) -> Insight | None:
        """All that is known of a session; None when nothing was seen of it yet."""
        memory = self._memories.get(session.session_id)
        return memory.insight(session) if memory else None

    def transcript_of(self, session_id: SessionId) -> Path | None:
        """The file in which a session's agent writes down what is said, as far as it has been found."""
        memory = self._memories.get(session_id)
        return memory.transcript.path if memory is not None and memory.transcript is not None else None

    def detect_anew(self) -> None:
        """Have the next look find out again which agent runs where, even if the processes are the same."""
        self._alive_at = 0.0
        self._by_command.clear()
        for memory in self._memories.values():
            memory.family = ()

    def nothing_there(self) -> None:
        """No server runs, so there is nothing to remember."""
        for memory in self._memories.values():
            memory.close()
        self._memories.clear()
        self._again.clear()

    async def read(
        self,
        current: Callable[[], Fleet],
        look: Snapshot,
        panes: Mapping[SessionId, Pane],
        moved: Collection[PaneId] | None,
    ) -> StateReading:
        """Bring every session up to date; `moved` are the panes that wrote something (None: all may have)."""
        now = self.clock.now()
        at = now.timestamp()
        live = self._remember(current(), look, panes, at)
        memories = list(live.values())
        screens = await self._capture(memories, moved)
        await self._look_at_processes(memories, moved, at)
        has_read = await self.facts.refresh(memories, moved=moved)
        for memory in memories:
            agent = memory.agent.spec.key if memory.agent is not None and memory.is_agent_alive else ""
            self.reports.shows(memory.pane.pane_id, agent, memory.conversation)
        for memory in memories:
            memory.report = self._report_of(memory)
        await self._ask_terminals(memories, screens, now)
        rows: dict[SessionId, Session] = {}
        tails: dict[SessionId, str] = {}
        # Others may have changed rows while we waited; what is read is put onto the rows as they are now.
        sessions = current().sessions
        for session_id, memory in live.items():
            session = sessions.get(session_id)
            if session is None or session.is_stale:
                self._again.request(session_id, None, at)
                continue
            coloured = screens.get(memory.pane.pane_id)
            if coloured is not None:
                memory.see_screen(clean_lines(coloured), at)
                tails[session_id] = clean_sgr(coloured)
            elif at < memory.stands_until and not memory.is_other_than_before(session):
                continue
            memory.observe(at, screen_is_new=coloured is not None)
            if memory.is_shown:
                memory.visit(now)
            after = self.project(session, memory.conclusion(memory.reading(now)))
            if after is not session:
                rows[session_id] = after
            is_news = after is not session or coloured is not None or memory.is_other_than_before(session)
            memory.settle_for(after, now)
            self._again.request(session_id, memory.due, at, what=row_name(session), is_news=is_news)
        renamed, self._renamed = self._renamed, set()
        told = frozenset(
            session_id
            for session_id, memory in live.items()
            if memory.has_spoken() or (renamed and memory.pane.pane_id in renamed)
        )
        return StateReading(rows, tails, told, self._due(memories, at, has_read=has_read))

    def _remember(
        self, fleet: Fleet, look: Snapshot, panes: Mapping[SessionId, Pane], now: float
    ) -> dict[SessionId, SessionMemory]:
        shown = {client.pane_id for client in look.clients}
        live: dict[SessionId, SessionMemory] = {}
        for session_id, session in fleet.sessions.items():
            pane = panes.get(session_id)
            if pane is None or session.is_stale:
                continue
            memory = self._memories.get(session_id)
            if memory is None or memory.pane.pane_id != pane.pane_id or memory.pane.pid != pane.pid:
                # Another pane, or another program in it, starts with nothing but what the row says.
                former, memory = memory, remembered(session, pane)
                if former is not None:
                    former.close()
                    memory.told = former.told
                self._memories[session_id] = memory
            memory.see_pane(pane, now)
            memory.is_shown = pane.pane_id in shown
            memory.in_front = self._in_front(pane.command)
            memory.plain.hear(self.shells.of(pane.pane_id))
            memory.report = self._report_of(memory)
            live[session_id] = memory
        here = {pane.pane_id for pane in look.panes}
        self.reports.keep_only(here)
        self.shells.keep_only(here, look.incarnation.pid)
        for session_id in self._memories.keys() - live.keys():
            self._memories.pop(session_id).close()
            self._again.request(session_id, None, now)
        return live

    def _in_front(self, command: str) -> Agent | None:
        if command not in self._by_command:
            found = self.agents.detect([Program(pid=0, command=command)]) if command else None
            self._by_command[command] = found[0] if found else None
        return self._by_command[command]

    def _report_of(self, memory: SessionMemory) -> ReportState:
        agent = memory.agent.spec.key if memory.agent is not None else ""
        return self.reports.of(memory.pane.pane_id, agent, memory.conversation)

    async def _capture(self, memories: list[SessionMemory], moved: Collection[PaneId] | None) -> Mapping[PaneId, str]:
        due = None if moved is None else self._owed | set(moved)
        wanted = [
            CaptureRequest(memory.pane.pane_id, colours=True)
            for memory in memories
            if due is None or memory.pane.pane_id in due or memory.screen is None
        ]
        self._owed.clear()
        if not wanted:
            return {}
        try:
            return await self.mux.capture(wanted)
        except TmuxError as fault:
            # What is on the screens is unknown this time; what is shown stays, and later looks ask again.
            logger.info("no screen could be read: %s", fault.message)
            self._owed.update(request.pane_id for request in wanted)
            return {}

    async def _look_at_processes(
        self, memories: list[SessionMemory], moved: Collection[PaneId] | None, now: float
    ) -> None:
        """Which agent runs where. A process list that is not fresh changes nothing."""
        asked_at = self.clock.monotonic()
        for memory in memories:
            if memory.has_children is None or memory.detector.command != memory.pane.command:
                self._unlisted[memory.pane.pane_id] = asked_at
        changed = bool(self._unlisted) or any(is_doubtful(memory.detector, now) for memory in memories)
        is_calm = moved is not None and not moved and not _is_anybody_busy(memories)
        if not changed and now - self._alive_at < (LIVENESS_AT_REST if is_calm else LIVENESS):
            return
        table = await self.processes.look(at_once=changed)
        if not table.fresh:
            return
        self._alive_at = now
        # A list that others wanted a moment ago does not show what is another since.
        here = {memory.pane.pane_id for memory in memories}
        self._unlisted = {key: at for key, at in self._unlisted.items() if at > table.at and key in here}
        for memory in memories:
            processes = table.family(memory.pane.pid)
            family = (memory.pane.command, *processes)
            if family != memory.family:
                memory.family = family
                before = memory.plain.front.name
                memory.plain.note_family(processes)
                if memory.plain.front.name != before:
                    self._renamed.add(memory.pane.pane_id)
                memory.has_children = table.has_children(memory.pane.pid, memory.pane.command)
                self._note_agent(memory, self.agents.detect(table.programs_below(memory.pane.pid)), now)

    async def _ask_terminals(self, memories: list[SessionMemory], screens: Mapping[PaneId, str], now: datetime) -> None:
        """What runs in front where no agent does: the system is asked once for all of them."""
        questions: list[TerminalQuestion] = []
        at = now.timestamp()
        for memory in memories:
            coloured = screens.get(memory.pane.pane_id)
            if (coloured is None and at < memory.plain.asks_at) or memory.is_agent_alive:
                continue
            screen = memory.screen if coloured is None else clean_lines(coloured)
            is_new = screen != memory.screen
            silent_for = 0.0 if is_new or not memory.drawn_at else at - memory.drawn_at
            if memory.plain.is_due(memory.pane, screen, silent_for, at):
                is_silent = silent_for >= SERVES_AFTER
                questions.append(TerminalQuestion(memory.plain, memory.pane, screen or "", is_silent))
        await ask_terminals(questions, self.agents, now)

    def _note_agent(self, memory: SessionMemory, found: tuple[Agent, Program] | None, now: float) -> None:
        """Which agent runs in the pane now. What an earlier one reported is not said of the next."""
        before, memory.program = memory.program, None
        if found is None:
            return
        memory.agent, memory.program = found
        reported_at = self.reports.of(memory.pane.pane_id).at
        is_other = before is not None and before.pid != memory.program.pid
        if is_other:
            memory.limited_until = None
        if is_other and reported_at is not None and now - reported_at.timestamp() > LIVENESS:
            self.reports.drop(memory.pane.pane_id)

    def _due(self, memories: list[SessionMemory], now: float, *, has_read: bool) -> float | None:
        facts_due = self.facts.due_in() if any(memory.is_agent_alive for memory in memories) else None
        is_anybody_doubtful = any(is_doubtful(memory.detector, now) for memory in memories)
        for who, due in {
            "the processes": LIVENESS + self._alive_at if _is_anybody_busy(memories) else None,
            "what was started": now + SOONEST_LIST_SECONDS if self._unlisted else None,
            "what could not be captured": now + LIVENESS if self._owed else None,
            "what seems to be over": now + CHILDLESS_FOR if is_anybody_doubtful else None,
            "what agents write": None if facts_due is None else now + facts_due,
        }.items():
            # What agents write is only read where there is a reason for it.
            self._again.request(who, due, now, is_news=has_read and who == "what agents write")
        return self._again.due_in(now)


def _is_anybody_busy(memories: list[SessionMemory]) -> bool:
    return any(memory.detector.state is SessionState.BUSY for memory in memories)
