"""What a new session's agent is asked to do is not lost: not when its program is missing, and not when it is late."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import pytest

from quarterdeck.errors import AgentError, QuarterdeckError, TmuxUnreachable
from quarterdeck.operations import pane_view
from quarterdeck.operations.delivery_proof import Outcome
from quarterdeck.operations.new import NewSessionRequest, new_session, reopen
from quarterdeck.operations.send import deliver_held, send
from quarterdeck.ports.store import ActivityQuery
from quarterdeck.values import replace
from support.post import Post, ScriptedAgent, post_office

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from quarterdeck.core.session import Session

pytestmark = pytest.mark.process


@pytest.fixture
async def office(short_folder: Path) -> AsyncIterator[Post]:
    async with post_office(short_folder) as opened:
        yield opened


@pytest.fixture
def late(office: Post, monkeypatch: pytest.MonkeyPatch) -> ScriptedAgent:
    """A `claude` that is nothing we know until the file `go` is there, and then the scripted agent."""
    monkeypatch.setattr(pane_view, "STARTING_PATIENCE", 0.3)
    agent = ScriptedAgent(office.server, office.root, "late")
    program = agent.as_program() / "claude"
    waits = agent.folder / "waits"
    waits.write_text(f"until [ -e {agent.folder}/go ]; do sleep 0.05; done\nexec {shlex.join(agent.argv)}\n")
    program.write_text(f"#!/bin/sh\nexec sh {waits}\n")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return agent


async def made(office: Post, name: str = "late") -> tuple[Session, list[str]]:
    return await new_session(
        office.context, NewSessionRequest(cwd=office.root, name=name, tool="claude", request="fix the login")
    )


async def test_nothing_is_made_for_an_agent_whose_program_is_missing(
    office: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    with pytest.raises(AgentError, match="Claude Code is not installed: there is no program claude on PATH"):
        await made(office)

    assert office.server.sessions() == ["quiet"]
    assert await office.context.messages.waiting() == []


async def test_a_request_waits_for_an_agent_that_is_not_to_be_recognised_yet(office: Post, late: ScriptedAgent) -> None:
    session, notices = await made(office)

    (held,) = await office.context.messages.waiting(session.session_id)
    assert held.text == "fix the login"
    assert notices == [
        f"The request waits (message {held.id}) and is sent as soon as possible: no agent runs there now."
    ]
    assert [each.kind for each in await office.context.store.activity(ActivityQuery(kind="message.held"))]
    assert "fix the login" not in office.server.run("capture-pane", "-p", "-t", "=late:")

    # Who keeps the rows, and delivers, may never have seen an agent there.
    unaware = replace(session, tool=None, created_at=None)
    for _ in range(2):
        with pytest.raises(QuarterdeckError, match="no agent runs there"):
            await deliver_held(office.context, unaware)
    assert "fix the login" not in office.server.run("capture-pane", "-p", "-t", "=late:")
    assert [each.id for each in await office.context.messages.waiting()] == [held.id], "a try in vain loses nothing"
    (late.folder / "go").touch()
    late.until_ready()
    (sent,) = await deliver_held(office.context, await office.session("late"))

    assert sent.held is None
    assert late.prompts == ["fix the login"]
    assert await office.context.messages.waiting() == []


async def test_what_is_said_after_a_request_that_waits_waits_behind_it(office: Post, late: ScriptedAgent) -> None:
    session, _ = await made(office)

    said = await send(office.context, replace(session, tool=None, created_at=None), "and the logout")

    assert (said.outcome, said.detail) == (Outcome.QUEUED, "earlier messages wait")
    assert [each.text for each in await office.context.messages.waiting()] == ["fix the login", "and the logout"]


async def test_a_request_is_kept_when_tmux_does_not_answer(
    office: Post, late: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    (late.folder / "go").touch()

    async def silent(*_: object) -> None:
        raise TmuxUnreachable("tmux did not answer")

    monkeypatch.setattr("quarterdeck.operations.send.hand_over", silent)
    session, (notice,) = await made(office)

    (held,) = await office.context.messages.waiting(session.session_id)
    assert held.text == "fix the login"
    assert "tmux did not answer" in notice


async def test_a_session_brought_back_without_its_agents_program_is_a_shell_and_that_is_said(
    office: Post, late: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    (late.folder / "go").touch()
    session, _ = await new_session(office.context, NewSessionRequest(cwd=office.root, name="late", tool="claude"))
    office.server.run("kill-session", "-t", "=late")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    notices = await reopen(office.context, session)

    assert notices == ["claude is not on PATH, so late has a shell and no agent."]
    assert "late" in office.server.sessions()
