from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.config.settings import Settings
from quarterdeck.errors import QuarterdeckError
from quarterdeck.operations.delivery_proof import Outcome
from quarterdeck.operations.send import send
from quarterdeck.operations.spawn import SpawnRequest, spawn
from support.post import Post, ScriptedAgent, post_office
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from quarterdeck.core.session import Session
    from support.git_repo import Repository


@pytest.fixture
def agent(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedAgent:
    """The agent that every spawn starts, as `claude` on PATH."""
    made = ScriptedAgent(TmuxServer(short_folder / "s"), short_folder, "worker", start=1)
    monkeypatch.setenv("PATH", str(made.as_program()), prepend=":")
    monkeypatch.setenv("HOME", str(made.home))
    return made


@pytest.fixture
async def office(short_folder: Path, repository: Repository, agent: ScriptedAgent) -> AsyncIterator[Post]:
    del agent  # it has to be on PATH first
    project = {"path": str(repository.path), "agent": "claude", "session_prefix": "app", "scm": "none"}
    settings = Settings.model_validate({"projects": {"app": {**project, "tracker": {"kind": "none"}}}})
    async with post_office(short_folder, settings=settings) as opened:
        yield opened


async def a_worker(office: Post, agent: ScriptedAgent) -> Session:
    """A spawned session whose agent has been given its task."""
    await spawn(office.services.work_context, SpawnRequest(project="app", prompt="begin"), lambda line: None)
    until(lambda: len(agent.prompts) == 1, "the task had arrived")
    return await office.session("app-1")


async def test_a_message_to_a_spawned_session_that_has_ended_brings_it_back_first(
    office: Post, agent: ScriptedAgent
) -> None:
    before = await a_worker(office, agent)
    agent.order("quit")
    until(lambda: "app-1" not in office.server.sessions(), "it had ended")
    await office.services.workers.look_once()

    sent = await send(office.context, office.context.session("app-1", all_rows=True), "and go on")

    assert sent.outcome is Outcome.DELIVERED
    assert agent.prompts[1:] == ["and go on"]
    assert len({note["session"] for note in agent.said("prompt")}) == 1, "it is the same conversation"
    assert sent.session.session_id == before.session_id
    assert office.server.sessions().count("app-1") == 1


async def test_a_message_that_finds_only_now_that_its_session_has_died_brings_it_back(
    office: Post, agent: ScriptedAgent
) -> None:
    before = await a_worker(office, agent)
    office.server.run("kill-session", "-t", "=app-1")

    sent = await send(office.context, before, "and go on")

    assert (sent.outcome, agent.prompts[1:]) == (Outcome.DELIVERED, ["and go on"])


async def test_a_message_to_a_session_that_cannot_be_brought_back_is_refused_and_not_kept(
    office: Post, agent: ScriptedAgent
) -> None:
    before = await a_worker(office, agent)
    office.server.run("kill-session", "-t", "=app-1")
    (agent.folder / "bin" / "claude").unlink()

    with pytest.raises(QuarterdeckError):
        await send(office.context, before, "and go on")

    assert await office.context.messages.waiting() == []
    assert len(agent.prompts) == 1
