"""Where an agent keeps its files is read from its own process, and what is of another conversation is left out."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quarterdeck.core.detector import DetectorState
from quarterdeck.core.reading import Reading
from quarterdeck.core.session import Confidence, SessionState, Source
from quarterdeck.ports.agent_process import AgentHome, Program
from quarterdeck.supervisor.agent_facts import home_of
from quarterdeck.supervisor.session_memory import SessionMemory
from support.recordings import agent
from support.stub_mux import pane
from support.tmux_server import until

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


@pytest.mark.process
def test_the_variables_of_the_agent_s_own_process_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_HOME", "/ours")
    own = {"HOME": str(tmp_path), "CODEX_HOME": "/its/own", "CLAUDE_CONFIG_DIR": "/of/another", "SECRET": "x"}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=own) as process:
        # Right after its start the kernel may not have its environment yet.
        until(lambda: home_of(Program(pid=process.pid, command="codex"), agent("codex")) is not None, "its environment")
        home = home_of(Program(pid=process.pid, command="codex"), agent("codex"))
        process.communicate(b"\n")

    assert home is not None
    assert home == AgentHome(tmp_path, (("CODEX_HOME", "/its/own"),))
    assert home.folder("CODEX_HOME", ".codex") == Path("/its/own")
    assert home.folder("XDG_DATA_HOME", ".local/share") == tmp_path / ".local/share"


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="only there can a process's environment be read")
def test_a_process_that_has_no_environment_yet_is_asked_again() -> None:
    """A process that is given none looks like one that is only just beginning."""
    with subprocess.Popen([sys.executable, "-c", "input(1)"], stdin=-1, stdout=-1, env={}) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        home = home_of(Program(pid=process.pid, command="codex"), agent("codex"))
        process.communicate(b"\n")

    assert home is None


def test_a_process_that_is_gone_has_none() -> None:
    assert home_of(Program(pid=2**22 + 1, command="codex"), agent("codex")) is None


def test_what_is_said_of_another_conversation_is_not_of_this_pane() -> None:
    said = Reading(
        source=Source.REGISTRY,
        state=SessionState.BUSY,
        cause="registry_busy",
        confidence=Confidence.HIGH,
        at=NOW,
        conversation="before",
    )
    memory = SessionMemory(DetectorState(at=0.0), pane(1), agent=agent("claude"), registry=said)

    assert Source.REGISTRY in memory.readings(NOW)  # which one the pane shows is not known
    memory.conversation = "now"
    assert Source.REGISTRY not in memory.readings(NOW)
    memory.conversation = "before"
    assert memory.readings(NOW)[Source.REGISTRY] is said
