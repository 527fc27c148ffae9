"""An agent that another package brings, in one file: it is known wherever the built-in ones are."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from quarterdeck.cli import main
from quarterdeck.core.session import Need, SessionState, Source, ThoughtState
from quarterdeck.core.urgency import is_idle_agent
from quarterdeck.operations.new import NewSessionRequest, new_session
from quarterdeck.values import replace
from support.tmux_server import TmuxServer
from support.workers import until, watching

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

AGENT = """
import re
from functools import cache

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.ports.agent_spec import AgentSpec, HookKind, PromptDelivery

SPEC = AgentSpec(
    key="walker", name="Walker 3", commands=("walker",), context_limit=77_000,
    launch_flags=("SCREEN", "-"), prompt_delivery=PromptDelivery.PASTE, hooks=HookKind.SETTINGS,
)


@cache
def readers():
    from pathlib import Path

    from quarterdeck.agents.agent_readers import AgentReaders
    from quarterdeck.agents.hooks import JsonHooks
    from quarterdeck.agents.screen import Meaning, Region, ScreenRule, in_order

    return AgentReaders(
        screen_rules=in_order((
            ScreenRule(id="go", means=Meaning.PERMISSION, region=Region.LAST, pattern=re.compile("^May I[?]$")),
            ScreenRule(id="ready", means=Meaning.IDLE, region=Region.LAST, pattern=re.compile("^ready$")),
        )),
        hooks=JsonHooks(agent="walker", file=lambda home: Path("HOOKS"), events=("Stop",)),
    )


AGENT = CodingAgent(spec=SPEC, load=readers)
"""

NAMES = ("found", "started")


class Brought:
    """The package, with a program that prints a file and then stays."""

    def __init__(self, folder: Path) -> None:
        self.screen = folder / "screen"
        self.hooks = folder / "walker.json"
        self.programs = folder / "bin"
        self.packages = folder / "packages"
        info = self.packages / "walker_agent-1.dist-info"
        info.mkdir(parents=True)
        self.programs.mkdir()
        (self.programs / "walker").symlink_to("/bin/cat")
        text = AGENT.replace("SCREEN", str(self.screen)).replace("HOOKS", str(self.hooks))
        (self.packages / "walker_agent.py").write_text(text)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: walker-agent\nVersion: 1\n")
        (info / "entry_points.txt").write_text("[quarterdeck.agents]\nwalker = walker_agent:AGENT\n")


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Brought:
    """The package, installed."""
    made = Brought(tmp_path)
    monkeypatch.delitem(sys.modules, "walker_agent", raising=False)
    monkeypatch.syspath_prepend(str(made.packages))
    monkeypatch.setenv("PATH", str(made.programs), prepend=":")
    return made


@pytest.mark.parametrize(
    ("screen", "state", "need"),
    [("ready", SessionState.IDLE, None), ("May I?", SessionState.ATTENTION, Need.PERMISSION)],
)
async def test_an_agent_of_another_package_is_started_found_and_read(
    screen: str,
    state: SessionState,
    need: Need | None,
    brought: Brought,
    tmux_socket: Path,
    private_home: Path,
    tmp_path: Path,
) -> None:
    brought.screen.write_text(f"hello\n{screen}\n")
    with TmuxServer(tmux_socket) as server:
        server.session("found", f"{brought.programs}/walker {brought.screen} -")
        async with watching(server.socket, private_home) as workers:
            await new_session(workers.context, NewSessionRequest(cwd=tmp_path, name="started", tool="walker"))
            await until(
                lambda: {workers.need(name).state_evidence.source for name in NAMES} == {Source.SCREEN},
                "both screens are read",
            )
            rows = [workers.need(name) for name in NAMES]

    for row in rows:
        assert (row.agent, row.tool, row.context_limit) == ("walker", "Walker 3", 77_000)
        assert (row.state, row.needs) == (state, need)
        # What the last thought said is not asked here.
        calm = replace(row, thought_state=ThoughtState.HOLDING)
        assert is_idle_agent(calm) == (need is None)


def test_an_agent_of_another_package_is_in_every_list(
    brought: Brought, private_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def said(*words: str) -> str:
        assert main(["--home", str(private_home), *words]) in {0, 1}
        return capfd.readouterr().out

    assert "walker\tagent\n" in said("names", "agent", "wal")
    listed = json.loads(said("hooks", "status", "--json"))
    assert {each["agent"]: each["path"] for each in listed}["walker"] == str(brought.hooks)
    assert "agent walker" in {each["name"] for each in json.loads(said("doctor", "--json"))}
