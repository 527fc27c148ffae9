"""Who is told to end is gone soon, whatever a thread waits for, and the terminal is as it was."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.cli import run_cli
from support.pty_program import PtyProgram
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON = 4.0
"""Seconds: two are promised, and a busy machine gets some more. What does not end in time does not end at all."""
CODES = {"q": 0, "SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129, "SIGQUIT": -signal.SIGQUIT}


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    with TmuxServer(tmux_socket) as made:
        made.session("alpha")
        yield made


def console(server: TmuxServer, held: str = "", mark: Path | None = None) -> PtyProgram:
    return PtyProgram("-S", server.socket, held=held, mark=mark)


def ended_well(program: PtyProgram, how: str, *, reads: bool = True) -> None:
    assert program.end(how, reads=reads) < SOON
    assert program.process.returncode == CODES[how]
    if reads:
        assert program.left_on() == []


@pytest.mark.parametrize("how", CODES)
def test_a_console_ends_when_it_is_told_to(how: str, server: TmuxServer) -> None:
    with console(server) as program:
        program.shows("alpha")
        ended_well(program, how)
        assert b"Traceback" not in program.said


@pytest.mark.parametrize("how", CODES)
def test_a_console_whose_thread_waits_for_ever_ends(how: str, server: TmuxServer, tmp_path: Path) -> None:
    with console(server, "a thread", tmp_path / "held") as program:
        program.shows("alpha")
        program.until((tmp_path / "held").exists, "a thread was held up")
        ended_well(program, how)


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "SIGQUIT"])
def test_a_console_whose_loop_waits_for_ever_ends(how: str, server: TmuxServer, tmp_path: Path) -> None:
    with console(server, "the loop", tmp_path / "held") as program:
        program.shows("alpha")
        program.until(lambda: _presses(program, tmp_path / "held"), "the loop was held up")
        ended_well(program, how)


def _presses(program: PtyProgram, held: Path) -> bool:
    """Whether the key had its effect; it has none before there is something to look at again."""
    if not held.exists():
        program.press("r")
        program.read()
    return held.exists()


@pytest.mark.parametrize("how", ["q", "SIGINT"])
def test_a_console_whose_tmux_server_is_stopped_ends(how: str, server: TmuxServer) -> None:
    with console(server) as program:
        program.shows("alpha")
        server.stop()
        ended_well(program, how)


@pytest.mark.parametrize("how", ["q", "SIGTERM"])
def test_a_console_whose_database_is_locked_ends(how: str, server: TmuxServer, private_home: Path) -> None:
    with console(server) as program:
        program.shows("alpha")
        program.until((private_home / "state.db").exists, "there was a database")
        with closing(sqlite3.connect(private_home / "state.db", isolation_level=None, timeout=30)) as other:
            other.execute("BEGIN EXCLUSIVE")
            ended_well(program, how)


@pytest.mark.parametrize("how", ["SIGTERM", "SIGQUIT"])
def test_a_console_whose_terminal_takes_nothing_any_more_ends(how: str, server: TmuxServer) -> None:
    with console(server) as program:
        program.shows("alpha")
        program.fill()
        ended_well(program, how, reads=False)


def test_a_second_signal_ends_a_console_at_once(server: TmuxServer, private_home: Path) -> None:
    with console(server) as program:
        program.shows("alpha")
        program.until((private_home / "state.db").exists, "there was a database")
        with closing(sqlite3.connect(private_home / "state.db", isolation_level=None, timeout=30)) as other:
            other.execute("BEGIN EXCLUSIVE")
            program.process.send_signal(signal.SIGTERM)
            ended_well(program, "SIGTERM")


def test_what_was_chosen_and_seen_is_kept_though_a_thread_waits_for_ever(
    server: TmuxServer, private_home: Path, tmp_path: Path
) -> None:
    with console(server, "a thread", tmp_path / "held") as program:
        program.shows("alpha")
        program.until((tmp_path / "held").exists, "a thread was held up")
        program.press("\t")
        ended_well(program, "q")

    with closing(sqlite3.connect(private_home / "state.db")) as kept:
        assert any('"grouping": "repo"' in str(value) for (value,) in kept.execute("SELECT value FROM meta"))
        assert kept.execute("SELECT tmux_name FROM sessions WHERE status = 'live'").fetchall() == [("alpha",)]
    assert run_cli("-S", server.socket, "ls", "--json").json()[0]["session_id"] == "sess_0"


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM"])
def test_watch_ends_though_a_thread_waits_for_ever(how: str, server: TmuxServer, tmp_path: Path) -> None:
    with PtyProgram("-S", server.socket, "watch", held="a thread", mark=tmp_path / "held") as program:
        program.until((tmp_path / "held").exists, "a thread was held up")

        assert program.end(how) < SOON
        assert program.process.returncode == 0


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("verb", [("watch",), ("events", "--follow")], ids=" ".join)
def test_who_follows_ends_though_nobody_reads_and_the_database_is_locked(
    verb: tuple[str, ...], how: str, server: TmuxServer, private_home: Path
) -> None:
    assert run_cli("-S", server.socket, "ls").code == 0
    with PtyProgram("-S", server.socket, *verb) as program:
        program.until(lambda: _listens(program.process.pid), "it heard signals")
        with closing(sqlite3.connect(private_home / "state.db", isolation_level=None, timeout=30)) as other:
            other.execute("BEGIN EXCLUSIVE")

            assert program.end(how, reads=False) < SOON
            assert program.process.returncode in {0, CODES[how]}
            assert b"Traceback" not in program.said


def _listens(pid: int) -> bool:
    """Whether a process has said what it does on SIGQUIT, which it does with the rest."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    caught = next(int(line.split()[1], 16) for line in status if line.startswith("SigCgt"))
    return bool(caught >> (signal.SIGQUIT - 1) & 1)


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM"])
def test_a_console_that_is_still_starting_leaves_the_terminal_as_it_was(how: str, server: TmuxServer) -> None:
    number = signal.Signals[how]
    for line in (b"\x1b[?1049h", b"\x1b[?25l", b"\x1b[?2004h"):
        with console(server) as program:
            program.until(lambda line=line: line in program.said, "it took the terminal")  # type: ignore[misc] # as above

            assert program.end(how) < SOON
            assert program.process.returncode == 128 + number
            assert program.left_on() == []
