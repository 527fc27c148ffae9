"""An agent that reports that it needs input asks: in its row, until it is answered or works again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from quarterdeck.config.settings import Settings
from quarterdeck.core.events import SessionChanged
from quarterdeck.core.reading import REPORTED
from quarterdeck.core.session import Need, SessionId, SessionState, Source
from quarterdeck.core.session_json import to_wire
from quarterdeck.core.urgency import UrgencyTier, tier
from quarterdeck.core.work_record import NO_NOTE
from quarterdeck.errors import Refused
from quarterdeck.operations.answer import answer, asked_now, question_of
from quarterdeck.operations.delivery_proof import Outcome
from quarterdeck.operations.message_queue import MessageQueue
from quarterdeck.operations.send import send
from quarterdeck.operations.spawn import SpawnRequest, spawn
from quarterdeck.operations.take_report import NOTE_LENGTH, report
from quarterdeck.store.glances import glance
from quarterdeck.values import replace
from support.patience import PATIENCE
from support.post import Post, ScriptedAgent, post_office
from support.tmux_server import TmuxServer, until
from support.workers import watching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from quarterdeck.core.events import Event
    from quarterdeck.core.session import Session
    from support.git_repo import Repository

QUESTION = "Postgres or SQLite?"
SECRET = "sk" + "_live_" + "51H8xQ2eZvKYlo2C0abcdEFG"


@pytest.fixture
def agent(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedAgent:
    """The agent that every spawn starts, as `claude` on PATH."""
    made = ScriptedAgent(TmuxServer(short_folder / "s"), short_folder, "worker")
    monkeypatch.setenv("PATH", str(made.as_program()), prepend=":")
    monkeypatch.setenv("HOME", str(made.home))
    return made


@pytest.fixture
def settings(repository: Repository) -> Settings:
    project = {"path": str(repository.path), "agent": "claude", "session_prefix": "app", "scm": "none"}
    return Settings.model_validate({"projects": {"app": {**project, "tracker": {"kind": "none"}}}})


@pytest.fixture
async def office(short_folder: Path, settings: Settings, agent: ScriptedAgent) -> AsyncIterator[Post]:
    """A worker, `app-1`, whose agent has been given its task."""
    async with post_office(short_folder, settings=settings) as opened:
        await spawn(opened.services.work_context, SpawnRequest(project="app", prompt="begin"), lambda line: None)
        until(lambda: len(agent.prompts) == 1, "the task had arrived")
        yield opened


async def row(office: Post, is_so: Callable[[Session], bool], what: str) -> Session:
    """The worker's row, once it is so."""
    async with asyncio.timeout(PATIENCE):
        while not is_so(found := await office.session("app-1")):  # noqa: ASYNC110  it looks anew each time
            await asyncio.sleep(0.05)
    assert is_so(found), what
    return found


def asks(session: Session) -> bool:
    return session.needs is Need.QUESTION


def is_at_rest(session: Session) -> bool:
    return session.state is SessionState.IDLE and not asks(session)


async def asking(office: Post, note: str = QUESTION) -> Session:
    await row(office, is_at_rest, "its turn was over")
    await report(office.services.work_context, "app-1", "needs_input", note=note)
    return await office.session("app-1")


async def test_a_report_that_input_is_needed_is_a_question(office: Post) -> None:
    session = await asking(office)
    await office.services.workers.checkpoints.save()

    assert (session.state, session.needs, tier(session)) == (SessionState.ATTENTION, Need.QUESTION, UrgencyTier.ASKS)
    assert (session.state_evidence.cause, session.state_evidence.source) == (REPORTED, Source.HOOK)
    wire = to_wire(session)
    asked = wire["asks"]
    assert isinstance(asked, dict)
    assert (asked["kind"], asked["text"], asked["choices"]) == ("question", QUESTION, [])
    assert asked["since"]
    assert session.work is not None
    assert session.work.status == "needs_input"
    assert glance(office.context.places.state_file)["attention", "question"] == 1


async def test_without_a_note_it_is_a_question_all_the_same(office: Post) -> None:
    session = await asking(office, "  ")

    assert session.asks is not None
    assert session.asks.text == NO_NOTE


async def test_the_turn_in_which_it_was_asked_does_not_answer_it_and_the_next_one_does(
    office: Post, agent: ScriptedAgent
) -> None:
    await send(office.context, await office.session("app-1"), "slow: 2")
    await row(office, lambda session: session.state is SessionState.BUSY, "it worked")
    await report(office.services.work_context, "app-1", "needs_input", note=QUESTION)
    assert asks(await office.session("app-1"))
    await row(office, lambda _: not works(office), "its turn was over")
    assert asks(await office.session("app-1")), "the rest of that turn is no answer"

    office.server.run("send-keys", "-t", "=app-1:", "slow: 3", "Enter")
    session = await row(office, lambda session: not asks(session), "it worked again")

    assert session.work is not None
    assert session.work.status == "working"
    assert (await office.services.work_context.record("app-1")).question is None


