"""What rows say of real programs that are no agents: commands, prompts, interpreters, viewers, servers."""

from __future__ import annotations

import shutil
import socket
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.plain_reading import ASKS_AFTER
from quarterdeck.core.session import ASKING, Confidence, Need, SessionState
from quarterdeck.supervisor import terminals
from support.tmux_server import TmuxServer
from support.workers import patient, until, watching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from quarterdeck.core.session import Session
    from support.workers import Watching

pytestmark = pytest.mark.process
PYTHON = sys.executable
SHELL = ("env", "HISTFILE=/dev/null", "bash", "--norc", "--noprofile", "-i")
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="who reads a terminal is told on Linux alone")

ASKS = {
    "input": (f"{PYTHON} -c \"input('Your name: ')\"", "Your name:"),
    "read": ("bash -c 'read -p \"Delete all? [y/N] \" x'", "Delete all? [y/N]"),
    "own": ('read -p "go on? " x', "go on?"),
    "secret": (f"{PYTHON} -c \"import getpass; getpass.getpass('Token for me: ')\"", "Token for me:"),
    "sudo": ("bash -c 'stty -echo; printf \"[sudo] password for me: \"; read x'", "[sudo] password for me:"),
    "choice": ("bash -c 'select x in apple pear; do :; done'", "1) apple\n2) pear\n#?"),
    "pdb": (f'{PYTHON} -c "breakpoint(); print(1)"', "(Pdb)"),
}
"""Programs that wait for words, and what they ask."""
RESTS = {
    "python": f"{PYTHON} -q", "less": "less /etc/passwd", "top": "top", "follow": "tail -f /etc/passwd",
    "vi": "vim -u NONE /etc/passwd", "piped": "cat /etc/services | less", "man": "man ls", "sqlite": "sqlite3",
    "more": "more /etc/services", "watch": "watch -n1 date", "nano": "nano /etc/passwd", "help": "git help -m log",
    "questions": "printf 'Continue? [y/N]\\nPassword:\\n' | less -",
    "dash": "dash", "inner": "bash --norc --noprofile",
}  # fmt: skip
"""Interpreters at their prompts, and programs to look at."""
WORKS = {
    "sleep": "sleep 1000",
    "cat": "cat",
    "grep": "grep x",
    "printed": f"{PYTHON} -uc \"import time; print('Continue? [y/N] ', end=''); time.sleep(1000)\"",
    "field": f"{PYTHON} -uc \"import time; print('Enter a value: ', end=''); time.sleep(1000)\"",
    "secret": f"{PYTHON} -uc \"import time; print('Password: ', end=''); time.sleep(1000)\"",
    "list": "printf 'Which?\\n> 1. one\\n  2. two\\nEnter to select\\n'; sleep 1000",
    "loop": "while :; do echo 'Are you sure?'; sleep 0.2; done",
    "logs": "while :; do echo \"$(date) level=error msg='proceed? (y/n)'\"; sleep 0.1; done",
    "compile": "while :; do echo 'a.c:3:1: error: expected x before y'; sleep 0.1; done",
    "download": "while :; do printf '\\rDownloading %s/99999 [#---] ok?' $((n++)); sleep 0.1; done",
    "tests": "while :; do printf 'test_asks_name: Your name? '; sleep 0.2; echo ok; done",
    "server": f"{PYTHON} -m http.server 0 --bind 127.0.0.1",
    "pipe": "yes 'Overwrite? [y/n]' | while read -r line; do sleep 0.1; printf '%s ' \"$line\"; done",
    "wait": "sleep 1000 & wait",
    "prompts": "while :; do printf 'db> '; sleep 0.1; echo select; done",
}
"""Programs that ask nothing, whatever they print."""


@asynccontextmanager
async def shells(folder: Path, names: Sequence[str]) -> AsyncIterator[tuple[TmuxServer, Watching]]:
    """A shell in a session of its own for each name, watched."""
    with TmuxServer(folder / "s") as server:
        for name in names:
            server.session(name, *SHELL, size="100x30", cwd=folder)
        # Nothing is to be found only because everything is looked at now and then.
        async with watching(server.socket, folder / "home", settings=patient(resync_seconds=300)) as seen:
            await until(lambda: all(is_known(seen.row(name)) for name in names), "all shells are at their prompts")
            yield server, seen


