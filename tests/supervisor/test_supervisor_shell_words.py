"""Shells with our snippet: which command runs and how it ended is exact, and told at once."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from quarterdeck.cli.shell_integration import snippet_for
from quarterdeck.core.pane import PaneId
from quarterdeck.core.session import Confidence, Need, SessionState
from quarterdeck.core.shell_word import SHELL_HEADER
from quarterdeck.paths import find_places, private_folder
from quarterdeck.supervisor.shell_words import ShellWords
from support.tmux_server import TmuxServer
from support.workers import until, watching

if TYPE_CHECKING:
    from pathlib import Path

SHELLS = {
    "bash": ("bash", "--noprofile", "--rcfile", "rc", "-i"),
    "zsh": ("zsh", "-d", "-i"),
    "fish": ("fish", "--no-config", "-C", "source rc"),
}
HERE = [
    pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not here"))
    for name in SHELLS
]


def prepared(home: Path, folder: Path, shell: str) -> tuple[str, ...]:
    """A command that starts this shell with the snippet, from a folder that holds it."""
    places = find_places(home)
    snippet = snippet_for(shell, private_folder(places.shells))
    (folder / "rc").write_text(snippet)
    (folder / ".zshrc").write_text(f"PS1='%% '\n{snippet}")
    return ("env", "HISTFILE=/dev/null", f"ZDOTDIR={folder}", *SHELLS[shell])


@pytest.mark.process
@pytest.mark.parametrize("shell", HERE)
async def test_a_shell_tells_what_runs_and_how_it_ended(tmp_path: Path, shell: str) -> None:
    home = tmp_path / "home"
    with TmuxServer(tmp_path / "s") as server:
        server.session("one", *prepared(home, tmp_path, shell), cwd=tmp_path, size="100x30")
        async with watching(server.socket, home) as seen:

            def enter(line: str) -> None:
                server.run("send-keys", "-t", "=one:", "-l", line)
                server.run("send-keys", "-t", "=one:", "Enter")

            def told() -> tuple[SessionState, str, Need | None, str]:
                row = seen.need("one")
                return row.state, row.state_evidence.cause, row.needs, row.state_evidence.detail

            enter("true")
            await until(lambda: told()[:2] == (SessionState.IDLE, "osc133_prompt"), "the shell is heard")
            enter("sleep 1000")
            await until(lambda: told() == (SessionState.BUSY, "osc133_command", None, "sleep 1000"), "a command runs")
            server.run("send-keys", "-t", "=one:", "C-c")
            await until(lambda: told()[:2] == (SessionState.IDLE, "osc133_prompt"), "an interrupt is no failure")
            enter('sh -c "echo no luck; exit 7"')
            await until(lambda: told()[2] is Need.ERROR, "it has failed")
            assert told() == (SessionState.ERROR, "command_failed", Need.ERROR, "no luck (status 7)")
            assert seen.need("one").state_evidence.confidence is Confidence.HIGH
            enter("test -e /nowhere")
            await until(lambda: told()[:3] == (SessionState.IDLE, "osc133_prompt", None), "a no is an answer")
            assert seen.need("one").needs is None


@pytest.mark.process
def test_the_snippet_leaves_a_bash_as_it_was(tmp_path: Path) -> None:
    argv = prepared(tmp_path / "home", tmp_path, "bash")
    (tmp_path / "rc").write_text("PROMPT_COMMAND='echo before=$?'\nPS0='starts '\n" + (tmp_path / "rc").read_text())
    with TmuxServer(tmp_path / "s") as server:
        pane_id = server.session("one", *argv, cwd=tmp_path, size="60x20")
        for line in ("(exit 4)", "echo now=$?"):
            server.run("send-keys", "-t", pane_id, "-l", line)
            server.run("send-keys", "-t", pane_id, "Enter")
        deadline = time.monotonic() + 20
        while "now=4" not in (screen := server.run("capture-pane", "-p", "-t", pane_id)):
            assert time.monotonic() < deadline, screen
    assert "before=4" in screen
    assert "starts now=4" in screen


@pytest.mark.process
def test_outside_tmux_the_snippet_does_nothing(tmp_path: Path) -> None:
    import subprocess

    argv = prepared(tmp_path / "home", tmp_path, "bash")
    around = {key: value for key, value in os.environ.items() if key not in {"TMUX", "TMUX_PANE"}}
    shell = subprocess.run(
        [*argv, "-c", "declare -F; echo [${PROMPT_COMMAND-}${PS0-}]"],
        cwd=tmp_path, env=around, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert shell.stdout == "[]\n"
    assert list(find_places(tmp_path / "home").shells.iterdir()) == []


async def test_words_are_of_their_server_and_go_with_their_panes(tmp_path: Path) -> None:
    for name in ("1.77", "2.77", "1.78"):
        (tmp_path / name).write_text(f"{SHELL_HEADER} 5 run - {name}\n")
    words = ShellWords(tmp_path)
    words.keep_only({PaneId("%1"), PaneId("%2")}, 77)
    assert await words.read() == {PaneId("%1"), PaneId("%2")}
    assert await words.read() == set()
    told = words.of(PaneId("%1"))
    assert told is not None
    assert told.command == "1.77"

    words.keep_only({PaneId("%1")}, 77)
    assert words.of(PaneId("%2")) is None
    assert sorted(each.name for each in tmp_path.iterdir()) == ["1.77", "1.78"]


async def test_what_is_no_word_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.77")
    (tmp_path / "2.77").symlink_to("/dev/zero")
    (tmp_path / "3.77").write_bytes(b"\xff" * 5_000_000)
    (tmp_path / "4.77").mkdir()
    (tmp_path / "notes").write_text("x")
    words = ShellWords(tmp_path)
    words.keep_only({PaneId(f"%{number}") for number in range(5)}, 77)
    await words.read()

    assert [words.of(PaneId(f"%{number}")) for number in range(5)] == [None] * 5
    assert await ShellWords(tmp_path / "nowhere").read() == set()
