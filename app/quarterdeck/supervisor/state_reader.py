"""Derives what each session is doing from what looks, screens, processes and agents' own words show."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.detector import CHILDLESS_FOR, is_doubtful
from quarterdeck.core.discovery import shown_panes
from quarterdeck.core.session import SessionState
from quarterdeck.core.text import clean_lines, clean_sgr
from quarterdeck.errors import TmuxError
from quarterdeck.ports.agent import Program
from quarterdeck.ports.mux import CaptureRequest
from quarterdeck.supervisor.look_schedule import LookSchedule
from quarterdeck.supervisor.session_memory import SessionMemory, conclusion, remembered, words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.core.events import Health
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.insight import Insight
    from quarterdeck.core.pane import PaneId, Snapshot
    from quarterdeck.core.projection import Conclusion
    from quarterdeck.core.report import ReportState
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.ports.agent import Agent, Agents
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.mux import Mux
    from quarterdeck.supervisor.agent_facts import AgentFacts
    from quarterdeck.supervisor.processes import Processes
    from quarterdeck.supervisor.reports import Reports

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


class StateReader:
    """Keeps a memory of every live session; `read` brings it up to date."""

    def __init__(
        self,
        *,
        mux: Mux,
        clock: Clock,
        agents: Agents,
        processes: Processes,
        facts: AgentFacts,
        reports: Reports,
        project: Callable[[Session, Conclusion], Session],
        report: Callable[[str, Health, str], None],
    ) -> None:
        self._mux = mux
        self._clock = clock
        self._agents = agents
        self._processes = processes
        self._facts = facts
        self._reports = reports
        self._project = project
        """Makes the row that follows from what was read, and from what others know of it."""
        self._watched: dict[SessionId, SessionMemory] = {}
        self._by_command: dict[str, Agent | None] = {}
        """Which agent a foreground command's name alone stands for."""
        self._again = LookSchedule(report)
        self._alive_at = 0.0
        self._owed: set[PaneId] = set()
        """Panes that moved and could not be captured."""

    def watched(self, session_id: SessionId) -> SessionMemory | None:
        """What is remembered of a session."""
        return self._watched.get(session_id)

    def insight(self, session: Session) -> Insight | None:
        """All that is known of a session; None when nothing was seen of it yet."""
        watched = self._watched.get(session.session_id)
        return watched.insight(session) if watched else None

    def transcript_of(self, session_id: SessionId) -> Path | None:
        """The file in which a session's agent writes down what is said, as far as it has been found."""
        watched = self._watched.get(session_id)
        return watched.transcript.path if watched is not None and watched.transcript is not None else None

    def detect_anew(self) -> None:
        """Ask the next look at the processes which agent runs where, though they be the same."""
        self._alive_at = 0.0
        self._by_command.clear()
        for watched in self._watched.values():
            watched.family = ()

    def nothing_there(self) -> None:
        """No server runs, so there is nothing to remember."""
        for watched in self._watched.values():
            watched.close()
        self._watched.clear()
        self._again.clear()

    async def read(
        self, current: Callable[[], Fleet], look: Snapshot, moved: Collection[PaneId] | None
    ) -> StateReading:
        """Bring every session up to date; `moved` are the panes that wrote something (None: all may have)."""
        now = self._clock.now()
        said = {session_id: (watched.view, watched.report) for session_id, watched in self._watched.items()}
        live = self._remember(current(), look, now.timestamp())
        screens = await self._capture(live, moved)
        await self._look_at_processes(live, moved, now.timestamp())
        await self._facts.refresh([watched for _, watched in live], moved=moved is None or bool(moved))
        for _, watched in live:
            watched.report = self._report_of(watched)
        shown = {client.pane_id for client in look.clients}
        rows: dict[SessionId, Session] = {}
        tails: dict[SessionId, str] = {}
        # Others may have changed rows while we waited; what is read is put onto the rows as they are now.
        sessions = current().sessions
        for known, watched in live:
            session = sessions.get(known.session_id)
            if session is None or session.is_stale:
                self._again.request(known.session_id, None, now.timestamp())
                continue
            coloured = screens.get(watched.pane.pane_id)
            is_shown = watched.pane.pane_id in shown
            if coloured is None and watched.stands(session, now.timestamp(), is_shown=is_shown):
                continue
            if coloured is not None:
                tail = clean_sgr(coloured)
                watched.see_screen(clean_lines(coloured), now.timestamp())
                tails[session.session_id] = tail
            watched.observe(now.timestamp(), screen_is_new=coloured is not None)
            if is_shown:
                watched.visit(now)
            after = self._project(session, conclusion(watched, watched.conclude(now)))
            if after is not session:
                rows[session.session_id] = after
            is_news = (
                after is not session or coloured is not None or watched.is_other_than_before(session, is_shown=is_shown)
            )
            watched.settle_for(after, now, is_shown=is_shown)
            self._again.request(
                session.session_id, watched.due, now.timestamp(), what=session.tmux_name, is_news=is_news
            )
        told = {key.session_id for key, watched in live if _has_spoken(watched, said.get(key.session_id))}
        return StateReading(rows, tails, frozenset(told), self._due([watched for _, watched in live], now))

    def _remember(self, fleet: Fleet, look: Snapshot, now: float) -> list[tuple[Session, SessionMemory]]:
        panes = shown_panes(look.panes)
        live: list[tuple[Session, SessionMemory]] = []
        for session in fleet.sessions.values():
            pane = panes.get(session.tmux_id) if session.tmux_id and not session.is_stale else None
            if pane is None:
                continue
            held = self._watched.get(session.session_id)
            if held is None or held.pane.pane_id != pane.pane_id or held.pane.pid != pane.pid:
                # Another pane, or another program in it, starts with nothing but what the row says.
                if held is not None:
                    held.close()
                held = remembered(session, pane)
                self._watched[session.session_id] = held
            held.see_pane(pane, now)
            held.in_front = self._in_front(pane.command)
            held.report = self._report_of(held)
            live.append((session, held))
        self._reports.keep_only({pane.pane_id for pane in look.panes})
        present = {session.session_id for session, _ in live}
        for session_id in self._watched.keys() - present:
            self._watched.pop(session_id).close()
            self._again.request(session_id, None, now)
        return live

    def _in_front(self, command: str) -> Agent | None:
        if command not in self._by_command:
            found = self._agents.detect([Program(pid=0, command=command)]) if command else None
            self._by_command[command] = found[0] if found else None
        return self._by_command[command]

    def _report_of(self, watched: SessionMemory) -> ReportState:
        agent = watched.agent.spec.key if watched.agent is not None else ""
        return self._reports.of(watched.pane.pane_id, agent, watched.conversation)

    async def _capture(
        self, live: list[tuple[Session, SessionMemory]], moved: Collection[PaneId] | None
    ) -> dict[PaneId, str]:
        due = None if moved is None else self._owed | set(moved)
        wanted = [
            CaptureRequest(watched.pane.pane_id, colours=True)
            for _, watched in live
            if due is None or watched.pane.pane_id in due or watched.screen is None
        ]
        self._owed.clear()
        if not wanted:
            return {}
        try:
            return await self._mux.capture(wanted)
        except TmuxError as fault:
            # What is on the screens is unknown this time; what is shown stays, and later looks ask again.
            logger.info("no screen could be read: %s", fault.message)
            self._owed.update(request.pane_id for request in wanted)
            return {}

    async def _look_at_processes(
        self, live: list[tuple[Session, SessionMemory]], moved: Collection[PaneId] | None, now: float
    ) -> None:
        """Which agent runs where. A process list that is not fresh changes nothing."""
        changed = any(
            watched.has_children is None
            or watched.detector.command != watched.pane.command
            or is_doubtful(watched.detector, now)
            for _, watched in live
        )
        is_calm = moved is not None and not moved and not _is_anybody_busy(watched for _, watched in live)
        if not changed and now - self._alive_at < (LIVENESS_AT_REST if is_calm else LIVENESS):
            return
        table = await self._processes.look(at_once=changed)
        if not table.fresh:
            return
        self._alive_at = now
        for _, watched in live:
            family = (watched.pane.command, *table.family(watched.pane.pid))
            if family != watched.family:
                watched.family = family
                watched.has_children = table.has_children(watched.pane.pid, watched.pane.command)
                self._note_agent(watched, self._agents.detect(table.programs_below(watched.pane.pid)), now)

    def _note_agent(self, watched: SessionMemory, found: tuple[Agent, Program] | None, now: float) -> None:
        """Which agent runs in the pane now. What an earlier one reported is not said of the next."""
        before = watched.program
        watched.program = found[1] if found else None
        if found is None:
            return
        watched.agent = found[0]
        reported_at = self._reports.of(watched.pane.pane_id).at
        is_other = before is not None and before.pid != found[1].pid
        if is_other and reported_at is not None and now - reported_at.timestamp() > LIVENESS:
            self._reports.drop(watched.pane.pane_id)

    def _due(self, watched: list[SessionMemory], now: datetime) -> float | None:
        at = now.timestamp()
        facts_due = self._facts.due_in() if any(each.is_agent_alive for each in watched) else None
        is_anybody_doubtful = any(is_doubtful(each.detector, at) for each in watched)
        for who, due in {
            "the processes": LIVENESS + self._alive_at if _is_anybody_busy(watched) else None,
            "what could not be captured": at + LIVENESS if self._owed else None,
            "what seems to be over": at + CHILDLESS_FOR if is_anybody_doubtful else None,
            "what agents write": None if facts_due is None else at + facts_due,
        }.items():
            self._again.request(who, due, at)
        return self._again.due_in(at)


def _is_anybody_busy(watched: Iterable[SessionMemory]) -> bool:
    return any(each.detector.state is SessionState.BUSY for each in watched)


def _has_spoken(watched: SessionMemory, before: tuple[TranscriptView | None, ReportState] | None) -> bool:
    """Whether a session's agent wrote or reported something since then."""
    if before is None:
        return True
    view, report = before
    same = view is watched.view and report is watched.report
    return not same and words(view, report) != words(watched.view, watched.report)
