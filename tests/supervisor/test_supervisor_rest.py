"""Rest costs nothing: a fleet that does nothing is not looked at again and again, whatever titles its agents set."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from quarterdeck.config.settings import Tmux
from quarterdeck.core.events import Health
from quarterdeck.core.process_tree import Process, grow
from quarterdeck.core.reading_ladder import DAMPED_FOR
from quarterdeck.core.report import ReportState
from quarterdeck.core.session import Need, SessionState
from quarterdeck.supervisor.processes import ProcessTable
from quarterdeck.supervisor.shell_words import ShellWords
from quarterdeck.supervisor.state_reader import StateReader
from quarterdeck.supervisor.supervisor import Supervisor
from quarterdeck.supervisor.watcher import LONGEST_PUT_OFF_SECONDS
from quarterdeck.values import replace
from support.agent_crowd import AT_REST
from support.recordings import FULL, NOW, recordings
from support.store import HandClock, open_store
from support.stub_mux import StubMux, pane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from quarterdeck.core.pane import PaneId
    from quarterdeck.core.reading import Reading
    from quarterdeck.ports.agent import Agent, ScreenLook
    from quarterdeck.ports.agent_process import Program
    from quarterdeck.ports.mux import CaptureRequest
    from support.recordings import Recording

RESYNC = Tmux().resync_seconds
TITLES_AT_REST = {(each.agent_key, each.title): each for each in recordings(FULL) if each.truth in AT_REST}
"""Every title that an agent at rest was seen with."""
ASKS = next(each for each in recordings(FULL) if each.truth == "waiting-permission")
CHILD = 5000
"""Process ids from here on run in the panes' shells."""
TELLING = [each for each in TITLES_AT_REST.values() if each.agent.read_title(each.title, at=NOW) is not None]
"""Those whose titles say something."""


class Drawn(StubMux):
    """Each pane has the title and the screen of a recorded agent, and nothing moves."""

    def __init__(self, shown: Sequence[Recording]) -> None:
        super().__init__(*(replace(pane(n, title=each.title), command="child") for n, each in enumerate(shown)))
        self.screens = {each.pane_id: shown[number].screen for number, each in enumerate(self.panes)}

    async def capture(self, requests: Sequence[CaptureRequest]) -> dict[PaneId, str]:
        return {each.pane_id: self.screens[each.pane_id] for each in requests}


class Around:
    """What else a reader asks: which agent runs in which pane, and that none has reported or written anything."""

    def __init__(self, shown: Sequence[Recording], clock: HandClock) -> None:
        self.agents: list[Any] = [each.agent for each in shown]
        self.clock = clock
        self.has_processes = True
        """Whether the list of processes can be read."""

    async def look(self, *, at_once: bool) -> ProcessTable:
        del at_once
        below = [Process(pid=CHILD + n, ppid=1000 + n, name="child") for n, _ in enumerate(self.agents)]
        shells = [Process(pid=each.ppid, ppid=1, name="sh") for each in below]
        return ProcessTable(grow([*shells, *below]), self.clock.monotonic(), fresh=self.has_processes)

    def detect(self, programs: Sequence[Program]) -> tuple[Agent, Program] | None:
        found = next((each for each in programs if each.pid >= CHILD), None)
        agent = self.agents[found.pid - CHILD] if found else None
        return (agent, found) if agent and found else None

    def of(self, *whose: object) -> ReportState:
        del whose
        return ReportState()

    def keep_only(self, panes: object) -> None:
        del panes

    def shows(self, *what: object) -> None:
        del what

    async def refresh(self, watched: object, *, moved: bool) -> None:
        del watched, moved

    def due_in(self) -> None:
        return None


class Scene:
    """Agents in which nothing stirs, and a clock that goes on to the next look that somebody wants."""

    def __init__(self, shown: Sequence[Recording], supervisor: Supervisor, clock: HandClock) -> None:
        self.around = Around(shown, clock)
        self.supervisor, self.clock = supervisor, clock
        anything: Any = self.around
        self.reader = StateReader(
            mux=supervisor.mux,
            clock=clock,
            agents=anything,
            processes=anything,
            facts=anything,
            reports=anything,
            shells=ShellWords(Path("/nowhere")),
            project=supervisor.projected,
            report=supervisor.report,
        )
        self._all_at = clock.at
        self._moved: frozenset[PaneId] = frozenset()

    def draws(self, number: int, shown: Recording) -> None:
        """One agent shows something else."""
        mux: Any = self.supervisor.mux
        there = list(mux.panes)
        there[number] = replace(there[number], title=shown.title)
        mux.panes, mux.screens[there[number].pane_id] = tuple(there), shown.screen
        self._moved = frozenset({there[number].pane_id})

    @property
    def health(self) -> tuple[Health, str]:
        return self.supervisor.fleet.workers["reader"]

    async def looks_in(self, seconds: float) -> int:
        """Let so much time pass, and count the looks, as the watcher takes them: when wanted, and each `RESYNC`."""
        looks, end = 0, self.clock.at + timedelta(seconds=seconds)
        while self.clock.at < end:
            looks += 1
            if self.clock.at >= self._all_at:
                self._all_at = self.clock.at + timedelta(seconds=RESYNC)
            look: Any = await self.supervisor.look([])
            found = await self.reader.read(lambda: self.supervisor.fleet, look, self.supervisor.panes, self._moved)
            self._moved = frozenset()
            self.supervisor.show(found.rows)
            again = self._all_at
            if found.look_again_in is not None:
                again = min(again, self.clock.at + timedelta(seconds=found.look_again_in))
            self.clock.at = min(again, end)
        return looks