def works(office: Post) -> bool:
    """What is known of the agent beside what it reported."""
    watched = office.services.workers.reader.memory_of(SessionId("app-1"))
    assert watched is not None
    assert watched.settled is not None
    return watched.settled.reading.state is SessionState.BUSY


async def test_a_message_answers_it(office: Post, agent: ScriptedAgent) -> None:
    sent = await send(office.context, await asking(office), "Postgres")

    assert sent.outcome is Outcome.DELIVERED
    assert agent.prompts[-1] == "Postgres"
    assert not asks(await office.session("app-1"))


async def test_a_message_that_waits_goes_to_one_that_has_reported_its_question(
    office: Post, agent: ScriptedAgent
) -> None:
    session = await asking(office)
    held = await office.context.messages.post(session.session_id, "SQLite", "nobody")
    await office.context.messages.hold(held.id, "earlier messages wait")
    going = asyncio.create_task(MessageQueue(office.context).run())
    async with asyncio.timeout(PATIENCE):
        while await office.context.messages.waiting(with_sending=True):  # noqa: ASYNC110  the store sets no event
            await asyncio.sleep(0.05)
    going.cancel()

    assert agent.prompts[-1] == "SQLite"


async def test_another_report_closes_it(office: Post) -> None:
    await asking(office)

    await report(office.services.work_context, "app-1", "working")

    assert not asks(await office.session("app-1"))


async def test_free_text_answers_it_as_a_message(office: Post, agent: ScriptedAgent) -> None:
    session = await asking(office)
    shown = await asked_now(office.context, session)
    assert (await question_of(office.context, session)).text == QUESTION

    done = await answer(office.context, session, "Postgres", shown=shown)

    assert done.sent is not None
    assert done.sent.outcome is Outcome.DELIVERED
    assert agent.prompts[-1] == "Postgres"
    assert not asks(await office.session("app-1"))


async def test_an_answer_to_an_earlier_question_is_refused(office: Post, agent: ScriptedAgent) -> None:
    shown = await asked_now(office.context, await asking(office))
    await report(office.services.work_context, "app-1", "needs_input", note="And which port?")

    with pytest.raises(Refused, match="question has changed"):
        await answer(office.context, await office.session("app-1"), "Postgres", shown=shown)

    assert agent.prompts == ["begin"]


async def test_a_dialog_on_its_screen_comes_first(office: Post, agent: ScriptedAgent) -> None:
    await asking(office)
    agent.order("ask rm -r build")

    session = await row(office, lambda session: session.needs is Need.PERMISSION, "the dialog was seen")
    assert session.asks is not None
    assert "rm -r build" in session.asks.text
    agent.order("close")

    session = await row(office, asks, "the dialog was closed")
    assert session.asks is not None
    assert session.asks.text == QUESTION


async def test_who_watches_hears_of_it_from_another_process_and_of_its_end(
    office: Post, short_folder: Path, settings: Settings
) -> None:
    await row(office, is_at_rest, "its turn was over")
    office.services.workers.row_writer.release()
    async with watching(office.server.socket, short_folder / "home", settings=settings) as agent_choice:
        await report(office.services.work_context, "app-1", "needs_input", note=QUESTION)
        await until_so(lambda: asks(agent_choice.need("app-1")), "it was told of")
        await report(office.services.work_context, "app-1", "working")
        await until_so(lambda: not asks(agent_choice.need("app-1")), "its end was told of")
        await until_so(lambda: agent_choice.need("app-1").state_evidence.cause != "initial_state", "it was read anew")


async def until_so(condition: Callable[[], bool], what: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  another process's doing sets no event
            await asyncio.sleep(0.02)
    assert condition(), what


async def test_a_secret_in_what_is_reported_and_in_what_the_work_is_called_changes_no_row_again_and_again(
    office: Post,
) -> None:
    await asking(office, f"Shall I use {SECRET}?")
    await office.services.work_context.works.change_work(
        SessionId("app-1"), lambda held: replace(held, display_name=SECRET)
    )
    agent_choice = office.services.workers
    await agent_choice.reload()
    await agent_choice.checkpoints.save()
    kept = await office.context.store.sessions()
    changed: list[Event] = []
    agent_choice.supervisor.subscribe(changed.append)
    await agent_choice.reload()
    await office.session("app-1")

    assert [event for event in changed if isinstance(event, SessionChanged)] == []
    session = office.context.session("app-1")
    assert session.asks is not None
    assert session.asks.text == "Shall I use [redacted]?"
    assert [row.asks for row in kept if row.session_id == "app-1"] == [session.asks]


async def test_what_is_kept_of_a_report_has_no_secret_also_where_it_is_cut(office: Post) -> None:
    await report(office.services.work_context, "app-1", "working", note="x" * (NOTE_LENGTH - 20) + f" {SECRET}")

    assert "sk" + "_live" not in (await office.services.work_context.record("app-1")).report_note