def is_known(row: Session | None) -> bool:
    return row is not None and row.state is SessionState.IDLE and row.state_evidence.cause != "initial_state"


async def shown(seen: Watching, name: str, so: Callable[[Session], bool]) -> Session:
    """A row, once it is so."""
    await until(lambda: so(seen.need(name)), f"{name} is so")
    return seen.need(name)


def enter(server: TmuxServer, name: str, line: str) -> None:
    server.run("send-keys", "-t", f"={name}:", "-l", line)
    server.run("send-keys", "-t", f"={name}:", "Enter")


@ON_LINUX
async def test_who_waits_for_words_asks_in_those_words(tmp_path: Path) -> None:
    async with shells(tmp_path, [*ASKS]) as (server, seen):
        for name, (line, _) in ASKS.items():
            enter(server, name, line)
        for name, (_, text) in ASKS.items():
            row = await shown(seen, name, lambda row: row.needs is Need.QUESTION)
            assert row.asks is not None
            assert (row.asks.text, row.state_evidence.confidence, row.is_certain) == (text, Confidence.LOW, False)
        enter(server, "input", "me")
        await until(lambda: seen.need("input").needs is None, "an answered question is gone")


@ON_LINUX
async def test_what_rests_and_what_works_asks_nothing(tmp_path: Path) -> None:
    programs = {name: line for name, line in (RESTS | WORKS).items() if shutil.which(line.split()[0]) or name in WORKS}
    asked: list[str] = []
    async with shells(tmp_path, [*programs]) as (server, seen):
        for name, line in programs.items():
            enter(server, name, line)
        for name in programs:
            wanted = SessionState.IDLE if name in RESTS else SessionState.BUSY
            await shown(seen, name, lambda row, wanted=wanted: row.state is wanted)  # type: ignore[misc]
        over = time.monotonic() + 3 * ASKS_AFTER
        await until(lambda: time.monotonic() > over, "all of them have stood for longer than a question has to")
        asked = [str(event) for event in seen.events if getattr(getattr(event, "after", None), "needs", None) in ASKING]
    assert asked == []


async def test_an_unknown_program_that_takes_keys_is_never_surely_busy(tmp_path: Path) -> None:
    loop = "for n in range(10**6): print('drawing', n, end='\\r\\n'); time.sleep(0.1)"
    (tmp_path / "draws.py").write_text(f"import time, tty\ntty.setraw(0)\n{loop}")
    async with shells(tmp_path, ["draws"]) as (server, seen):
        enter(server, "draws", f"{PYTHON} -u draws.py")
        await until(lambda: seen.need("draws").state_evidence.cause == "screen_moves", "it moves")
        assert not seen.need("draws").is_certain


async def test_a_program_s_own_word_of_its_progress_counts_where_tmux_passes_it_on(tmp_path: Path) -> None:
    draw = "print('\\033]9;4;1;40\\007', end='', flush=True); time.sleep(1000)"
    (tmp_path / "tells.py").write_text(f"import time, tty\ntty.setraw(0)\n{draw}")
    async with shells(tmp_path, ["tells"]) as (server, seen):
        passes_it_on = server.version() >= (3, 7)
        enter(server, "tells", f"{PYTHON} -u tells.py")
        wanted = "told_progress" if passes_it_on else "screen_is_still"
        row = await shown(seen, "tells", lambda row: row.state_evidence.cause == wanted)
    assert row.state is (SessionState.BUSY if passes_it_on else SessionState.IDLE)
    assert row.state_evidence.confidence is not Confidence.HIGH


