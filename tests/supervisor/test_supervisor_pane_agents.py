"""Agents are found in any pane, and what is no agent costs no list of processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from quarterdeck.agents.roster import Roster
from quarterdeck.core.pane import Incarnation, Pane, PaneId, Snapshot, TmuxSessionId, WindowId
from quarterdeck.core.process_tree import Process
from quarterdeck.plugins.loading import load_all
from quarterdeck.supervisor.pane_agents import SETTLED_SECONDS, PaneAgents
from quarterdeck.supervisor.processes import SOONEST_LIST_SECONDS, Processes
from support.store import HandClock

if TYPE_CHECKING:
    from quarterdeck.ports.agent import Agent


class Machine:
    """Panes %1, %2 … with a shell each (pids 101, 102 …), what else runs, and how often that was listed."""

    def __init__(self, *commands: str) -> None:
        self.clock = HandClock()
        self.commands = list(commands)
        self.running: list[Process] = []
        self.lists = 0
        self.is_readable = True
        self._panes: list[Pane] = []
        self.finder = PaneAgents(
            agents=Roster(cast("list[Agent]", list(load_all()[0].values()))),
            processes=Processes(clock=self.clock, read=self._read),
            clock=self.clock,
        )

    def _read(self) -> list[Process]:
        self.lists += 1
        if not self.is_readable:
            raise OSError("no list today")
        shells = [Process(pid=101 + each, ppid=1, name="bash") for each in range(len(self.commands))]
        return [*shells, *self.running]

    def runs(self, number: int, name: str, *argv: str) -> None:
        """Start a program in a pane, in front."""
        self.running.append(Process(pid=200 + len(self.running), ppid=100 + number, name=name, argv=(name, *argv)))
        self.commands[number - 1] = name

    async def look(self, after: float = 1.0) -> set[str]:
        """The panes with agents, by a look so many seconds later."""
        self.clock.advance(after)
        panes = [
            Pane(
                pane_id=PaneId(f"%{number}"), window_id=WindowId("@1"), tmux_id=TmuxSessionId("$1"), session_name="web",
                session_created=0, pid=100 + number, command=command,
            )
            for number, command in enumerate(self.commands, 1)
        ]  # fmt: skip
        # As a real look does: a pane that did not change is the very same.
        self._panes = [next((old for old in self._panes if old == pane), pane) for pane in panes]
        look = Snapshot(incarnation=Incarnation(1, 1), version="3.5", panes=tuple(self._panes))
        self.found = await self.finder.look(look)
        return set(self.found.panes)


async def test_an_agent_is_found_in_any_pane() -> None:
    machine = Machine("bash", "bash", "bash")
    machine.runs(2, "claude")
    machine.runs(3, "node", "/usr/lib/node_modules/@openai/codex/bin/codex.js")

    assert await machine.look() == {"%2", "%3"}
    machine.running.clear()
    machine.commands[1:] = ["bash", "bash"]
    machine.runs(1, "gemini")
    assert await machine.look() == {"%1"}


async def test_an_agent_behind_a_shell_is_found_in_a_new_pane() -> None:
    machine = Machine("bash")
    await machine.look()
    machine.commands.append("sh")
    machine.running.append(Process(pid=300, ppid=102, name="claude", argv=("claude",)))

    assert await machine.look() == {"%2"}


async def test_panes_in_which_nothing_starts_cost_no_list() -> None:
    machine = Machine("bash", "bash")
    await machine.look()
    for name in ("make", "vim", "make", "bash", "vim", "bash"):
        machine.commands[0] = name
        await machine.look()

    # The first look, and each program that was seen in front for the first time.
    assert machine.lists == 3


async def test_a_list_that_was_too_early_is_read_again() -> None:
    machine = Machine("bash")
    await machine.look()
    machine.commands[0] = "node"
    assert await machine.look(SOONEST_LIST_SECONDS / 2) == set()
    assert machine.finder.look_again_in == SOONEST_LIST_SECONDS
    machine.runs(1, "node", "/opt/claude-code/cli.js", "@anthropic-ai/claude-code")
    machine.runs(1, "claude")

    assert await machine.look(SOONEST_LIST_SECONDS) == {"%1"}
    assert machine.finder.look_again_in == SETTLED_SECONDS


async def test_an_agent_is_young_until_another_list_shows_it_still_and_then_no_list_is_read() -> None:
    machine = Machine("bash", "bash")
    machine.runs(1, "claude")
    await machine.look()
    assert not machine.found.young, "what was there before is not new"
    machine.runs(2, "codex")
    await machine.look()
    assert set(machine.found.young) == {"%2"}
    lists = machine.lists
    await machine.look(SETTLED_SECONDS / 2)
    assert (set(machine.found.young), machine.lists) == ({"%2"}, lists)

    await machine.look(SETTLED_SECONDS / 2)

    assert (set(machine.found.young), machine.lists) == (set(), lists + 1)
    assert machine.finder.look_again_in is None
    await machine.look(60.0)
    assert machine.lists == lists + 1


async def test_an_agent_that_had_gone_before_its_list_came_is_found_the_next_time() -> None:
    machine = Machine("bash")
    await machine.look()
    machine.commands[0] = "claude"
    assert await machine.look() == set()
    machine.commands[0] = "bash"
    await machine.look()
    machine.runs(1, "claude")

    assert await machine.look() == {"%1"}


async def test_a_list_that_cannot_be_read_changes_nothing_and_is_not_asked_for_without_end() -> None:
    machine = Machine("bash", "bash")
    machine.runs(1, "claude")
    assert await machine.look() == {"%1"}
    machine.is_readable = False
    machine.runs(2, "codex")

    assert await machine.look() == {"%1"}
    assert machine.finder.look_again_in is None
    machine.is_readable = True
    assert await machine.look() == {"%1", "%2"}
