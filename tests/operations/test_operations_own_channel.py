"""What becomes of words that mean something to an agent, and of messages for one that has a service of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.core.typed_text import InputHabits
from quarterdeck.operations.answer import answer
from quarterdeck.operations.delivery import DeliveryRules
from quarterdeck.operations.delivery_proof import Outcome, Proof
from quarterdeck.operations.send import deliver_held, send
from quarterdeck.ports.agent_service import ServiceOutcome
from support.detached import StubService
from support.post import Post, post_office
from support.tmux_server import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.process

HABITS = InputHabits(meaningful_starts="!/#@", meaningful_last_words="@", commands=("known",))


@pytest.fixture
async def office(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    monkeypatch.setattr(CodingAgent, "habits", lambda self, *, cwd, home=None: HABITS)
    monkeypatch.setattr(CodingAgent, "conversation", lambda self, program, **more: "conversation-1")
    async with post_office(short_folder) as opened:
        yield opened


async def test_words_arrive_as_words_and_a_known_command_as_a_command(office: Post) -> None:
    agent = office.agent()
    session = await office.session()

    words = await send(office.context, session, "! bang first")
    command = await send(office.context, session, "/known one")
    untouched = await send(office.context, session, "!ls", DeliveryRules(as_command=True))

    assert agent.prompts == [" ! bang first", "/known one", "!ls"]
    assert [sent.as_command for sent in (words, command, untouched)] == [False, True, True]
    assert {sent.outcome for sent in (words, command, untouched)} == {Outcome.DELIVERED}
    assert [told.get("as_command", False) for told in await office.log("message.delivered")] == [True, True, False]


async def test_what_waits_is_typed_untouched_later_too(office: Post) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("ask may I?")
    await asyncio.to_thread(until, lambda: "may I?" in agent.screen(), "it asked")
    sent = await send(office.context, session, "!ls", DeliveryRules(as_command=True))
    assert sent.outcome is Outcome.QUEUED
    (held,) = await office.context.messages.waiting()
    assert held.as_command

    agent.order("close")
    while not agent.prompts:
        await deliver_held(office.context, session)

    assert agent.prompts == ["!ls"]


@pytest.mark.parametrize(
    ("outcome", "shown", "proof", "typed"),
    [
        (ServiceOutcome.DONE, Outcome.DELIVERED, Proof.SERVICE, []),
        (ServiceOutcome.QUEUED, Outcome.QUEUED, Proof.SERVICE, []),
        (ServiceOutcome.UNKNOWN, Outcome.UNCONFIRMED, Proof.NONE, []),
        (ServiceOutcome.UNAVAILABLE, Outcome.DELIVERED, None, ["hello"]),
        (ServiceOutcome.REFUSED, Outcome.DELIVERED, None, ["hello"]),
    ],
)
async def test_a_service_has_a_message_first_and_keys_are_left_where_it_took_nothing(
    office: Post,
    monkeypatch: pytest.MonkeyPatch,
    outcome: ServiceOutcome,
    shown: Outcome,
    proof: Proof | None,
    typed: list[str],
) -> None:
    service = StubService(outcome=outcome)
    monkeypatch.setattr(CodingAgent, "service", service)
    agent = office.agent()

    sent = await send(office.context, await office.session(), "hello")

    assert service.calls == [("send", "conversation-1", "hello")]
    assert sent.outcome is shown
    assert proof is None or (sent.proof, sent.detail) == (proof, "so it says")
    assert agent.prompts == typed


async def test_a_command_is_for_the_input_line_and_not_for_the_service(
    office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = StubService()
    monkeypatch.setattr(CodingAgent, "service", service)
    agent = office.agent()

    await send(office.context, await office.session(), "/known")

    assert (service.calls, agent.prompts) == ([], ["/known"])


@pytest.mark.parametrize("outcome", [ServiceOutcome.DONE, ServiceOutcome.UNAVAILABLE])
async def test_a_question_is_answered_through_the_service_or_else_with_keys(
    office: Post, monkeypatch: pytest.MonkeyPatch, outcome: ServiceOutcome
) -> None:
    agent = office.agent()
    session = await office.session()
    agent.order("ask may I?")
    service = StubService(outcome=outcome, then=lambda: agent.order("close"))
    monkeypatch.setattr(CodingAgent, "service", service)

    done = await answer(office.context, session, "1")

    assert [call[:2] for call in service.calls] == [("answer", "conversation-1")]
    assert service.calls[0][3:] == ((0,), "")
    assert done.answer
    assert len(agent.said("answer")) == (0 if outcome is ServiceOutcome.DONE else 1)
