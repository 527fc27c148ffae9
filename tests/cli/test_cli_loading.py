"""What the verbs that people and scripts call most load, and what they do not."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.cli import cli_env
from support.patience import PATIENCE
from support.tmux_server import TmuxServer
from support.workers import watching

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

VERBS = [["ls", "--json"], ["show", "here"], ["send", "here", "true"], ["send", "--held"]]
FOR_WHOEVER_WATCHES = {
    "pydantic",
    "httpx",
    "textual",
    "quarterdeck.core.journal",
    "quarterdeck.core.lifecycle",
    "quarterdeck.core.notice",
    "quarterdeck.forge",
    "quarterdeck.inotify",
    "quarterdeck.store.work",
    "quarterdeck.supervisor.day_history",
    "quarterdeck.supervisor.file_watcher",
    "quarterdeck.supervisor.notifications",
    "quarterdeck.thoughts.thinkers",
    "quarterdeck.tmux.control",
    "quarterdeck.tmux.hints",
}
FOR_WHOEVER_KEEPS_THE_ROWS = {
    "tomllib",
    "quarterdeck.agents.agent_rules",
    "quarterdeck.core.detector",
    "quarterdeck.supervisor.scrollbacks",
    "quarterdeck.supervisor.state_reader",
    "quarterdeck.supervisor.thought_engine",
    "quarterdeck.supervisor.session_thoughts",
    "quarterdeck.thoughts",
}
"""One process does; while it runs, the others only read what it has derived."""


def loaded(socket: Path, words: list[str]) -> set[str]:
    code = "import sys; from quarterdeck.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", code, "-S", str(socket), *words]
    done = subprocess.run(command, env=cli_env(), capture_output=True, text=True, check=True, timeout=PATIENCE)
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_a_look_loads_nothing_of_those_who_watch(short_folder: Path, words: list[str]) -> None:
    socket = short_folder / "s"
    with TmuxServer(socket) as server:
        server.run("new-session", "-d", "-s", "here", "cat")

        assert FOR_WHOEVER_WATCHES & loaded(socket, words) == set()


async def test_while_another_process_keeps_the_rows_nothing_is_loaded_that_derives_them(
    short_folder: Path, private_home: Path
) -> None:
    socket = short_folder / "s"
    with TmuxServer(socket) as server:
        server.run("new-session", "-d", "-s", "here", "cat")
        async with watching(socket, private_home) as watched:
            await watched.shows("here")
            found = [await asyncio.to_thread(loaded, socket, words) for words in VERBS]

    unwanted = FOR_WHOEVER_WATCHES | FOR_WHOEVER_KEEPS_THE_ROWS
    assert [unwanted & each for each in found] == [set()] * len(VERBS)
