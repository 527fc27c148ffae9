"""A tmux that is stopped, mute, endless or no tmux at all costs neither much time nor much memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from support.cli import cli_env
from support.patience import PATIENCE
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process

MOST_MEMORY: Final = 50
"""MB."""
MOST_SECONDS: Final = {
    ("ls",): 3,
    ("show", "one"): 3,
    ("new", "fresh"): 6,
    ("kill", "one"): 6,
    ("send", "one", "hello"): 6,
    ("attach", "one"): 6,
    ("back",): 6,
    ("bind",): 6,
}
"""What reads is back sooner than what acts."""
NO_TMUX: Final = {
    "endless": "exec cat /dev/zero",
    "endless lines": "exec yes 'a line that says something'",
    "endless complaint": "exec cat /dev/zero >&2",
    "garbage": "head -c 20000 /dev/urandom",
    "much garbage": "head -c 500000 /dev/urandom",
    "many lines": "yes '' | head -c 500000",
    "very many lines": "yes '' | head -c 4000000",
}
MEASURED: Final = """
import runpy, sys
from pathlib import Path
status = Path(sys.argv.pop(1))
try:
    runpy.run_module("quarterdeck", run_name="__main__", alter_sys=True)
finally:
    status.write_text(Path("/proc/self/status").read_text())
"""
FIRST_LOOK: Final = """
import sys
from pathlib import Path
from quarterdeck.core.pane import ServerAddress
from quarterdeck.tmux.look import FirstLook
assert FirstLook(ServerAddress("/nowhere")).wait(5) is None
Path(sys.argv[1]).write_text(Path("/proc/self/status").read_text())
"""

SOME_VERBS: Final = [("ls",), ("send", "one", "hello"), ("back",), ("bind",)]


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str
    memory: float
    """MB at the most, as the kernel counted."""


class Started:
    """The program (or other code) in a process of its own that nothing was loaded in before."""

    def __init__(self, folder: Path, *words: str, code: str = MEASURED) -> None:
        folder.mkdir(exist_ok=True)
        self._status = folder / "status"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, str(self._status), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=cli_env(),
            text=True,
        )

    def end(self) -> Run:
        """Wait for its end."""
        try:
            out, err = self._process.communicate(timeout=PATIENCE)
        finally:
            self._process.kill()
        told = re.search(r"^VmHWM:\s+(\d+) kB", self._status.read_text(), re.MULTILINE)
        assert told is not None
        return Run(self._process.returncode, out, err, int(told[1]) / 1024)


def quarterdeck(folder: Path, *words: str) -> Run:
    return Started(folder, "-S", str(folder / "s"), *words).end()


@pytest.fixture
def starts(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where each start of the fake tmux is noted, a line each."""
    (short_folder / "bin").mkdir()
    monkeypatch.delenv("TMUX_BIN", raising=False)
    monkeypatch.setenv("PATH", f"{short_folder / 'bin'}:{os.environ['PATH']}")
    return short_folder / "starts"


def put_tmux(starts: Path, script: str) -> None:
    program = starts.parent / "bin" / "tmux"
    program.write_text(f'#!/bin/sh\necho "$$ $*" >> {starts}\n{script}\n')
    program.chmod(0o700)


@pytest.fixture
def stopped(short_folder: Path) -> Iterator[TmuxServer]:
    """A server with a session that is known, and that is stopped."""
    with TmuxServer(short_folder / "s") as server:
        server.session("one")
        assert quarterdeck(short_folder, "ls").code == 0
        server.stop()
        yield server


def seconds_waited(run: Run) -> float:
    """How long tmux was waited for in vain, as the one sentence says."""
    told = re.search(r"tmux did not answer within ([\d.]+) s\.", run.err)
    assert told is not None, run.err
    return float(told[1])


def test_a_stopped_server_is_waited_for_once_and_not_long(short_folder: Path, stopped: TmuxServer) -> None:
    # All at once: each does nothing but wait.
    started = {verb: Started(short_folder / verb[0], "-S", stopped.socket, *verb) for verb in MOST_SECONDS}

    for verb, run in {verb: each.end() for verb, each in started.items()}.items():
        assert (run.code, run.out) == (4, ""), f"{verb}: {run.err}"
        assert seconds_waited(run) < MOST_SECONDS[verb], verb
    stopped.cont()
    assert stopped.sessions() == ["one"]


def test_a_mute_tmux_is_waited_for_once_and_not_long(starts: Path) -> None:
    put_tmux(starts, "exec sleep 3600")
    folders = {verb: starts.parent / verb[0] for verb in SOME_VERBS}

    started = {verb: Started(folder, "-S", str(folder / "s"), *verb) for verb, folder in folders.items()}

    for verb, run in {verb: each.end() for verb, each in started.items()}.items():
        assert run.code == 4, f"{verb}: {run.err}"
        assert seconds_waited(run) < MOST_SECONDS[verb], verb
        calls = [line for line in starts.read_text().splitlines() if f"{folders[verb]}/s" in line]
        assert len(calls) == 1, f"{verb}: {calls}"
        assert run.memory < MOST_MEMORY, verb
    assert len(starts.read_text().splitlines()) == len(SOME_VERBS), starts.read_text()


@pytest.mark.parametrize("verb", SOME_VERBS, ids=" ".join)
def test_an_endless_tmux_is_ended_before_it_takes_memory(starts: Path, verb: tuple[str, ...]) -> None:
    put_tmux(starts, NO_TMUX["endless"])

    run = quarterdeck(starts.parent, *verb)

    assert run.code == 4
    assert re.search(r"tmux printed more than [\d.]+ MB and was ended\.", run.err)
    assert run.memory < MOST_MEMORY


@pytest.mark.parametrize("kind", NO_TMUX)
@pytest.mark.parametrize("verb", [("ls",), ("bind", "--remove"), ("back",)], ids=" ".join)
def test_what_is_no_tmux_is_told_in_one_sentence(starts: Path, kind: str, verb: tuple[str, ...]) -> None:
    put_tmux(starts, NO_TMUX[kind])

    run = quarterdeck(starts.parent, *verb)

    assert run.code == 4
    assert run.out == ""
    said, hint = run.err.splitlines()
    assert said in {
        "quarterdeck: tmux's answer makes no sense.",
        "quarterdeck: tmux printed more than 0.5 MB and was ended.",
        "quarterdeck: tmux printed more than 4 MB and was ended.",
    }
    assert hint == f"Is {starts.parent}/bin/tmux the tmux that you mean?"
    assert run.memory < MOST_MEMORY


@pytest.mark.parametrize("kind", [*NO_TMUX, "mute"])
def test_doctor_finds_a_bad_tmux_soon(starts: Path, kind: str) -> None:
    put_tmux(starts, NO_TMUX.get(kind, "exec sleep 3600"))

    run = quarterdeck(starts.parent, "doctor", "--json")

    found = {each["name"]: each for each in json.loads(run.out)}
    assert run.code == 1
    assert found["tmux"]["status"] == found["server"]["status"] == "fail"
    for each in ("tmux", "server"):
        waited = re.search(r"within (\d+)", found[each]["cause"])
        assert waited is None or int(waited[1]) < 3
    assert run.memory < MOST_MEMORY


@pytest.mark.parametrize("kind", ["endless", "endless lines", "endless complaint"])
def test_the_first_look_takes_no_more_in_than_a_look_can_be(starts: Path, kind: str) -> None:
    put_tmux(starts, NO_TMUX[kind])

    assert Started(starts.parent, code=FIRST_LOOK).end().memory < MOST_MEMORY
