"""What becomes of words that mean something to an agent, and of messages for one that has a service of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.core.typed_text import InputHabits
from quarterdeck.operations.delivery import DeliveryRules
from quarterdeck.operations.delivery_proof import Outcome, Proof
from quarterdeck.operations.send import deliver_held, send
from quarterdeck.ports.agent_service import ServiceOutcome, ServiceReceipt
from support.post import Post, post_office
from support.tmux_server import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from quarterdeck.ports.agent_service import ConversationTarget

pytestmark = pytest.mark.process

HABITS = InputHabits(meaningful_starts="!/#@", meaningful_last_words="@", commands=("known",))


class Service:
    """A service that answers what it is told to."""

    def __init__(self, outcome: ServiceOutcome) -> None:
        self.outcome = outcome
        self.heard: list[tuple[str, str]] = []

    def send(self, target: ConversationTarget, text: str) -> ServiceReceipt:
        self.heard.append((target.conversation, text))
        return ServiceReceipt(self.outcome, "it is in its queue")


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
    service = Service(outcome)
    monkeypatch.setattr(CodingAgent, "service", service)
    agent = office.agent()

    sent = await send(office.context, await office.session(), "hello")

    assert service.heard == [("conversation-1", "hello")]
    assert sent.outcome is shown
    assert proof is None or (sent.proof, sent.detail) == (proof, "it is in its queue")
    assert agent.prompts == typed


async def test_a_command_is_for_the_input_line_and_not_for_the_service(
    office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(ServiceOutcome.DONE)
    monkeypatch.setattr(CodingAgent, "service", service)
    agent = office.agent()

    await send(office.context, await office.session(), "/known")

    assert (service.heard, agent.prompts) == ([], ["/known"])
