from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from pathlib import Path

import pytest

from support.patience import PATIENCE

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parents[2]
DEMO = "from support.demo import main; main()"
TELLING = """
import os, signal, threading
from support.demo import main
def tell(*_):
    with open({path!r} + ".part", "w") as file:
        file.write(" ".join(thread.name for thread in threading.enumerate()))
    os.rename({path!r} + ".part", {path!r})
signal.signal(signal.SIGUSR1, tell)
main()
"""
CRASH = """
from support.canned import CannedBackend
from quarterdeck.tui.app import ConsoleApp
class Broken(CannedBackend):
    async def run(self):
        password = "hunter2"
        raise ZeroDivisionError(password)
raise SystemExit(ConsoleApp(Broken()).run() or 1)
"""
ATTACH = """
import sys
from support.canned import CannedBackend
from quarterdeck.tui.app import ConsoleApp
from quarterdeck.ports.mux import Attach
from quarterdeck.values import replace
class Outside(CannedBackend):
    async def attach(self, going):
        import asyncio
        print("ATTACHED", flush=True)
        session = self.shown.sessions["sess_7"]
        self.set(replace(self.shown, sessions={**self.shown.sessions, "sess_7": replace(session, thought="PAINTED")}))
        for _ in range(20):
            await asyncio.sleep(0.01)
        print("DETACHED", flush=True)
backend = Outside(going=Attach(("tmux", "attach")))
raise SystemExit(ConsoleApp(backend).run())
"""
ENTERED = ("\x1b[?1049h", "\x1b[?25l", "\x1b[?1000h", "\x1b[?2004h")
LEFT = ("\x1b[?1049l", "\x1b[?25h", "\x1b[?1000l", "\x1b[?2004l", "\x1b[<u")


class Terminal:
    """A console in a pseudo-terminal."""

    def __init__(self, code: str) -> None:
        self.said = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            kept = {key: value for key, value in os.environ.items() if key not in {"TMUX", "TMUX_PANE", "NO_COLOR"}}
            paths = f"{ROOT}/app:{ROOT}/tests"
            env = kept | {"PYTHONPATH": paths, "TERM": "xterm-256color", "LINES": "24", "COLUMNS": "80"}
            os.execve(sys.executable, [sys.executable, "-c", code], env)  # noqa: S606 — no shell is what is wanted

    def until(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while text not in self.said:
            assert time.monotonic() < deadline, self.said[-500:]
            if not self.read():
                raise AssertionError(f"it ended without saying {text!r}: {self.said[-500:]}")

    def read(self) -> bool:
        if not select.select([self.fd], [], [], 0.2)[0]:
            return True
        try:
            more = os.read(self.fd, 1 << 16)
        except OSError:
            return False
        self.said += more.decode(errors="replace")
        return bool(more)

    def stopped(self) -> None:
        """Read on until it has stopped."""
        deadline = time.monotonic() + PATIENCE
        while os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED) == (0, 0):
            assert time.monotonic() < deadline, "it does not stop"
            self.read()
        # What it wrote last may still be on its way.
        self.until("\x1b[?1049l")

    def end(self) -> int:
        deadline = time.monotonic() + PATIENCE
        while self.read():
            assert time.monotonic() < deadline, "it does not end"
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def restored(said: str) -> None:
    """Every mode that was set was taken back, and last."""
    for mode in ENTERED:
        assert mode in said
    for mode in LEFT:
        assert mode in said
    assert said.rindex("\x1b[?1049l") > said.rindex("\x1b[?1049h")
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGHUP, 128 + signal.SIGHUP)]
)
def test_a_signal_restores_the_terminal(number: signal.Signals, code: int) -> None:
    terminal = Terminal(DEMO)
    terminal.until("checkout-tax")
    os.kill(terminal.pid, number)
    assert terminal.end() == code
    restored(terminal.said)


def test_a_terminal_that_is_closed_ends_the_console() -> None:
    terminal = Terminal(DEMO)
    terminal.until("checkout-tax")
    os.close(terminal.fd)
    deadline = time.monotonic() + PATIENCE
    while os.waitpid(terminal.pid, os.WNOHANG) == (0, 0):
        assert time.monotonic() < deadline, "it reads from nothing for ever"
        select.select([], [], [], 0.02)


@pytest.mark.parametrize("stop", [signal.SIGSTOP, signal.SIGTSTP, None], ids=["stopped", "asked-to-stop", "told-only"])
def test_going_on_after_a_stop_paints_again_and_leaves_one_reader_of_keys(
    stop: signal.Signals | None, tmp_path: Path
) -> None:
    told = tmp_path / "threads"
    terminal = Terminal(TELLING.format(path=str(told)))
    terminal.until("checkout-tax")
    for _ in range(20):
        # Each comes when the one before may be half done: the next is sent as soon as the screen is being entered.
        terminal.said = ""
        if stop is not None:
            os.kill(terminal.pid, stop)
        if stop == signal.SIGTSTP:
            # It stops itself when it has given the terminal back; told to go on before that, it would stop after all.
            terminal.stopped()
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.until("\x1b[?1049h")
    terminal.until("checkout-tax")
    # A thread that was told to end is there for a moment longer. A second pair that reads and writes would stay.
    deadline = time.monotonic() + PATIENCE
    names: list[str] = []
    while names.count("textual-input") != 1 or names.count("textual-output") != 1:
        assert time.monotonic() < deadline, names
        told.unlink(missing_ok=True)
        os.kill(terminal.pid, signal.SIGUSR1)
        while not told.exists():
            assert time.monotonic() < deadline, "it does not tell its threads"
            terminal.read()
        names = told.read_text().split()
    os.write(terminal.fd, b"q")
    assert terminal.end() == 0
    restored(terminal.said)


def test_quitting_restores_the_terminal() -> None:
    terminal = Terminal(DEMO)
    terminal.until("checkout-tax")
    os.write(terminal.fd, b"q")
    assert terminal.end() == 0
    restored(terminal.said)


def test_a_crash_restores_the_terminal_and_shows_no_local_variable() -> None:
    terminal = Terminal(CRASH)
    assert terminal.end() == 1
    restored(terminal.said)
    last = terminal.said[terminal.said.rindex("\x1b[?1049l") :]
    assert "stopped on an internal error (ZeroDivisionError)" in last
    assert "your sessions go on" in " ".join(last.split())
    assert "hunter2" not in terminal.said
    assert "Traceback" not in terminal.said


def test_the_console_lets_go_of_the_terminal_while_attached_and_comes_back() -> None:
    terminal = Terminal(ATTACH)
    terminal.until("checkout-tax")
    os.write(terminal.fd, b"\r")
    terminal.until("DETACHED")
    terminal.until("PAINTED")
    before, _, after = terminal.said.partition("ATTACHED")
    during, _, after = after.partition("DETACHED")
    assert before.rstrip().rindex("\x1b[?1049l") > before.rindex("\x1b[?1049h")
    assert during.strip() == ""
    assert "\x1b[?1049h" in after
    os.write(terminal.fd, b"q")
    assert terminal.end() == 0
    restored(terminal.said)
