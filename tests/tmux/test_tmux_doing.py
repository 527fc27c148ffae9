"""What we do to a real server, and see done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import ServerAddress
from quarterdeck.ports.mux import NewSession
from quarterdeck.tmux.doing import Doing
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADVERSARIAL = [
    "two words",
    "tab\there",
    "[/x]",
    "漢字 émoji 🦀",
    'it\'s "quoted"',
    "$(touch canary)",
    "`touch canary`",
    "-dash",
    "--",
    "   ",
    "7",
    "ends;",
    "ends\\;",
    "#{pid}",
    "##{pid}",
    "#(touch canary)",
    "a#b##c#[fg=red]##[fg=red]#",
    "100% %H",
    "=equal",
    "@1",
    "%1",
    "$1",
    "*",
    "x" * 300,
]


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    with TmuxServer(tmux_socket) as server:
        yield server


@pytest.fixture
def doing(server: TmuxServer) -> Doing:
    return Doing(ServerAddress(server.socket))


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def shown(server: TmuxServer, pane_id: str) -> str:
    return server.run("capture-pane", "-p", "-J", "-t", pane_id)


@pytest.mark.parametrize("name", ADVERSARIAL)
async def test_a_session_is_made_renamed_and_ended_under_any_name(
    server: TmuxServer, doing: Doing, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    server.session("bystander")

    pane = await doing.new_session(NewSession(name=name, cwd=tmp_path, argv=("sleep", "99")))
    stored = name.replace("\t", "\\t").replace("\\;", "\\\\;")
    assert pane.session_name == stored
    assert server.sessions().count(stored) == 1

    await doing.rename_session(pane.tmux_id, "other")
    await doing.rename_session(pane.tmux_id, name)
    assert server.ask(pane.pane_id, "#{session_name}") == stored

    await doing.kill_session(pane.tmux_id)
    assert server.sessions() == ["bystander"]
    assert "canary" not in files_in(tmp_path)
