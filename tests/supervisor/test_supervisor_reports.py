"""Whose reports count: those of the agent that has the pane, and not of one that it runs itself."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import PaneId
from quarterdeck.core.report import REPORT_HEADER
from quarterdeck.core.session import Need, SessionState
from quarterdeck.ports.clock import wall_clock
from quarterdeck.runtime.agent_loading import load_agents
from quarterdeck.supervisor.reports import Reports
from support.post import post_office

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path


@pytest.mark.parametrize("key", ["claude", "codex"])
@pytest.mark.process
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

    assert before.conversation
    assert (after.state, after.needs) == (SessionState.BUSY, None)
    assert after.conversation == before.conversation
    assert after.model != "other"


@pytest.mark.process
async def test_the_reports_of_the_agent_that_has_the_pane_count(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        agent = office.agent(registry=0)
        await office.session()
        office.report(agent, "claude", "PermissionRequest", session_id="mine", tool_name="Bash", tool_input={})
        asked = await office.session()

    assert asked.needs is Need.PERMISSION
    assert asked.conversation == "mine"


async def test_when_an_agent_was_heard_is_noted_at_once_and_then_now_and_then(tmp_path: Path) -> None:
    noted: list[Mapping[str, datetime]] = []

    async def note(heard: Mapping[str, datetime]) -> None:
        noted.append(heard)

    reports = Reports(spool=tmp_path, socket="/tmp/s", agents=load_agents({}), note_heard=note)
    # Whole seconds, so that a time is the same however it is written.
    start = wall_clock().replace(microsecond=0) - timedelta(minutes=5)

    async def hear(seconds: float, *agents: str, pane: str = "%1") -> None:
        at = start + timedelta(seconds=seconds)
        for agent in agents:
            file = tmp_path / f"{seconds}.{agent}.report"
            file.write_text(f'{REPORT_HEADER} {agent} @{at.timestamp():.3f} {pane} -\n{{"hook_event_name": "Stop"}}')
            os.utime(file, (at.timestamp(), at.timestamp()))
        await reports.read()

    await hear(0, "claude")
    await hear(1, "claude", "gemini")
    for seconds in range(2, 30):
        await hear(seconds, "claude")
    await hear(31, "claude", "nobody")
    # One that runs outside of tmux is heard, though no row tells of it.
    await hear(32, "codex", pane="-")
    await hear(33, "claude")

    assert noted == [
        {"claude": start},
        {"gemini": start + timedelta(seconds=1)},
        {"claude": start + timedelta(seconds=31)},
        {"codex": start + timedelta(seconds=32)},
    ]


class Spool:
    """Reports of Codex's daemon: all of them name the pane whose terminal started it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.reports = Reports(spool=folder, socket="", agents=load_agents({}), note_heard=self._note)

    async def _note(self, heard: Mapping[str, datetime]) -> None:
        """Nobody keeps it."""

    async def take(self, event: str, conversation: str, pane: str = "%1", **payload: object) -> set[str]:
        """Have a report written, and read; answers the panes it concerned."""
        self.count += 1
        at = wall_clock() + timedelta(milliseconds=self.count)
        told = {"hook_event_name": event, "session_id": conversation, **payload}
        head = f"{REPORT_HEADER} codex @{at.timestamp()} {pane} -"
        (self.folder / f"{self.count}.codex.report").write_text(f"{head}\n{json.dumps(told)}")
        return await self.reports.read()

    def needs(self, pane: str, conversation: str = "") -> Need | None:
        """What the reports say that the agent in a pane wants."""
        reading = self.reports.of(PaneId(pane), "codex", conversation).reading
        return reading.needs if reading else None


async def test_a_conversations_own_id_says_which_pane_a_report_is_about(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.reports.shows(PaneId("%1"), "codex", "one")
    spool.reports.shows(PaneId("%2"), "codex", "two")
    await spool.take("UserPromptSubmit", "one", prompt="go")
    concerned = await spool.take("PermissionRequest", "two", tool_name="Bash", tool_input={"command": "ls"})

    assert "%2" in concerned
    assert (spool.needs("%2", "two"), spool.needs("%1", "one")) == (Need.PERMISSION, None)
    # Before its own conversation is known, a pane is not given one that another shows.
    spool.reports.shows(PaneId("%1"), "codex", "")
    assert spool.needs("%1") is None


async def test_what_a_daemon_reports_is_heard_after_the_pane_it_was_started_in_is_gone(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    await spool.take("PermissionRequest", "two", tool_name="Bash", tool_input={"command": "ls"})
    spool.reports.keep_only({PaneId("%2")})
    spool.reports.shows(PaneId("%2"), "codex", "two")
    spool.reports.keep_only({PaneId("%2")})

    assert spool.needs("%2", "two") is Need.PERMISSION


async def test_the_late_end_of_a_conversation_that_was_left_hides_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    await spool.take("UserPromptSubmit", "old", prompt="go")
    await spool.take("Stop", "new", last_assistant_message="done")
    await spool.take("SessionEnd", "old", reason="other")

    assert spool.needs("%1") is Need.FINISHED
    await spool.take("SessionEnd", "new", reason="other")
    assert spool.needs("%1") is None
