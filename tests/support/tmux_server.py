"""A private tmux server for a test: start sessions in it, stop it, kill it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.pane import PaneId
from quarterdeck.core.tmux_versions import tmux_version
from quarterdeck.programs import tmux_program
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self


MOST_PAUSE = 0.05
"""Seconds between two looks."""


def until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait for a condition, and fail with a sentence when it never comes.

    What comes late is looked for less often: a look at tmux is a process, and what is waited for needs the processor.
    """
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        if waited > patience:
            raise AssertionError(f"waited {patience:.0f} s in vain until {what}")
        time.sleep(min(0.01 + waited / 10, MOST_PAUSE))


class TmuxServer:
    """One tmux server on its own socket, started by its first session and ended by `close`."""

    def __init__(self, socket: str | Path) -> None:
        self.socket = str(socket)
        self._stopped: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, *args: str, check: bool = True, stdin: bytes | None = None) -> str:
        """Run one tmux command and answer what it printed, without the last newline."""
        done = subprocess.run(
            [tmux_program(), "-u", "-f", "/dev/null", "-S", self.socket, *args],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=PATIENCE,
            env=self.environment(),
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"tmux {args}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode(errors="replace").removesuffix("\n")

    @staticmethod
    def environment() -> dict[str, str]:
        """Our environment without the tmux we may run in, and with UTF-8."""
        kept = {key: value for key, value in os.environ.items() if key not in {"TMUX", "TMUX_PANE", "LC_ALL"}}
        return {**kept, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}

    def session(self, name: str, *argv: str, cwd: str | Path | None = None, size: str = "80x24") -> str:
        """Start a detached session (a quiet program unless told) and answer its pane id, once the program is there."""
        width, height = size.split("x")
        if name.endswith(";"):
            name = name[:-1] + "\\;"  # a bare one would end the command
        where = ["-c", str(cwd)] if cwd is not None else []
        program = argv or ("sleep", "3600")
        pane_id, pid = self.run(
            *("new-session", "-d", "-P", "-F", "#{pane_id} #{pane_pid}", "-s", name, "-x", width, "-y", height),
            *where,
            *("--", *program),
        ).split()
        until(lambda: not _is_copy(int(pid)), f"the program of {name} was there")
        if self.version() == (3, 2):
            # It takes no notice of the size.
            self.run("resize-window", "-t", pane_id, "-x", width, "-y", height, check=False)
            self.run("set-option", "-w", "-u", "-t", pane_id, "window-size", check=False)
        return pane_id

    def sessions(self) -> list[str]:
        """The sessions' names; empty when no server runs."""
        return self.run("list-sessions", "-F", "#{session_name}", check=False).splitlines()

    def clients(self) -> list[str]:
        """Every client, control clients included, as `flags pid`."""
        return self.run("list-clients", "-F", "#{client_flags} #{client_pid}", check=False).splitlines()

    def ask(self, target: str, fmt: str) -> str:
        """One format expanded for a target."""
        return self.run("display-message", "-p", "-t", target, fmt)

    def keys(self) -> list[str]:
        """The lines that make the keys of the prefix table."""
        # Of all tables: asked for one table, or one key, tmux 3.7 prints nothing when that is a single line.
        return [line for line in self.run("list-keys").splitlines() if line.split("-T", 1)[-1].split()[0] == "prefix"]

    def key(self, name: str) -> str:
        """The line that makes one key of the prefix table; "" when it does nothing."""
        return "".join(line for line in self.keys() if line.split("-T", 1)[-1].split()[1] == name)

    def version(self) -> tuple[int, int]:
        """tmux's version; what carries no number comes from its newest sources."""
        return _version(tmux_program())

    def pid(self) -> int:
        """The server's process."""
        return int(self.run("display-message", "-p", "#{pid}"))

    def alive(self) -> bool:
        """Whether a server answers."""
        return bool(self.run("list-sessions", "-F", "x", check=False))

    def stop(self) -> None:
        """Freeze the server: it accepts connections and answers nothing."""
        self._stopped = self.pid()
        os.kill(self._stopped, signal.SIGSTOP)

    def cont(self) -> None:
        """Let a frozen server go on."""
        if self._stopped is not None:
            with suppress(ProcessLookupError):
                os.kill(self._stopped, signal.SIGCONT)
            self._stopped = None

    def kill(self) -> None:
        """Kill the server as a crash would: its socket file stays."""
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        until(lambda: not _runs(pid), "the killed server was gone")

    def close(self) -> None:
        """End the server and everything in it."""
        self.cont()
        self.run("kill-server", check=False)
        Path(self.socket).unlink(missing_ok=True)


def showing(server: TmuxServer, name: str, script: str, last: str, size: str = "80x24") -> PaneId:
    """A session whose pane shows what a script prints, once it does."""
    pane_id = server.session(name, "sh", "-c", f"{script}; exec sleep 3600", size=size)
    until(lambda: last in server.run("capture-pane", "-p", "-t", pane_id), f"{name} shows {last!r}")
    return PaneId(pane_id)


@cache
def _version(program: str) -> tuple[int, int]:
    answer = subprocess.run([program, "-V"], capture_output=True, text=True, check=True, timeout=PATIENCE).stdout
    version = tmux_version(answer)
    return version[:2] if version is not None else (99, 0)


def _is_copy(pid: int) -> bool:
    """Whether a pane's process is still a copy of the server, which has no terminal and no folder to tell of yet."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("tmux: server")
    except (FileNotFoundError, ProcessLookupError):
        return False  # it has ended already


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