async def test_a_dialog_of_an_unknown_program_is_a_question_with_choices(tmp_path: Path) -> None:
    dialog = "Run it?\\r\\n\\r\\n> 1. Yes\\r\\n  2. No\\r\\n\\r\\nEnter to select, Esc to cancel"
    (tmp_path / "asks.py").write_text(
        f"import time, tty\ntty.setraw(0)\nprint('\\033[2J\\033[H{dialog}'); time.sleep(1000)"
    )
    async with shells(tmp_path, ["asks"]) as (server, seen):
        enter(server, "asks", f"{PYTHON} -u asks.py")
        await until(lambda: seen.need("asks").needs is Need.QUESTION, "it asks")
        row = seen.need("asks")
    assert row.asks is not None
    assert (row.asks.text, row.asks.choices) == ("Run it?", ("Yes", "No"))
    assert row.state_evidence.confidence is Confidence.MEDIUM


async def test_a_row_says_what_runs_and_how_far_it_is(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("import time\n\ndef test_it():\n    time.sleep(1000)\n")
    (tmp_path / "build.sh").write_text(f"env -i {PYTHON} -m pytest -q -p no:cacheprovider test_it.py\n")
    bar = "\\rDownloading it |####----| 12/30 kB"
    (tmp_path / "pip.py").write_text(
        f"import time\nprint('Collecting it')\nprint('{bar}', end='', flush=True)\ntime.sleep(1000)\n"
    )
    wanted = {"build": ("bash build.sh", "pytest"), "pip": (f"{PYTHON} pip.py", "pip.py: 12/30 kB")}
    async with shells(tmp_path, [*wanted]) as (server, seen):
        for name, (line, _) in wanted.items():
            enter(server, name, line)
        for name, (_, begin) in wanted.items():
            await shown(seen, name, lambda row, begin=begin: (row.thought or "").startswith(begin))  # type: ignore[misc]


async def test_a_command_that_ends_badly_has_failed_until_somebody_looks(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("all:\n\t@echo building; sleep 0.6; echo boom >&2; exit 3\n")
    (tmp_path / "raises.py").write_text("import time\ntime.sleep(0.6)\nraise ValueError('no')\n")
    lines = {"make": "make", "raises": f"{PYTHON} raises.py", "well": "sleep 0.6; echo no error here"}
    async with shells(tmp_path, [*lines]) as (server, seen):
        for name, line in lines.items():
            enter(server, name, line)
        await until(lambda: seen.need("make").needs is Need.ERROR, "make has failed")
        await until(lambda: seen.need("raises").needs is Need.ERROR, "the program has failed")
        await until(lambda: seen.need("well").state is SessionState.IDLE, "the other is over")
        told = [seen.need(name).state_evidence for name in lines]
        assert [each.confidence for each in told[:2]] == [Confidence.LOW, Confidence.LOW]
        assert told[0].detail == "make: *** [Makefile:2: all] Error 3"
        assert told[1].detail == "ValueError: no"
        assert seen.need("well").needs is None
        enter(server, "make", "sleep 1000")
        await until(lambda: seen.need("make").state is SessionState.BUSY, "something else runs")
        assert seen.need("make").needs is None


@ON_LINUX
async def test_a_silent_server_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.supervisor.plain_program.SERVES_AFTER", 0.5)
    monkeypatch.setattr("quarterdeck.supervisor.state_reader.SERVES_AFTER", 0.5)
    monkeypatch.setattr("quarterdeck.core.plain_reading.SERVES_AFTER", 0.5)
    async with shells(tmp_path, ["web"]) as (server, seen):
        enter(server, "web", f"{PYTHON} -m http.server 0 --bind 127.0.0.1")
        await until(lambda: seen.need("web").state_evidence.cause == "serves", "it serves")
        assert seen.need("web").state is SessionState.IDLE


def test_what_is_no_terminal_is_not_asked(tmp_path: Path) -> None:
    plain = tmp_path / "file"
    plain.write_text("")

    assert [terminals.mode_of(each) for each in (str(plain), "/dev/null", "/dev/pts/99999", "")] == [None] * 4
    assert terminals.reads_terminal([2**22 + 1]) is None
    assert not terminals.listens([2**22 + 1])


@ON_LINUX
def test_a_socket_that_waits_for_connections_is_found() -> None:
    import os

    with socket.socket() as waiting:
        waiting.bind(("127.0.0.1", 0))
        before = terminals.listens([os.getpid()])
        waiting.listen()

        assert (before, terminals.listens([os.getpid()])) == (False, True)
