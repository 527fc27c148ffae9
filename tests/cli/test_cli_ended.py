"""Sessions that are over and a state that was lost, as one meets them on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.cli import run_cli
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from pathlib import Path

    from support.cli import Done

pytestmark = pytest.mark.process


def test_what_is_over_can_be_read_and_is_told_apart_from_what_never_was(short_folder: Path) -> None:
    def qd(*words: str) -> Done:
        return run_cli("-S", str(short_folder / "s"), "--home", str(short_folder / "h"), *words)

    with TmuxServer(short_folder / "s") as server:
        server.session("gone", "sh", "-c", "echo last words; exec sleep 600")
        server.session("gopher", "sleep", "600")
        until(lambda: "last words" in server.run("capture-pane", "-p", "-t", "=gone:"), "it has spoken")
        qd("ls")
        assert qd("kill", "gone").code == 0

        over = qd("show", "gone", "--json").json()
        assert (over["session_id"], over["state"], over["tail"]) == ("sess_0", "exited", "last words")
        assert qd("show", "go", "--json").json()["tmux_name"] == "gopher", "a prefix means what is there"
        assert qd("send", "gone", "--", "x").code == 5
        assert qd("kill", "gone").code == 3
        assert qd("claim-pr", "gopher", "7").code == 5, "it is there, but it was not spawned"
        assert qd("claim-pr", "nobody", "7").code == 3
        server.run("set-option", "-g", "remain-on-exit", "on")
        server.session("left", "sh", "-c", "read _; exit 3")
        qd("ls")
        server.run("send-keys", "-t", "=left:", "Enter")
        until(lambda: server.run("list-panes", "-t", "=left:", "-F", "#{pane_dead}").strip() == "1", "it is over")
        assert qd("kill", "left").code == 0, "its pane is there to be ended"
        assert server.sessions() == ["gopher"]
        server.run("kill-server")

    stale = qd("kill", "gopher", "--json")
    assert stale.code == 5
    assert "--detach sess_1" in stale.error()["hint"], stale
    assert "status None" not in qd("show", "gopher").out


def test_a_damaged_file_is_said_once_and_the_rest_goes_on(private_home: Path) -> None:
    private_home.mkdir(mode=0o700)
    (private_home / "state.db").write_text("hello")

    first, second = (run_cli("-S", str(private_home / "none"), "ls", "--json") for _ in range(2))

    assert (first.code, first.json()) == (0, [])
    assert "state.db was damaged" in first.err
    assert "state.db.damaged-" in first.err
    assert (second.code, second.err) == (0, "")
