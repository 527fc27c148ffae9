"""Whose reports count: those of the agent that has the pane, and not of one that it runs itself."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.report import HEADER
from quarterdeck.core.session import Need, SessionState
from quarterdeck.ports.clock import wall_clock
from support.post import Post, post_office

if TYPE_CHECKING:
    from pathlib import Path

    from support.post import ScriptedAgent


def report(office: Post, agent: ScriptedAgent, key: str, event: str, **payload: object) -> None:
    """What a hook would put into the spool."""
    spool = office.deck.places.spool
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    head = f"{HEADER} {key} @{wall_clock().timestamp():.3f} {agent.pane_id} {office.server.socket},1,0"
    fresh = spool / f"{uuid.uuid4().hex}.tmp"
    fresh.write_text(f"{head}\n{json.dumps({'hook_event_name': event, **payload})}")
    fresh.rename(fresh.with_suffix(".report"))


@pytest.mark.parametrize("key", ["claude", "codex"])
async def test_an_agent_that_runs_another_one_is_not_taken_for_it(key: str, short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent()
        before = await office.session()
        office.server.run("send-keys", "-t", agent.pane_id, "slow: 60", "Enter")
        while (await office.session()).state is not SessionState.BUSY:
            pass
        report(office, agent, key, "SessionStart", session_id="of-the-inner-one", source="startup", model="other")
        report(office, agent, key, "Stop", session_id="of-the-inner-one", last_assistant_message="done")
        after = await office.session()

    assert before.agent_session_id
    assert (after.state, after.needs) == (SessionState.BUSY, None)
    assert after.agent_session_id == before.agent_session_id
    assert after.model != "other"


async def test_the_reports_of_the_agent_that_has_the_pane_count(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent(registry=0)
        await office.session()
        report(office, agent, "claude", "PermissionRequest", session_id="mine", tool_name="Bash", tool_input={})
        asked = await office.session()

    assert asked.needs is Need.PERMISSION
    assert asked.agent_session_id == "mine"
