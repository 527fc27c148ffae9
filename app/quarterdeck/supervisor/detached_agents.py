"""Rows for agents that no pane shows: those that their own services say are there."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.detached_row import DETACHED, detached_row
from quarterdeck.core.events import CreatedReason, SessionChanged, SessionCreated, SessionDeleted, SessionForgotten
from quarterdeck.core.pane import TmuxSessionId
from quarterdeck.core.place_match import SeenPlace
from quarterdeck.core.session import ExitReason, RowKind
from quarterdeck.core.session_ends import gone, placeholder, revived
from quarterdeck.core.session_names import LONGEST_NAME
from quarterdeck.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from quarterdeck.core.detached_row import AgentConversation
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.ports.agent import Agent, Agents
    from quarterdeck.supervisor.supervisor import Supervisor

logger = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
"""Seconds between two questions to the services while there is any such row."""
REST_SECONDS = 10.0
"""The same while there is none."""
ASK_TIMEOUT_SECONDS = 5.0
REFUSED_FOR = 15.0
"""Seconds for which one that was forgotten is not asked for again."""
MOST_ROWS = 200


class Detached(NamedTuple):
    """One conversation, and the agent it is of."""

    agent: Agent
    told: AgentConversation

    @property
    def key(self) -> str:
        """What tells it from every other one."""
        return f"{self.agent.spec.key}:{self.told.conversation}"

    @property
    def name(self) -> str:
        """What its row is called: as the conversation is, else after the agent."""
        named = clean(self.told.name, LONGEST_NAME).strip()
        return named or f"{self.agent.spec.key} {self.told.conversation[:8]}"


class ServiceAnswers(NamedTuple):
    """What the services said."""

    found: list[Detached]
    unknown: set[str]
    """The agents whose services did not answer: what is known of theirs stays."""


class DetachedAgents:
    """Asks the services, or follows what the process that keeps the rows has kept of them."""

    def __init__(self, supervisor: Supervisor, agents: Agents) -> None:
        self._supervisor = supervisor
        self._agents = agents
        self._ids: dict[str, SessionId] = {}
        """Those of the rows that are shown, by key."""
        self._refused: dict[str, float] = {}
        """Those that have no row, and until when that is not asked again."""
        self._running: asyncio.Future[ServiceAnswers] | None = None

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_SECONDS if self._rows() else REST_SECONDS)

    async def look(self) -> None:
        """Bring the rows up to date once."""
        if self._supervisor.is_writer():
            await self._find()
        else:
            self._follow()

    def _rows(self) -> dict[SessionId, Session]:
        rows = self._supervisor.fleet.sessions
        return {key: row for key, row in rows.items() if row.kind is RowKind.DETACHED}

    def _follow(self) -> None:
        """What another process keeps of them is what there is."""
        kept = self._supervisor.kept_detached
        alive = {key: row for key, row in kept.items() if not row.is_stale and row.ended_at is None}
        now, before = self._supervisor.clock.now(), self._rows()
        self._show(alive, now)
        self._supervisor.note_detached(*(SessionForgotten(session_id=key, at=now) for key in before.keys() - alive))

    async def _find(self) -> None:
        answers = await self._asked()
        if answers is None:
            return  # what is known stays
        supervisor = self._supervisor
        await self._put_out_of_view()
        now, before = supervisor.clock.now(), self._rows()
        rows_of_panes = supervisor.fleet.of_panes().sessions.values()
        # A shell's row keeps the conversation that its agent has left.
        in_panes = {row.conversation for row in rows_of_panes if row.runs_agent and not row.is_stale}
        wanted = {each.key: each for each in answers.found if each.told.conversation not in in_panes}
        # One that has ended or was forgotten is asked for again.
        self._ids = {key: session_id for key, session_id in self._ids.items() if session_id in before}
        bases = await self._claimed(wanted, now)
        rows = {}
        for key, each in wanted.items():
            if (session_id := self._ids.get(key)) is not None:
                base = before.get(session_id) or bases.get(session_id) or placeholder(session_id, DETACHED, now)
                rows[session_id] = detached_row(base, key, each.name, each.agent.spec.shown, each.told, now)
        self._show(rows, now)
        absent = [row for key, row in before.items() if key not in rows and row.agent not in answers.unknown]
        await self._end([row for row in absent if row.conversation not in in_panes], now)
        await self._put_away([row for row in absent if row.conversation in in_panes], now)

    async def _put_out_of_view(self) -> None:
        """What another process has ended or forgotten."""
        if not (before := self._rows()):
            return
        store = self._supervisor.store
        kept = {row.session_id for row in await store.sessions(DETACHED) if row.ended_at is None and not row.is_stale}
        gone_elsewhere = before.keys() - kept - store.health().unkept
        now = self._supervisor.clock.now()
        self._supervisor.note_detached(*(SessionForgotten(session_id=key, at=now) for key in gone_elsewhere))

    async def _asked(self) -> ServiceAnswers | None:
        """What the services say; None while one does not answer in time."""
        if self._running is None or self._running.done():
            now = self._supervisor.clock.now()
            self._running = asyncio.ensure_future(asyncio.to_thread(_conversations, self._agents.all(), now))
        done, _ = await asyncio.wait({self._running}, timeout=ASK_TIMEOUT_SECONDS)
        if not done:
            logger.warning("agents' services took longer than %s s", ASK_TIMEOUT_SECONDS)
            return None
        return self._running.result()

    async def _claimed(self, wanted: Mapping[str, Detached], now: datetime) -> Mapping[SessionId, Session]:
        """Give those that are new an identity; answers what was kept of them."""
        at = now.timestamp()
        self._refused = {key: until for key, until in self._refused.items() if key in wanted and until > at}
        new = [
            SeenPlace(tmux_id=TmuxSessionId(key), name=each.name, created=int(at))
            for key, each in wanted.items()
            if key not in self._ids and key not in self._refused
        ]
        if not new:
            return {}
        store = self._supervisor.store
        identities = await store.claim(DETACHED, DETACHED, new)
        self._ids |= {key: identity.session_id for key, identity in identities.items()}
        self._refused |= {place.key: at + REFUSED_FOR for place in new if place.key not in identities}
        return {row.session_id: revived(row, now) for row in await store.sessions(DETACHED)}

    def _show(self, rows: Mapping[SessionId, Session], now: datetime) -> None:
        before = self._rows()
        for key, row in rows.items():
            if key not in before:
                self._supervisor.note_detached(
                    SessionCreated(session=row, reason=CreatedReason.RUNTIME_DISCOVERY, at=now)
                )
            elif row != before[key]:
                self._supervisor.note_detached(SessionChanged(before=before[key], after=row, at=now))

    async def _end(self, rows: Sequence[Session], now: datetime) -> None:
        over = [gone(row, ExitReason.PROCESS_EXIT, now) for row in rows]
        if over:
            await self._supervisor.store.end(over, ExitReason.PROCESS_EXIT)
        self._supervisor.note_detached(
            *(SessionDeleted(session=row, reason=ExitReason.PROCESS_EXIT, at=now) for row in over)
        )

    async def _put_away(self, rows: Sequence[Session], now: datetime) -> None:
        """A pane shows them by now; they come back as the same rows when none does any more."""
        if rows:
            await self._supervisor.store.stale(rows)
        self._supervisor.note_detached(*(SessionForgotten(session_id=row.session_id, at=now) for row in rows))


def _conversations(agents: Iterable[Agent], at: datetime) -> ServiceAnswers:
    found: list[Detached] = []
    unknown: set[str] = set()
    for agent in agents:
        if not agent.may_serve():
            continue
        try:
            service = agent.service
            told = service.conversations(None, at=at) if service is not None else ()
        except Exception:  # a boundary: one agent's odd file or answer must not hide the others
            logger.exception("what %s runs without a pane could not be read", agent.spec.name)
            told = None
        if told is None:
            unknown.add(agent.spec.key)
        else:
            found += [Detached(agent, each) for each in told]
    return ServiceAnswers(found[:MOST_ROWS], unknown)
