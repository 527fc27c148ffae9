"""Over a restart of tmux's server a row is found again by its agent's conversation, by its place, or not at all."""

from __future__ import annotations

import shlex
import uuid
from typing import TYPE_CHECKING

import pytest

from support.post import Post, ScriptedAgent, post_office
from support.tmux_server import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from quarterdeck.core.session import SessionId

pytestmark = pytest.mark.process

NAMED = {"left": ("new-window", "-n", "left", "-t", "=web:"), "right": ("new-window", "-n", "right", "-t", "=web:")}


class Rebuilt:
    """A server in which agents are started, which is killed, and in which they are started anew."""

    def __init__(self, office: Post) -> None:
        self.office = office
        self.agents: dict[str, ScriptedAgent] = {}

    def start(self, name: str, *where: str, **options: object) -> str:
        """Start an agent, with the folder that it had if it was there before; the answer is its pane."""
        agent = self.agents.get(name)
        if agent is None:
            agent = self.agents[name] = ScriptedAgent(self.office.server, self.office.root, name, **options)
        ready = len(agent.said("ready"))
        agent.start(*where)
        until(lambda: len(agent.said("ready")) > ready, f"{name} was ready")
        return agent.pane_id

    def kill(self) -> None:
        """Kill the server, and have an empty one in its place."""
        self.office.server.kill()
        self.office.server.session("quiet")


@pytest.fixture
async def rebuilt(short_folder: Path) -> AsyncIterator[Rebuilt]:
    async with post_office(short_folder) as office:
        yield Rebuilt(office)


async def rows_of(office: Post, number: int, *, talking: int = 0) -> dict[str, SessionId]:
    """The live rows by their panes, once there are so many, and of so many the conversation is known."""
    while True:
        rows = [row for row in await office.rows() if not row.is_stale]
        if len(rows) == number and sum(bool(row.conversation) for row in rows) >= talking:
            return {str(row.pane_id): row.session_id for row in rows}


async def stale(office: Post) -> set[SessionId]:
    """The rows that wait to come back."""
    return {row.session_id for row in await office.rows() if row.is_stale}


async def test_agents_are_found_again_by_their_conversations_wherever_they_are(rebuilt: Rebuilt) -> None:
    office = rebuilt.office
    said = {name: {"session": str(uuid.uuid4())} for name in ("web", "left", "split")}
    first = {
        "web": rebuilt.start("web", **said["web"]),
        "left": rebuilt.start("left", *NAMED["left"], **said["left"]),
        "split": rebuilt.start("split", "split-window", "-t", "=web:0", **said["split"]),
    }
    before = await rows_of(office, 3, talking=3)
    rebuilt.kill()
    office.server.session("elsewhere", "sh")
    shell = await rows_of(office, 1)
    second = {
        "split": rebuilt.start("split"),
        "web": rebuilt.start("web", "new-window", "-t", "=elsewhere:"),
        "left": rebuilt.start("left", "split-window", "-t", "=split:0"),
    }
    after = await rows_of(office, 3)

    assert {name: after[pane] for name, pane in second.items()} == {name: before[pane] for name, pane in first.items()}
    assert not {*shell.values()} & {*after.values()}
    assert await stale(office) == set()


async def test_without_conversations_the_same_places_are_the_same_rows(rebuilt: Rebuilt) -> None:
    office = rebuilt.office
    before: list[SessionId] = []
    after: list[SessionId] = []
    for found in (before, after):
        panes = [
            rebuilt.start("web", registry=0),
            rebuilt.start("left", *NAMED["left"], registry=0),
            rebuilt.start("split", "split-window", "-t", "=web:0", registry=0),
        ]
        rows = await rows_of(office, 3)
        found += [rows[pane] for pane in panes]
        if found is before:
            await office.rows()
            rebuilt.kill()

    assert after == before
    assert await stale(office) == set()


async def test_other_places_without_conversations_are_other_rows(rebuilt: Rebuilt) -> None:
    office = rebuilt.office
    rebuilt.start("web", registry=0)
    rebuilt.start("left", *NAMED["left"], registry=0)
    before = await rows_of(office, 2)
    rebuilt.kill()
    rebuilt.start("web", registry=0)
    rebuilt.start("left", *NAMED["right"], registry=0)
    after = await rows_of(office, 2)

    assert len({*before.values()} & {*after.values()}) == 1
    assert await stale(office) == {*before.values()} - {*after.values()}


async def test_what_would_fit_two_is_neither_s(rebuilt: Rebuilt) -> None:
    office = rebuilt.office
    same = str(uuid.uuid4())
    rebuilt.start("web", session=same)
    rebuilt.start("left", *NAMED["left"], session=same)
    before = await rows_of(office, 2, talking=2)
    rebuilt.kill()
    rebuilt.start("other", session=same)
    after = await rows_of(office, 1, talking=1)

    assert not {*before.values()} & {*after.values()}
    assert await stale(office) == {*before.values()}


async def test_one_conversation_in_two_panes_brings_back_no_row(rebuilt: Rebuilt) -> None:
    office = rebuilt.office
    same = str(uuid.uuid4())
    rebuilt.start("web", session=same)
    before = await rows_of(office, 1, talking=1)
    rebuilt.kill()
    rebuilt.start("one", session=same)
    rebuilt.start("two", session=same)
    after = await rows_of(office, 2, talking=2)

    assert not {*before.values()} & {*after.values()}
    assert await stale(office) == {*before.values()}


async def test_an_agent_that_is_resumed_in_a_shell_is_its_own_row_again(rebuilt: Rebuilt) -> None:
    office = rebuilt.office
    panes = [rebuilt.start(name, session=str(uuid.uuid4())) for name in ("web", "api")]
    before = await rows_of(office, 2, talking=2)
    rebuilt.kill()
    shells = {name: office.server.session(f"new-{name}", "sh") for name in ("web", "api")}
    await rows_of(office, 2)
    for name, pane in shells.items():
        office.server.run("send-keys", "-t", pane, shlex.join(rebuilt.agents[name].argv), "Enter")
    while not {*before.values()} <= {*(after := await rows_of(office, 2)).values()}:
        pass

    assert [after[pane] for pane in shells.values()] == [before[pane] for pane in panes]
