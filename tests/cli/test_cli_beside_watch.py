"""Commands on panes beside somebody who watches: both agree which rows there are, and which pane each has."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from quarterdeck.operations.kill import kill
from quarterdeck.operations.new import reopen
from quarterdeck.values import replace
from support.several_agents import SeveralAgents
from support.workers import until, watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.cli import Done
    from support.workers import Watching

pytestmark = pytest.mark.process


@pytest.fixture
def agents(short_folder: Path) -> Iterator[SeveralAgents]:
    with SeveralAgents(short_folder) as several:
        yield several


def seen(watcher: Watching) -> dict[str, str]:
    """The live rows of who watches, by pane."""
    return {row.pane_id or "": row.session_id for row in watcher.sessions() if not row.is_stale}


async def ran(agents: SeveralAgents, *words: str) -> Done:
    return await asyncio.to_thread(agents.qd, *words)


async def agree(agents: SeveralAgents, watcher: Watching, count: int) -> dict[str, str]:
    """The rows, once there are so many and both sides say the same."""
    await until(lambda: len(seen(watcher)) == count, f"who watches has {count} rows")
    told = {row["pane_id"]: row["session_id"] for row in (await ran(agents, "ls", "--json")).json()}
    assert told == seen(watcher)
    return told


async def test_a_shell_and_an_agent_that_a_command_makes_in_a_session(agents: SeveralAgents) -> None:
    first = agents.server.session("web")
    async with watching(agents.server.socket, agents.folder / "h") as watcher:
        before = await agree(agents, watcher, 1)
        shell = (await ran(agents, "new", "--in", "web", "--json")).json()
        both = await agree(agents, watcher, 2)
        agent = (await ran(agents, "new", "--in", "web", "--tool", "claude", "--json")).json()
        all_three = await agree(agents, watcher, 3)

    assert both == {**before, shell["pane_id"]: shell["session_id"]}
    assert all_three == {**both, agent["pane_id"]: agent["session_id"]}
    assert all_three[first] == before[first]


async def test_the_row_of_a_shell_goes_to_the_first_agent_for_both(agents: SeveralAgents) -> None:
    agents.server.session("web")
    async with watching(agents.server.socket, agents.folder / "h") as watcher:
        before = await agree(agents, watcher, 1)
        made = (await ran(agents, "new", "--in", "web", "--tool", "claude", "--json")).json()
        await until(lambda: made["pane_id"] in seen(watcher), "who watches has the agent's pane")
        after = await agree(agents, watcher, 1)

    assert after == {made["pane_id"]: next(iter(before.values()))}


async def test_rows_that_are_ended_and_brought_back(agents: SeveralAgents) -> None:
    panes = [agents.session("web"), agents.window("web", "tests"), agents.window("web")]
    async with watching(agents.server.socket, agents.folder / "h") as watcher:
        before = await agree(agents, watcher, 3)
        assert (await ran(agents, "kill", "web:tests")).code == 0
        await agree(agents, watcher, 2)
        back = (await ran(agents, "restore", before[panes[1]], "--json")).json()
        one = await agree(agents, watcher, 3)
        assert (await ran(agents, "kill", "--session", "web")).code == 0
        await until(lambda: not seen(watcher), "who watches has no row")
        done = [await ran(agents, "restore", before[pane]) for pane in panes]
        all_three = await agree(agents, watcher, 3)

    assert one[back["pane_id"]] == before[panes[1]] == back["session_id"]
    assert [each.code for each in done] == [0, 0, 0], done
    assert set(all_three.values()) == set(before.values())


async def test_a_pane_that_is_put_away_and_taken_in(agents: SeveralAgents) -> None:
    first, second = agents.session("web"), agents.window("web")
    async with watching(agents.server.socket, agents.folder / "h") as watcher:
        before = await agree(agents, watcher, 2)
        assert (await ran(agents, "kill", "--detach", second)).code == 0
        assert await agree(agents, watcher, 1) == {first: before[first]}
        assert (await ran(agents, "adopt", second)).code == 0
        assert await agree(agents, watcher, 2) == before


async def test_rows_of_one_session_that_come_back_at_the_same_time(
    agents: SeveralAgents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{agents.program.parent}{os.pathsep}{os.environ['PATH']}")
    agents.server.session("other")
    panes = [agents.session("web"), agents.window("web", "tests"), agents.window("web")]
    async with watching(agents.server.socket, agents.folder / "h") as watcher:
        before = await agree(agents, watcher, 4)
        await until(lambda: sum(row.tool is not None for row in watcher.sessions()) == 3, "the agents are known")
        rows = [row for row in watcher.sessions() if row.tmux_name == "web"]
        ended = await kill(watcher.context, rows[0], whole_session=True)
        over = [
            replace(watcher.context.supervisor.ended[row.session_id], conversation=f"talk-{row.window_index}")
            for row in rows
        ]
        await asyncio.gather(*(reopen(watcher.context, row) for row in reversed(over)))
        await agree(agents, watcher, 4)
        back = [row for row in watcher.sessions() if row.tmux_name == "web"]
        for row in back:
            agents.shows(row.pane_id or "", f"--resume talk-{row.window_index}")

    places = {row.session_id: row.place for row in back}
    assert ended.session_id == before[panes[0]]
    assert places == {before[pane]: f"web:{index}.0" for index, pane in enumerate(panes)}
