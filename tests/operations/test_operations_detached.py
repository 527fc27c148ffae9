"""Agents that no pane shows are rows: seen, told, answered, stopped, shown in a pane, and never twice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.core.session import Need, RowKind, SessionState
from quarterdeck.core.session_json import to_wire
from quarterdeck.errors import QuarterdeckError, Refused
from quarterdeck.operations.answer import answer, asked_now
from quarterdeck.operations.delivery import DeliveryRules
from quarterdeck.operations.delivery_proof import Outcome, Proof
from quarterdeck.operations.detached import show_in_pane
from quarterdeck.operations.kill import TmuxPart, ending_of, forget, kill
from quarterdeck.operations.preview import preview
from quarterdeck.operations.send import send
from quarterdeck.ports.agent_service import ServiceOutcome
from support.detached import StubService, conversation, reading, serve
from support.patience import PATIENCE
from support.post import Post, post_office

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from quarterdeck.core.session import Session

pytestmark = pytest.mark.process

ASKS = reading(SessionState.ATTENTION, Need.PERMISSION, question="May I?", choices=("Yes", "No"))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> StubService:
    made = StubService([conversation()])
    serve(monkeypatch, made)
    return made


@pytest.fixture
async def office(short_folder: Path, service: StubService) -> AsyncIterator[Post]:
    async with post_office(short_folder) as opened:
        yield opened


async def detached(office: Post) -> list[Session]:
    return [row for row in await office.rows() if row.kind is RowKind.DETACHED]


async def test_a_row_says_what_the_service_says_and_nothing_of_tmux(office: Post, service: StubService) -> None:
    (row,) = await detached(office)

    wire = to_wire(row)
    assert (row.tmux_name, row.thought) == ("job 1", "counts sheep")
    assert (wire["kind"], wire["tool"], wire["conversation"]) == ("detached", "Claude Code", "conversation-1")
    assert {wire[name] for name in ("tmux_name", "pane_id", "place", "window_index", "tmux_server")} == {None}
    assert to_wire(await office.session("quiet"))["kind"] == "pane"
    assert "runs here without a pane" in await preview(office.context, row, lines=20)


async def test_it_keeps_its_id_follows_its_service_and_ends(office: Post, service: StubService) -> None:
    (before,) = await detached(office)
    service.held = [conversation(1, ASKS), conversation(2)]
    first, second = await detached(office)

    assert (first.session_id, first.needs, first.asks and first.asks.choices) == (
        before.session_id,
        Need.PERMISSION,
        ("Yes", "No"),
    )
    assert second.session_id != before.session_id
    since = first.asks.since if first.asks else None
    assert [row.asks.since for row in await detached(office) if row.asks] == [since]

    service.held = [conversation(2)]
    assert [row.session_id for row in await detached(office)] == [second.session_id]
    assert office.context.supervisor.fleet.exited[before.session_id].ended_at is not None
    await office.context.supervisor.load()
    assert {before.session_id} == office.context.supervisor.ended.keys()


async def test_a_look_at_tmux_ends_none_of_them_and_an_end_of_the_server_neither(office: Post) -> None:
    (row,) = await detached(office)
    office.server.run("kill-server")

    assert [each.session_id for each in await detached(office)] == [row.session_id]


async def test_none_is_shown_that_a_pane_shows_and_it_comes_back_as_the_same_row(
    office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = await detached(office)
    monkeypatch.setattr(CodingAgent, "conversation", lambda self, program, **more: "conversation-1")
    agent = office.agent()
    deadline = time.monotonic() + PATIENCE
    while await detached(office):
        assert time.monotonic() < deadline, "a pane shows it"

    office.server.run("kill-session", "-t", agent.name)
    await office.rows()
    assert [each.session_id for each in await detached(office)] == [row.session_id]


async def test_a_forgotten_one_stays_away(office: Post) -> None:
    (row,) = await detached(office)

    await forget(office.context, row)

    assert await detached(office) == []
    assert await detached(office) == []


async def test_a_message_goes_through_its_service_or_not_at_all(office: Post, service: StubService) -> None:
    (row,) = await detached(office)

    sent = await send(office.context, row, "hello")
    assert (sent.outcome, sent.proof, sent.detail) == (Outcome.DELIVERED, Proof.SERVICE, "so it says")
    service.outcome = ServiceOutcome.UNAVAILABLE
    with pytest.raises(Refused, match="did not take it: so it says"):
        await send(office.context, row, "again")
    with pytest.raises(Refused, match="runs in no pane"):
        await send(office.context, row, "!ls", DeliveryRules(as_command=True))

    assert service.calls == [("send", "conversation-1", "hello"), ("send", "conversation-1", "again")]
    assert await office.context.messages.waiting(with_sending=True) == []


async def test_a_question_is_answered_through_its_service(office: Post, service: StubService) -> None:
    service.held = [conversation(1, ASKS)]
    (row,) = await detached(office)
    shown = await asked_now(office.context, row)

    done = await answer(office.context, row, "2", shown=shown)
    assert (done.answer, service.calls) == ("No", [("answer", "conversation-1", "May I?", (1,), "")])
    assert (await office.log("question.answered"))[0]["choice"] == 2

    service.held = [conversation(1, reading(SessionState.ATTENTION, Need.PERMISSION, question="Other?"))]
    (row,) = await detached(office)
    with pytest.raises(Refused, match="has changed"):
        await answer(office.context, row, "1", shown=shown)
    service.outcome = ServiceOutcome.UNKNOWN
    with pytest.raises(QuarterdeckError, match="did not confirm"):
        await answer(office.context, row, "in my own words")


async def test_it_is_stopped_through_its_service(office: Post, service: StubService) -> None:
    (row,) = await detached(office)
    assert ending_of(office.context, row) == (TmuxPart.NONE, (row,), 0)
    service.outcome = ServiceOutcome.REFUSED
    with pytest.raises(Refused):
        await kill(office.context, row)

    service.outcome = ServiceOutcome.DONE
    await kill(office.context, row)

    assert row.session_id not in office.context.supervisor.fleet.sessions
    assert await detached(office) == []  # although the service still lists it for a moment
    assert [call[0] for call in service.calls] == ["stop", "stop"]


async def test_it_is_shown_in_a_window_beside_the_console_or_in_a_session_of_its_own(office: Post) -> None:
    (row,) = await detached(office)
    beside = (await office.session("quiet")).pane_id

    there = await show_in_pane(office.context, row, beside)
    alone = await show_in_pane(office.context, row, None)

    sessions = [office.server.run("display-message", "-p", "-t", each, "#{session_name}") for each in (there, alone)]
    assert sessions[0] == "quiet" != sessions[1]


async def test_what_is_known_stays_while_a_service_does_not_answer(office: Post, service: StubService) -> None:
    (row,) = await detached(office)
    for fault in (None, OSError("mute")):
        service.fault = fault
        assert await detached(office) == [row]


async def test_two_of_us_show_the_same_rows_and_one_puts_away_what_the_other_does(
    office: Post, service: StubService
) -> None:
    (row,) = await detached(office)
    async with post_office(office.root, server=office.server) as other:
        (same,) = await detached(other)
        assert (same.session_id, same.thought) == (row.session_id, row.thought)

        await forget(other.context, same)
        assert await detached(office) == []
        await other.services.workers.reload()
        assert await detached(other) == []