@asynccontextmanager
async def scene(folder: Path, *shown: Recording) -> AsyncIterator[Scene]:
    clock = HandClock(NOW)
    async with open_store(folder / "state.db") as store:
        mux = cast("Any", Drawn(shown))
        yield Scene(shown, Supervisor(mux=mux, store=store, clock=clock, is_writer=lambda: True), clock)


class Restless:
    """An agent that says each time that its title will mean something else in a moment."""

    def __init__(self, agent: Agent) -> None:
        self.spec = agent.spec
        self._agent = agent

    def read_title(self, title: str, *, at: datetime, still_for: float | None = None) -> Reading | None:
        found = self._agent.read_title(title, at=at, still_for=still_for)
        return replace(found, lasts=0.001) if found else None

    def read_screen(self, look: ScreenLook) -> Reading | None:
        return self._agent.read_screen(look)


@pytest.mark.parametrize("shown", TITLES_AT_REST.values(), ids=str)
async def test_an_agent_at_rest_is_hardly_looked_at(tmp_path: Path, shown: Recording) -> None:
    async with scene(tmp_path, shown) as still:
        await still.looks_in(30)
        (row,) = still.supervisor.fleet.sessions.values()
        looks = await still.looks_in(10)

    assert (row.tool, row.state) == (shown.agent.spec.name, SessionState.IDLE)
    assert looks < 2


async def test_all_agents_at_rest_together_are_hardly_looked_at(tmp_path: Path) -> None:
    async with scene(tmp_path, *TITLES_AT_REST.values()) as still:
        await still.looks_in(30)
        looks = await still.looks_in(3600)
        health = still.health

    assert looks <= 3600 / RESYNC + 5
    assert health == (Health.HEALTHY, "")


async def test_a_wish_that_brings_nothing_new_is_put_off_longer_and_longer_and_counted(tmp_path: Path) -> None:
    (shown, *_) = TELLING
    async with scene(tmp_path, shown) as still:
        still.around.agents = [Restless(shown.agent)]
        await still.looks_in(60)
        looks = await still.looks_in(60)
        health, told = still.health
        counted = int(told.split()[0])
        await still.looks_in(60)

        assert looks <= 60 / LONGEST_PUT_OFF_SECONDS + 60 / RESYNC
        assert (health, told) == (Health.DEGRADED, f"{counted} looks at name-0 found nothing new")
        assert counted < int(still.health[1].split()[0])


async def test_what_keeps_asking_in_vain_puts_off_nobody_else(tmp_path: Path) -> None:
    first, second, *_ = TELLING
    async with scene(tmp_path, first, second) as still:
        still.around.agents = [Restless(first.agent), ASKS.agent]
        await still.looks_in(60)
        assert still.health[0] is Health.DEGRADED
        still.draws(1, ASKS)
        await still.looks_in(DAMPED_FOR.total_seconds())
        (asks,) = [each for each in still.supervisor.fleet.sessions.values() if each.tmux_name == "name-1"]

    assert asks.needs is Need.PERMISSION


async def test_a_list_of_processes_that_cannot_be_read_is_not_asked_for_without_end(tmp_path: Path) -> None:
    async with scene(tmp_path, *TITLES_AT_REST.values()) as still:
        still.around.agents[0] = None  # a build, say
        await still.looks_in(10)
        assert SessionState.BUSY in {each.state for each in still.supervisor.fleet.sessions.values()}
        still.around.has_processes = False
        await still.looks_in(60)
        looks = await still.looks_in(60)
        told = still.health
        still.around.has_processes = True
        await still.looks_in(60)

    assert looks <= 60 / LONGEST_PUT_OFF_SECONDS + 60 / RESYNC
    assert told[0] is Health.DEGRADED
    assert "looks at the processes found nothing new" in told[1]
    assert still.health == (Health.HEALTHY, "")
