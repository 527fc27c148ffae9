"""What a console does to sessions, and how it leaves its terminal."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.tui.preferences import key_of
from support.stage import OUR_TERMINAL, ROOT, without_agents
from support.tmux_server import until

if TYPE_CHECKING:
    from support.stage import Stage

CRASH = """
import sys
from quarterdeck.runtime.opening import Opening
from quarterdeck.cli import main
async def broken(self):
    password = "hunter2"
    raise ZeroDivisionError(password)
Opening.run = broken
sys.exit(main())
"""


def test_x_ends_exactly_that_session_after_asking(stage: Stage) -> None:
    for name in ("job", "job-2", "keep"):
        stage.shell(name)
    seat = stage.console()
    seat.sees("job-2", "keep")
    seat.type("/job")
    seat.press("Enter")
    seat.sees("2 of 3")
    seat.press("g", "x")
    seat.sees("End job?")
    seat.press("n")
    seat.sees_no("End job?")
    assert sorted(stage.inner.sessions()) == ["console", "job", "job-2", "keep"]
    seat.press("x")
    seat.sees("End job?")
    seat.press("y")
    until(lambda: sorted(stage.inner.sessions()) == ["console", "job-2", "keep"], "job and nothing else was ended")


def test_n_makes_a_session_in_the_chosen_folder_and_selects_it(stage: Stage) -> None:
    stage.shell("alpha")
    (stage.folder / "chosen").mkdir()
    seat = stage.console(PATH=without_agents())
    seat.sees("alpha")
    seat.press("n")
    seat.sees("New session")
    seat.type(str(stage.folder / "chosen"))
    seat.press("Enter", "Enter")
    until(lambda: len(stage.inner.sessions()) == 3, "a session was made")
    made = (set(stage.inner.sessions()) - {"alpha", "console"}).pop()
    chosen = str((stage.folder / "chosen").resolve())
    until(lambda: stage.inner.ask(f"={made}:", "#{pane_current_path}") == chosen, "it was in that folder")
    seat.stands_at(made)
    seat.press("Enter")
    seat.arrives_at(made)


def test_a_storm_of_sizes_leaves_a_console_that_works(stage: Stage) -> None:
    stage.shell("alpha")
    # A size that some shell exported is not the terminal's.
    seat = stage.console(COLUMNS="61", LINES="17")
    seat.sees("alpha", "help")
    until(lambda: "help" in seat.screen().splitlines()[28], "it fills the terminal")
    for width, height in ((20, 5), (300, 100), (1, 1), (40, 10), (200, 5), (20, 60), (80, 24), (20, 5)):
        seat.resize(width, height)
    seat.resize(100, 30)
    seat.sees("alpha", "help")
    seat.press("Enter")
    seat.arrives_at("alpha")


def test_a_window_too_small_is_said_and_more_room_brings_everything_back(stage: Stage) -> None:
    stage.shell("alpha")
    seat = stage.console(size="20x6")
    seat.sees("20x5 is too small")
    seat.resize(100, 30)
    seat.sees("alpha", "help")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was_and_every_session_alive(stage: Stage, number: signal.Signals) -> None:
    stage.shell("alpha")
    seat = stage.outside(*stage.argv())
    seat.sees("alpha")
    assert seat.modes() != OUR_TERMINAL
    shell = int(stage.outer.ask(seat.pane, "#{pane_pid}"))
    os.kill(child_of(shell), number)
    seat.sees(f"ended with {128 + number}")
    assert seat.modes() == OUR_TERMINAL
    assert stage.inner.sessions() == ["alpha"]
    until(lambda: stage.inner.clients() == [], "nothing of the console was left at the server")


def child_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return int(children.split()[0])


def test_a_crash_leaves_the_terminal_as_it_was_with_one_sentence(stage: Stage) -> None:
    stage.shell("alpha")
    home = os.environ["QUARTERDECK_HOME"]
    program = [sys.executable, "-c", CRASH, "-S", stage.inner.socket]
    argv = ["env", f"PYTHONPATH={ROOT}/app", f"QUARTERDECK_HOME={home}", *program]
    seat = stage.outside(*argv)
    seat.sees("ended with 1")
    said = " ".join(seat.screen().split())
    assert "stopped on an internal error (ZeroDivisionError)" in said
    assert "your sessions go on" in said
    assert "hunter2" not in said
    assert "Traceback" not in said
    assert seat.modes() == OUR_TERMINAL


def test_a_killed_console_ends_nothing_and_the_next_one_stands_where_it_stood(stage: Stage) -> None:
    for name in ("alpha", "beta"):
        stage.shell(name)
    seat = stage.console()
    seat.sees("alpha", "beta")
    # What is shown before the state is open has no identity that could be remembered.
    seat.sees_no("rests?")
    seat.press("j")
    seat.stands_at("beta")
    until(lambda: kept_row(stage) == "beta", "the row was remembered")
    os.kill(stage.process_in("console"), signal.SIGKILL)
    until(lambda: sorted(stage.inner.sessions()) == ["alpha", "beta"], "the console and nothing else was gone")
    again = stage.console()
    again.stands_at("beta")


def kept_row(stage: Stage) -> str:
    """The name of the session whose row is remembered."""
    query = "SELECT tmux_name FROM sessions WHERE instr((SELECT value FROM meta WHERE key = ?), session_id) > 0"
    with sqlite3.connect(Path(os.environ["QUARTERDECK_HOME"]) / "state.db") as database:
        return "".join(name for (name,) in database.execute(query, (key_of(stage.inner.socket),)))


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_show_it_is_told_politely(stage: Stage, term: str) -> None:
    seat = stage.outside(*stage.argv(TERM=term))
    seat.sees("ended with 2")
    assert "cannot show the console" in seat.screen()
    assert "quarterdeck ls" in seat.screen()
