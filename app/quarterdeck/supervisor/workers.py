"""Everybody who watches one tmux server: put together once, run by the console, by `watch` and for a single look."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.events import Health
from quarterdeck.core.pane import NoServer, Snapshot, panes_that_stirred
from quarterdeck.errors import QuarterdeckError, StoreError
from quarterdeck.supervisor.accepted_thoughts import AcceptedThoughts, ThoughtQueue
from quarterdeck.supervisor.checkpoints import Checkpoints
from quarterdeck.supervisor.pane_agents import PaneAgents
from quarterdeck.supervisor.repo_themes import RepoThemes
from quarterdeck.supervisor.reports import Reports
from quarterdeck.supervisor.row_writer import RowWriter, WriterLease
from quarterdeck.supervisor.shell_words import ShellWords
from quarterdeck.supervisor.spawned_rows import SpawnedRows
from quarterdeck.supervisor.supervisor import Supervisor
from quarterdeck.supervisor.watcher import Watcher, back_off

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from pathlib import Path

    from quarterdeck.core.pane import Look, PaneId
    from quarterdeck.core.session import SessionId
    from quarterdeck.ports.agent import Agents, Claims
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.mux import Mux
    from quarterdeck.ports.store import Store, WorkStore
    from quarterdeck.supervisor.day_history import DayHistory
    from quarterdeck.supervisor.detached_agents import DetachedAgents
    from quarterdeck.supervisor.file_watcher import FileWatcher, WatchedFiles
    from quarterdeck.supervisor.processes import Processes
    from quarterdeck.supervisor.scrollbacks import Scrollbacks
    from quarterdeck.supervisor.state_reader import StateReader, StateReading
    from quarterdeck.supervisor.thought_engine import ThoughtEngine

logger = logging.getLogger(__name__)

PERSIST_PATIENCE = 5.0
LONGEST_RESTART_DELAY = 30.0
"""Seconds until a worker that has failed is run again, at most; one that runs for so long goes well."""
UNHEALTHY_AFTER_RUNS = 3


class Workers(Struct, kw_only=True, dict=True, eq=False):
    """The supervisor and its workers.

    Those that a look does without are made when they are first asked for, and loaded then: most commands look once, and
    what others derive they only read.
    """

    mux: Mux
    store: Store
    clock: Clock
    lease: WriterLease
    file_watcher: Callable[[], FileWatcher]
    agents: Agents
    processes: Processes
    claims: Claims
    works: Callable[[], WorkStore]
    state_files: Collection[Path]
    spool: Path
    resync: float
    make_engine: Callable[[], ThoughtEngine]
    others: Callable[[], Mapping[str, Callable[[], Awaitable[None]]]] = dict
    """Makes the workers that `run` is to run as well."""
    on_store_change: Callable[[], None] = lambda: None
    """Told when another process wrote to the store."""

    def __post_init__(self) -> None:
        """Make those that every look needs."""
        self.row_writer = RowWriter(self.lease, lambda: self.file_watcher().files(*self.state_files), self.clock)
        self.queue = ThoughtQueue(self.store.save_thought)
        self.thoughts = AcceptedThoughts(self.queue)
        self.spawned_rows = SpawnedRows(self.store, self.works)
        self.pane_agents = PaneAgents(agents=self.agents, processes=self.processes, clock=self.clock)
        self.supervisor = Supervisor(
            mux=self.mux,
            store=self.store,
            clock=self.clock,
            is_writer=lambda: self.row_writer.is_writer,
            pane_agents=self.pane_agents,
            thought=self.thoughts.held,
            recorded=self.spawned_rows.of,
        )
        self.checkpoints = Checkpoints(self.supervisor)
        self.reports = Reports(
            spool=self.spool, socket=str(self.mux.address), agents=self.agents, note_heard=self.store.note_heard
        )
        self.shells = ShellWords(self.spool / "shells")
        self.themes = RepoThemes(clock=self.clock)
        self.watcher = Watcher(self.supervisor, self._after_look, resync=self.resync)
        self._at_end: list[Callable[[], Awaitable[None]]] = [self.checkpoints.end]
        """What is written before another process keeps the rows."""
        self._last: Snapshot | None = None
        self._listens = False
        """Whether to hear of files, which a single look has no use for."""

    def detect_anew(self) -> None:
        """Have the next look find out again which agent runs where, even if the processes are the same."""
        self.pane_agents.forget()
        self.reader.detect_anew()

    @cached_property
    def reader(self) -> StateReader:
        """Derives the states, which the one process does that keeps the rows."""
        from quarterdeck.supervisor.agent_facts import AgentFacts
        from quarterdeck.supervisor.state_reader import StateReader

        facts = AgentFacts(clock=self.clock, claims=self.claims, agents=self.agents)
        if self._listens:
            facts.listen(self.file_watcher(), self.watcher.note_written)
        return StateReader(
            mux=self.mux,
            clock=self.clock,
            agents=self.agents,
            processes=self.processes,
            facts=facts,
            reports=self.reports,
            shells=self.shells,
            project=self.supervisor.projected,
            report=self.supervisor.report,
        )

    @cached_property
    def detached_agents(self) -> DetachedAgents:
        """Finds the agents that no pane shows."""
        from quarterdeck.supervisor.detached_agents import DetachedAgents

        return DetachedAgents(self.supervisor, self.agents)

    @cached_property
    def engine(self) -> ThoughtEngine:
        """Says why each session does what it does."""
        made = self.make_engine()
        self.supervisor.subscribe(made.note)
        return made

    @cached_property
    def scrollbacks(self) -> Scrollbacks:
        """The last lines of every pane that was read."""
        from quarterdeck.supervisor.scrollbacks import Scrollbacks

        made = Scrollbacks(mux=self.mux, clock=self.clock, keep=self.checkpoints.tail)
        self.supervisor.subscribe(made.note)
        return made

    @cached_property
    def day_history(self) -> DayHistory:
        """What each session did in the last day."""
        from quarterdeck.supervisor.day_history import DayHistory

        server, is_writer = self.supervisor.server, self.supervisor.is_writer
        made = DayHistory(store=self.store, clock=self.clock, server=server, is_writer=is_writer)
        self.supervisor.subscribe(made.note)
        self._at_end.append(made.save)
        return made

    @cached_property
    def _reported(self) -> WatchedFiles:
        from quarterdeck.supervisor.file_watcher import APPEARED

        return self.file_watcher().files(self.spool / "*.report", mask=APPEARED)

    async def load(self) -> None:
        """Read what was kept, and become the writer if nobody is."""
        self.row_writer.try_to_keep()
        await self.supervisor.load()
        await self.thoughts.load(self.store)
        await self.spawned_rows.load()
        self.supervisor.keep_in_view(self.spawned_rows.ended(self.supervisor.kept, self.clock.now()))

    async def look_once(self) -> None:
        """One look with everything that follows from it: what a command needs."""
        await self.load()
        look = await self.supervisor.look()
        if self.row_writer.is_writer:
            await self.reports.read()
            await self.shells.read()
        else:
            await self.supervisor.refresh()
        await self._after_look(look, None)
        await self.detached_agents.look()
        if self.row_writer.is_writer:
            self.engine.glance()
        await self.checkpoints.save()

    async def run(self) -> None:
        """Watch until cancelled. Each worker fails and recovers alone."""
        self._listens = True
        # Made before anything happens, since most of them hear of it.
        workers: dict[str, Callable[[], Awaitable[None]]] = {
            "watcher": self.watcher.run,
            "row writer": self._keep,
            "checkpoint": self.checkpoints.run,
            "thought queue": self.queue.run,
            "thoughts": self.engine.run,
            # Only the writer takes them: what they say is for whoever derives the states.
            "reports": lambda: self.reports.watch(
                self._reported, self.watcher.look_at, may_read=self.supervisor.is_writer
            ),
            "shells": lambda: self.shells.watch(
                self.file_watcher(), self.watcher.look_at, may_read=self.supervisor.is_writer
            ),
            "day history": self.day_history.run,
            "scrollbacks": self.scrollbacks.run,
            "agents without a pane": self.detached_agents.run,
            **self.others(),
        }
        await self.load()
        async with asyncio.TaskGroup() as tasks:
            for name, work in workers.items():
                tasks.create_task(keep_running(name, work, self.supervisor.report, self.supervisor.said_of), name=name)

    async def end(self) -> None:
        """Write what is pending and let another process keep the rows."""
        self.queue.close()
        try:
            await self.queue.drain(PERSIST_PATIENCE)
            for write in self._at_end:
                await write()
            await self.store.flush(PERSIST_PATIENCE)
        finally:
            self.row_writer.release()

    async def _keep(self) -> None:
        async for is_ours_now in self.row_writer.changes(self.store):
            if is_ours_now:
                self.engine.think_again()
            await self.reload()
            if is_ours_now:
                self.supervisor.take_over()
                self.checkpoints.take_over()
                self.watcher.look_now()
                self._reported.wake()
            self.on_store_change()

    async def reload(self) -> None:
        """Show what was written to the store, by other processes or by an operation of our own."""
        await self.thoughts.load(self.store)
        asked = self.spawned_rows.asks.keys()
        await self.spawned_rows.load()
        if await self.supervisor.refresh():
            self.watcher.look_at(())
        if not self.row_writer.is_writer:
            await self.detached_agents.look()
        self.supervisor.keep_in_view(self.spawned_rows.ended(self.supervisor.kept, self.clock.now()))
        self.supervisor.show()
        if asked - self.spawned_rows.asks.keys():
            # What those do now has to be read anew.
            self.watcher.look_now()

    async def see_changes(self) -> None:
        """Look at tmux and at the store: an operation of our own has changed both."""
        await self.supervisor.look()
        await self.reload()

    async def answered(self, session_id: SessionId) -> None:
        """The operator has said something to a session: what its agent reported to need is not open any more."""
        if session_id not in self.spawned_rows.asks:
            return
        try:
            await self.spawned_rows.answered(session_id, self.clock.now())
        except StoreError as error:
            # It stands there for longer than it should, which is better than a message that seems to have failed.
            logger.info("the question of %s stays open for now: %s", session_id, error.message)
        else:
            self.supervisor.show()
            self.watcher.look_now()

    async def _after_look(self, look: Look, moved: Collection[PaneId] | None) -> float | None:
        """Read what a look leads to, and tell the rows that follow from both; in how many seconds to look again."""
        reading: StateReading | None = None
        try:
            if isinstance(look, NoServer):
                self.reader.nothing_there()
                self._last = None
            elif self.row_writer.is_writer:
                stirred = moved if moved is not None else panes_that_stirred(self._last, look)
                self._last = look
                supervisor = self.supervisor
                reading = await self.reader.read(lambda: supervisor.fleet_seen, look, supervisor.panes, stirred)
            if reading is not None and reading.rows:
                self.engine.keep_in_step(reading.rows)
        finally:
            # Whatever became of the reading, what the look showed is told.
            self.supervisor.show(reading.rows if reading else None)
        for session_id, tail in reading.tails.items() if reading else ():
            self.checkpoints.tail(session_id, tail)
            if (memory := self.reader.memory_of(session_id)) is not None:
                self.scrollbacks.drawn(session_id, memory.pane, tail)
        if reading is not None:
            self.engine.moved(reading.tails.keys() | reading.told)
        if isinstance(look, Snapshot) and self.row_writer.is_writer:
            for session_id in self.spawned_rows.questions_over(self.reader.agent_reading):
                await self.answered(session_id)
        sessions = self.supervisor.fleet.sessions
        self.thoughts.forget_absent(sessions, () if isinstance(look, NoServer) else look.panes)
        if (themes := await self.themes.look({each.cwd for each in sessions.values() if each.cwd})) is not None:
            self.supervisor.note_themes(themes)
        soonest = (reading.look_again_in if reading else None, self.pane_agents.look_again_in)
        return min((seconds for seconds in soonest if seconds is not None), default=None)


async def keep_running(
    name: str,
    work: Callable[[], Awaitable[None]],
    report: Callable[[str, Health, str], None],
    said: Callable[[str], str | None],
) -> None:
    """Run `work` until it returns; when it fails, show that, wait and run it again. No fault reaches another worker.

    What is shown is taken back once it has gone well for a while, unless the worker itself has `said` something since.
    """
    failures, fault_shown = 0, ""
    loop = asyncio.get_running_loop()

    def take_back() -> None:
        if said(name) == fault_shown:
            report(name, Health.HEALTHY, "")

    while True:
        started = loop.time()
        try:
            with ExitStack() as going_well:
                if failures:
                    going_well.callback(loop.call_later(LONGEST_RESTART_DELAY, take_back).cancel)
                await work()
        except asyncio.CancelledError:
            raise
        except Exception as fault:  # a boundary: a worker fails alone
            if loop.time() - started > LONGEST_RESTART_DELAY:
                failures = 0
            failures += 1
            level = logging.WARNING if isinstance(fault, QuarterdeckError) else logging.ERROR
            logger.log(level, "worker %s failed (%d in a row)", name, failures, exc_info=True)
            fault_shown = str(fault)
            report(name, Health.UNHEALTHY if failures >= UNHEALTHY_AFTER_RUNS else Health.DEGRADED, fault_shown)
            await asyncio.sleep(back_off(failures, longest=LONGEST_RESTART_DELAY) * random.uniform(0.8, 1.2))  # noqa: S311 jitter, not a secret
        else:
            return
