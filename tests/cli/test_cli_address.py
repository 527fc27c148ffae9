"""Which tmux server is meant."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from quarterdeck.cli.address import server_socket
from quarterdeck.errors import UsageError
from quarterdeck.programs import tmux_program
from support.patience import PATIENCE
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from pathlib import Path


def test_without_anything_it_is_the_default_server() -> None:
    assert str(server_socket(None, None, {}, 1000)) == "/tmp/tmux-1000/default"


def test_inside_tmux_it_is_the_server_we_are_in() -> None:
    assert str(server_socket(None, None, {"TMUX": "/tmp/a,b/s,123,0"}, 1000)) == "/tmp/a,b/s"


def test_a_name_wins_over_the_server_we_are_in(tmp_path: Path) -> None:
    environ = {"TMUX": "/tmp/s,1,0", "TMUX_TMPDIR": str(tmp_path)}

    assert str(server_socket("work", None, environ, 1000)) == f"{tmp_path}/tmux-1000/work"


def test_a_path_wins_over_a_name_as_in_tmux(tmp_path: Path) -> None:
    assert str(server_socket("work", str(tmp_path / "s"), {}, 0)) == str(tmp_path / "s")


def test_a_folder_that_does_not_exist_is_passed_over_as_in_tmux() -> None:
    assert str(server_socket("x", None, {"TMUX_TMPDIR": "/nowhere/at/all"}, 5)) == "/tmp/tmux-5/x"


def test_two_ways_to_name_one_socket_are_one_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)

    found = {
        server_socket(None, path, {}, 0) for path in ("real/s", "link/s", "./link/../real/s", str(tmp_path / "real/s"))
    }

    assert len(found) == 1


@pytest.mark.parametrize("name", ["", "a/b", "/", ".", ".."])
def test_a_name_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        server_socket(name, None, {}, 0)


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(UsageError):
        server_socket(None, "", {}, 0)


@pytest.mark.parametrize("name", ["default", "other"])
@pytest.mark.process
def test_tmux_itself_finds_the_named_server_at_this_address(short_folder: Path, name: str) -> None:
    environ = {"TMUX_TMPDIR": str(short_folder)}
    address = server_socket(name, None, environ, os.getuid())

    subprocess.run(
        [tmux_program(), "-L", name, "-f", "/dev/null", "new-session", "-d", "-s", "here"],
        env={**os.environ, **environ},
        check=True,
        timeout=PATIENCE,
    )
    with TmuxServer(address) as server:
        assert server.sessions() == ["here"]
