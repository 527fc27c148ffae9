"""A row goes where its pane goes: what waits for it, what it asks and what it is answered go with it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import Need
from quarterdeck.operations.answer import answer
from quarterdeck.operations.delivery_proof import Outcome
from quarterdeck.operations.send import deliver_held, send
from support.post import Post, ScriptedAgent, post_office
from support.scripted_agent import PERMISSION
from support.tmux_server import until
from support.workers import services_on

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.core.session import Session

pytestmark = pytest.mark.process

MANY = 9


async def rows_of(office: Post, number: int) -> dict[str, Session]:
    """The rows by their panes, once there are so many."""
    while len(rows := await office.rows()) != number:
        pass
    return {str(row.pane_id): row for row in rows}


async def test_nine_agents_in_windows_and_splits_of_three_sessions_are_nine_rows(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        where = {
            "web:0": (),
            "web:left": ("new-window", "-n", "left", "-t", "=web:"),
            "web:right": ("new-window", "-n", "right", "-t", "=web:"),
            "api:0.0": (),
            "api:0.1": ("split-window", "-t", "=api:0.0"),
            "api:0.2": ("split-window", "-h", "-t", "=api:0.1"),
            "api:0.3": ("split-window", "-h", "-t", "=api:0.2"),
            "doc:0.0": (),
            "doc:0.1": ("split-window", "-t", "=doc:0.0"),
        }
        panes = {}
        for name, command in where.items():
            panes[name] = office.agent(name if command else name.partition(":")[0], *command).pane_id
        rows = await rows_of(office, MANY)
        again = await rows_of(office, MANY)
        async with services_on(office.server.socket, office.root / "home") as other:
            await other.workers.look_once()
            elsewhere = other.workers.supervisor.fleet.sessions.values()

    ids = {pane: row.session_id for pane, row in rows.items()}
    assert {row_name(row): pane for pane, row in rows.items()} == panes
    assert len(set(ids.values())) == MANY
    assert {pane: row.session_id for pane, row in again.items()} == ids
    assert ids.items() <= {row.pane_id: row.session_id for row in elsewhere}.items()
    assert {row.tmux_name: row.rows_in_session for row in rows.values()} == {"web": 3, "api": 4, "doc": 2}


MOVES: tuple[tuple[str, str, str | None], ...] = (
    ("rename-window -t {pane} judge", "web:1.0", "judge"),
    ("rename-session -t =web site", "site:1.0", "judge"),
    ("move-window -s {pane} -t =site:4", "site:4.0", "judge"),
    ("swap-pane -d -s {pane} -t =site:0.0", "site:0.0", None),
    ("join-pane -d -s {pane} -t =site:4.0", "site:4.1", "judge"),
    ("break-pane -d -s {pane} -t =other:7", "other:7.0", None),
    ("join-pane -d -s {pane} -t =other:0.0", "other:0.1", None),
    ("resize-pane -Z -t {pane}", "other:0.1", None),
    ("select-window -t =other:8", "other:0.1", None),
    ("swap-pane -d -s {pane} -t =site:4.0", "site:4.0", "judge"),
    ("move-window -d -s {pane} -t =other:5", "other:5.0", "judge"),
    ("rename-session -t =other last", "last:5.0", "judge"),
)
"""One after the other: what is done to the pane of `review`, where it is then, and what its window is called."""


async def test_what_waits_and_what_is_asked_go_with_the_pane(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        office.server.session("other", "sh")
        office.server.run("new-window", "-d", "-t", "=other:8", "sh")
        web, review = office.agent("web"), office.agent("review", "new-window", "-t", "=web:")
        pane = review.pane_id
        review.order("ask rm -rf build")
        while not (before := (await rows_of(office, 3))[pane]).needs:
            pass
        web_before = (await rows_of(office, 3))[web.pane_id]
        held = await send(office.context, before, "and then look again")
        places, asking = [], []
        for command, _, _ in MOVES:
            office.server.run(*(word.format(pane=pane) for word in command.split()))
            rows = {str(row.pane_id): row for row in await office.rows()}
            places.append((command, rows[pane].place, rows[pane].window_name))
            asking.append((rows[pane].session_id, rows[pane].needs, rows[web.pane_id].session_id))
            assert rows[pane].place == office.server.ask(pane, "#{session_name}:#{window_index}.#{pane_index}")
        await answer(office.context, rows[pane], "2")
        while (row := {str(row.pane_id): row for row in await office.rows()}[pane]).needs:
            pass
        (sent,) = await deliver_held(office.context, row)
        ends = await office.log("session.deleted")

    assert tuple(places) == MOVES
    assert set(asking) == {(before.session_id, Need.PERMISSION, web_before.session_id)}
    assert (held.outcome, sent.outcome) == (Outcome.QUEUED, Outcome.DELIVERED)
    assert [note["answer"] for note in review.said("answer")] == [PERMISSION[1]]
    assert review.prompts == ["and then look again"]
    assert [*web.prompts, *web.said("into_dialog")] == []
    assert not ends


async def test_a_message_waits_for_the_agent_that_comes_next_in_its_pane(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        web, review = office.agent("web"), office.agent("review", "new-window", "-t", "=web:")
        review.order("ask rm -rf build")
        while not (before := (await rows_of(office, 2))[review.pane_id]).needs:
            pass
        await send(office.context, before, "and then look again")
        office.server.run("respawn-pane", "-k", "-t", review.pane_id, "--", *review.argv)
        until(lambda: len(review.said("ready")) == 2, "the next one is there")
        while (row := (await rows_of(office, 2))[review.pane_id]).needs or not row.runs_agent:
            pass
        (sent,) = await deliver_held(office.context, row)

    assert row.session_id == before.session_id
    assert sent.outcome is Outcome.DELIVERED
    assert (review.prompts, web.prompts) == (["and then look again"], [])


async def test_an_agent_that_ended_leaves_its_row_until_the_pane_goes(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        office.server.session("web", "sh")
        office.agent("web-0", "split-window", "-t", "=web:0")
        review = ScriptedAgent(office.server, office.root, "review")
        pane = office.server.run("new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "=web:", "sh")
        office.server.run("send-keys", "-t", pane, shlex.join(review.argv), "Enter")
        review.until_ready()
        alive = (await rows_of(office, 2))[pane]
        review.order("quit")
        while (over := (await rows_of(office, 2))[pane]).runs_agent:
            pass
        office.server.run("kill-pane", "-t", pane)
        left = await rows_of(office, 1)
        told = await office.log("session.deleted")

    assert over.session_id == alive.session_id
    assert (over.bound_pane, over.tool) == (pane, "Claude Code")
    assert over.session_id not in {row.session_id for row in left.values()}
    assert [each["reason"] for each in told] == ["process_exit"]
