"""What the console offers to turn on: shown as it would be, done only when accepted, as it was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.config.loader import load
from quarterdeck.core.pane import ServerAddress
from quarterdeck.errors import QuarterdeckError, Refused
from quarterdeck.paths import find_places
from quarterdeck.ports.doctor_check import CheckStatus
from quarterdeck.runtime.setup_checks import ConsoleSetup
from quarterdeck.tui.actions import SetupPart
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a Claude Code that is on the PATH."""
    home = tmp_path / "user"
    (home / ".claude").mkdir(parents=True)
    (home / "bin").mkdir()
    (home / "bin" / "claude").write_text("#!/bin/sh\n")
    (home / "bin" / "claude").chmod(0o755)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    monkeypatch.setenv("PATH", f"{home / 'bin'}:/usr/bin:/bin")
    file = home / ".claude" / "settings.json"
    file.write_text('{\n  "model": "opus"\n}\n')
    return file


def setup(socket: Path) -> ConsoleSetup:
    places = find_places()

    async def ready() -> None:
        return None

    return ConsoleSetup(
        ServerAddress(str(socket)), places, lambda: load(places.config_file).settings, ("/opt/qd", "-S", "x"), ready
    )


async def test_hooks_are_written_only_when_accepted(settings: Path, tmux_socket: Path) -> None:
    offered = setup(tmux_socket)
    offer = await offered.offer(SetupPart.HOOKS)

    assert offer is not None
    assert str(settings) in offer.change
    assert any(line.startswith("+") and "SessionStart" in line for line in offer.change)
    assert "hooks" not in settings.read_text()

    done = await offer.accept()

    assert "SessionStart" in settings.read_text()
    assert ".before-quarterdeck" in done.said
    assert await offered.offer(SetupPart.HOOKS) is None


async def test_a_file_that_changed_after_it_was_shown_is_left_alone(settings: Path, tmux_socket: Path) -> None:
    offer = await setup(tmux_socket).offer(SetupPart.HOOKS)
    assert offer is not None
    settings.write_text("{}\n")

    with pytest.raises(QuarterdeckError, match="changed meanwhile"):
        await offer.accept()

    assert settings.read_text() == "{}\n"


async def test_a_free_key_is_offered_and_bound_when_accepted(tmux_socket: Path) -> None:
    offered = setup(tmux_socket)
    assert await offered.offer(SetupPart.KEY) is None, "there is no server yet"
    with TmuxServer(tmux_socket) as server:
        server.session("one")
        server.run("bind-key", "g", "new-window")
        offer = await offered.offer(SetupPart.KEY)
        assert offer is not None
        assert offer.question == "Put the console on C-b Q?"
        assert "/opt/qd" not in "".join(server.keys())

        done = await offer.accept()

        assert "/opt/qd" in server.key("Q")
        assert done.command == "/opt/qd -S x bind Q --print >> ~/.tmux.conf"
        assert await offered.offer(SetupPart.KEY) is None


async def test_a_key_that_was_bound_meanwhile_is_left_alone(tmux_socket: Path) -> None:
    with TmuxServer(tmux_socket) as server:
        server.session("one")
        server.run("unbind-key", "g")
        offer = await setup(tmux_socket).offer(SetupPart.KEY)
        assert offer is not None
        server.run("bind-key", "g", "new-window")

        with pytest.raises(Refused, match="bound meanwhile"):
            await offer.accept()

        assert "/opt/qd" not in server.key("g")


async def test_the_findings_are_those_of_doctor(settings: Path, tmux_socket: Path) -> None:
    found = {finding.name: finding for finding in await setup(tmux_socket).findings()}

    assert found["tmux"].status is CheckStatus.OK
    assert found["hooks claude"].cure == "quarterdeck hooks install claude"
