"""Several who look at the same panes agree, thoughts keep to their pane, and what comes and goes makes no row."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.thought import pane_key
from quarterdeck.operations.ingest import Tally, ingest
from quarterdeck.ports.clock import wall_clock
from support.post import Post, post_office
from support.workers import services_on, until, watching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from quarterdeck.core.session import SessionId
    from quarterdeck.runtime.services import Services

pytestmark = pytest.mark.process

WITHIN = 10.0
"""Seconds: less than it takes until everybody looks again without a reason."""


@pytest.fixture
async def office(short_folder: Path) -> AsyncIterator[Post]:
    async with post_office(short_folder) as opened:
        yield opened


def bound(services: Services) -> dict[str, SessionId]:
    """The rows that follow a pane, by that."""
    rows = services.workers.supervisor.fleet.sessions.values()
    return {row.bound_pane: row.session_id for row in rows if row.bound_pane and not row.is_stale}


async def test_a_thought_about_a_pane_is_its_rows(office: Post) -> None:
    web, review = office.agent("web"), office.agent("review", "split-window", "-t", "=web:0")
    while len(await office.rows()) < 2:
        pass
    snapshot = office.services.workers.supervisor.snapshot
    assert snapshot is not None
    keys = {str(pane.pane_id): pane_key(pane) for pane in snapshot.panes}
    assert keys[web.pane_id] == f"tmux:web:0.0:{web.pane_id}"
    tally = Tally()
    for agent in (web, review):
        line = json.dumps({"session_id": keys[agent.pane_id], "thought": f"of {agent.name}"})
        await ingest(office.context.store, line, 1, wall_clock(), tally)
    told = {row.pane_id: row.thought for row in await office.rows()}
    office.server.run("swap-pane", "-d", "-s", web.pane_id, "-t", review.pane_id)
    swapped = {row.pane_id: row.thought for row in await office.rows()}

    assert tally.accepted == 2
    assert told == swapped == {web.pane_id: "of web", review.pane_id: "of review"}


async def test_two_who_see_a_second_agent_at_once_give_it_one_id(office: Post) -> None:
    web = office.agent("web")
    writer = office.services
    async with services_on(office.server.socket, office.root / "home") as follower:
        await writer.workers.look_once()
        await follower.workers.look_once()
        agents = [office.agent(f"more-{number}", "new-window", "-d", "-t", "=web:") for number in range(3)]
        while len(bound(writer)) < 4 or bound(follower) != bound(writer):
            await asyncio.gather(follower.workers.look_once(), writer.workers.look_once())
        kept = await writer.context.store.sessions(str(writer.workers.mux.address))

    assert bound(writer).keys() == {web.pane_id, *(agent.pane_id for agent in agents)}
    assert sorted(row.session_id for row in kept) == [f"sess_{number}" for number in range(5)]


async def test_who_does_not_keep_the_rows_shows_a_further_one_as_soon_as_it_is_kept(office: Post) -> None:
    web = office.agent("web")
    socket, home = office.server.socket, office.root / "elsewhere"
    async with watching(socket, home) as first, watching(socket, home) as second:
        writer, follower = (first, second) if first.workers.row_writer.is_writer else (second, first)
        await until(lambda: len(bound(writer.services)) == 1, "the first is found")
        review = office.agent("review", "new-window", "-d", "-t", "=web:")
        await until(lambda: len(bound(writer.services)) == 2, "the second is found")
        began = asyncio.get_running_loop().time()
        await until(lambda: bound(follower.services) == bound(writer.services), "who follows shows both")
        took = asyncio.get_running_loop().time() - began

    assert bound(writer.services).keys() == {web.pane_id, review.pane_id}
    assert took < WITHIN


async def test_an_agent_that_comes_and_goes_beside_another_makes_no_row(office: Post) -> None:
    web = office.agent("web")
    pane = office.server.run("split-window", "-d", "-P", "-F", "#{pane_id}", "-t", web.pane_id, "bash")
    await office.rows()
    agents = office.services.workers.pane_agents
    office.server.run("send-keys", "-t", pane, "(exec -a claude sleep 0.8)", "Enter")
    seen: set[str] = set()
    was_there = False
    while not was_there or pane in agents._found:
        seen |= {str(row.pane_id) for row in await office.rows()}
        was_there = was_there or pane in agents._found
    office.server.run("send-keys", "-t", pane, "(exec -a claude sleep 600)", "Enter")
    while len(rows := await office.rows()) < 2:
        pass

    assert seen == {web.pane_id}
    assert {row.pane_id for row in rows} == {web.pane_id, pane}
