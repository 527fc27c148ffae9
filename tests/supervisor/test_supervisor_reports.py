"""Whose reports count: those of the agent that has the pane, and not of one that it runs itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.session import Need, SessionState
from support.post import post_office

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("key", ["claude", "codex"])
async def test_an_agent_that_runs_another_one_is_not_taken_for_it(key: str, short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent()
        before = await office.session()
        office.server.run("send-keys", "-t", agent.pane_id, "slow: 60", "Enter")
        while (await office.session()).state is not SessionState.BUSY:
            pass
        office.report(agent, key, "SessionStart", session_id="of-the-inner-one", source="startup", model="other")
        office.report(agent, key, "Stop", session_id="of-the-inner-one", last_assistant_message="done")
        after = await office.session()

    assert before.agent_session_id
    assert (after.state, after.needs) == (SessionState.BUSY, None)
    assert after.agent_session_id == before.agent_session_id
    assert after.model != "other"


async def test_the_reports_of_the_agent_that_has_the_pane_count(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent(registry=0)
        await office.session()
        office.report(agent, "claude", "PermissionRequest", session_id="mine", tool_name="Bash", tool_input={})
        asked = await office.session()

    assert asked.needs is Need.PERMISSION
    assert asked.agent_session_id == "mine"
