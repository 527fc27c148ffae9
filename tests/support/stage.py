"""The whole program as its operator has it: a console in a watched tmux server, and terminals that look at it."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.programs import find_tmux
from quarterdeck.tui.rows.session_row import SHAPES
from support.tmux_server import TmuxServer, until
from support.tmux_terminal import Terminals

if TYPE_CHECKING:
    from typing import Self

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Seat:
    """A terminal, and the operator in front of it."""

    stage: Stage
    pane: str
    """Its pane at the outer server."""
    client: str = ""
    """What the watched server calls it; "" when it is attached to none."""

    def press(self, *keys: str) -> None:
        self.stage.outer.run("send-keys", "-t", self.pane, *keys)

    def type(self, text: str) -> None:
        self.stage.outer.run("send-keys", "-l", "-t", self.pane, text)

    def screen(self) -> str:
        return self.stage.outer.run("capture-pane", "-p", "-t", self.pane)

    def sees(self, *texts: str) -> None:
        """Wait until all of these are on the screen."""
        try:
            until(lambda: all(text in (screen := self.screen()) and bool(screen) for text in texts), f"saw {texts}")
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.screen()}") from None

    def sees_no(self, *texts: str) -> None:
        """Wait until none of these is on the screen."""
        try:
            until(lambda: not any(text in self.screen() for text in texts), f"saw no {texts}")
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.screen()}") from None

    def rows(self) -> list[str]:
        """The names in the table, from the top."""
        lines = self.screen().splitlines()
        start = next((n for n, line in enumerate(lines) if line.split()[:1] == ["session"]), len(lines))
        found = []
        for line in lines[start + 1 :]:
            words = line[1:].split()
            if len(words) < 2 or words[0] not in SHAPES.values():
                break
            found.append(words[1])
        return found

    def stands_at(self, session: str) -> None:
        """Wait until the cursor is on a session: it is the one that the preview below the table shows."""
        try:
            until(lambda: self._previewed() == session, f"the cursor was on {session}")
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.screen()}") from None

    def _previewed(self) -> str:
        lines = [line.strip("│ ") for line in self.screen().splitlines()]
        below = next((n + 1 for n, line in enumerate(lines) if line and not line.strip("─")), len(lines))
        return "".join("".join(lines[below : below + 1]).split()[:1])

    def looks_at(self) -> str:
        """The session this terminal shows."""
        rows = self.stage.inner.run("list-clients", "-F", "#{client_name} #{session_name}", check=False).splitlines()
        return dict(row.split(" ", 1) for row in rows).get(self.client, "")

    def arrives_at(self, session: str) -> None:
        until(lambda: self.looks_at() == session, f"the terminal showed {session}, not {self.looks_at()}")

    def modes(self) -> str:
        """What programs have left switched on: alternate screen, mouse, application cursor keys; and the cursor."""
        return self.stage.outer.ask(self.pane, "#{alternate_on} #{mouse_any_flag} #{keypad_cursor_flag} #{cursor_flag}")

    def resize(self, width: int, height: int) -> None:
        self.stage.outer.run("resize-window", "-t", self.pane, "-x", str(width), "-y", str(height))


OUR_TERMINAL = "0 0 0 1"
"""`Seat.modes` of a terminal that a program has left as it found it."""


def without_agents() -> str:
    """A PATH that leads to tmux and to no agent that this machine may have."""
    return os.pathsep.join((str(Path(str(find_tmux())).parent), os.defpath))


class Stage:
    """Two private tmux servers: the watched one, and the one whose panes are the operator's terminals."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inner = TmuxServer(folder / "i")
        self.terminals = Terminals(folder / "o", self.inner)
        self.outer = self.terminals.outer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.terminals.__exit__()
        self.inner.close()

    def argv(self, *args: str, **env: str) -> list[str]:
        """How the program is started, whatever it is started in."""
        kept = {"PYTHONPATH": str(ROOT / "app"), "QUARTERDECK_HOME": os.environ["QUARTERDECK_HOME"], **env}
        program = [sys.executable, "-m", "quarterdeck", "-S", self.inner.socket, *args]
        return ["env", *(f"{name}={value}" for name, value in kept.items()), *program]

    def line(self, *args: str, **env: str) -> str:
        """The same as a line for a shell."""
        return shlex.join(self.argv(*args, **env))

    def shell(self, name: str) -> None:
        """A session in which nothing happens."""
        self.inner.session(name)

    def console(self, session: str = "console", size: str = "100x30", **env: str) -> Seat:
        """A console in a session of its own, with a terminal that shows it."""
        self.inner.session(session, *self.argv(**env), size=size)
        return self.attach(session, size)

    def attach(self, session: str, size: str = "100x30") -> Seat:
        """A terminal that shows a session of the watched server."""
        client, pane = self.terminals.attach(f"={session}")
        seat = Seat(self, pane, client)
        width, height = map(int, size.split("x"))
        seat.resize(width, height)
        rows = ("list-clients", "-F", "#{client_name} #{client_width}x#{client_height}")
        until(lambda: f"{client} {width}x{height}" in self.inner.run(*rows), f"the terminal was {size}")
        return seat

    def outside(self, *argv: str, size: str = "100x30") -> Seat:
        """A terminal in no tmux that the program could know of, and a program in it that says how it ended."""
        plain = ["env", "-u", "TMUX", "-u", "TMUX_PANE", "TERM=xterm-256color"]
        shell = ("sh", "-c", '"$@"; echo ended with $?; exec sleep 3600', "sh")
        pane = self.outer.session(f"outside{len(self.outer.sessions())}", *plain, *shell, *argv, size=size)
        return Seat(self, pane)

    def consoles(self) -> list[int]:
        """The processes of every console that runs here."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if words[1:4] == [b"-m", b"quarterdeck", b"-S"] and words[4] == self.inner.socket.encode():
                    found.append(int(folder.name))
        return found

    def process_in(self, session: str) -> int:
        """The process of a session's only pane."""
        return int(self.inner.ask(f"={session}:", "#{pane_pid}"))
