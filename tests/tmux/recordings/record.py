"""Records what a real tmux says to a control client: `python tests/tmux/recordings/record.py` writes *.control here."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from quarterdeck.programs import tmux_program  # noqa: E402
from support.tmux_server import TmuxServer, until  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator


class Tape:
    """A control client whose every byte is kept."""

    def __init__(self, server: TmuxServer, flags: str) -> None:
        self.kept = bytearray()
        self.process = subprocess.Popen(
            [tmux_program(), "-u", "-N", "-C", "-S", server.socket, "attach-session", "-E", "-f", flags, "-t", "=main"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=server.environment(),
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)

    def read(self) -> bytes:
        """Everything said so far."""
        assert self.process.stdout is not None
        while piece := self.process.stdout.read(65536):
            self.kept += piece
        return bytes(self.kept)

    def until(self, part: bytes, times: int = 1) -> None:
        """Wait until tmux has said this."""
        until(lambda: self.read().count(part) >= times, f"tmux said {part!r}")

    def say(self, *lines: str, answers: int = 0) -> None:
        """Type command lines, and wait for an answer to each."""
        assert self.process.stdin is not None
        wanted = self._answers() + (answers or len(lines))
        self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        self.process.stdin.flush()
        until(lambda: self._answers() >= wanted, "all was answered")

    def _answers(self) -> int:
        return self.read().count(b"\n%end ") + self.read().count(b"\n%error ")


@contextmanager
def recording(name: str, flags: str = "ignore-size,no-output") -> Iterator[tuple[TmuxServer, Tape]]:
    """Start a server and a client, and write down what the client was told."""
    with tempfile.TemporaryDirectory(prefix="qd-", dir="/tmp") as folder, TmuxServer(f"{folder}/s") as server:
        server.session("main", "cat", cwd="/")
        server.session("other", cwd="/")
        tape = Tape(server, flags)
        tape.until(b"%session-changed")
        yield server, tape
        assert tape.process.stdin is not None
        tape.process.stdin.close()
        tape.process.wait(10)
        (HERE / f"{name}.control").write_bytes(tape.read())


def main() -> None:
    """Record every stream."""
    with recording("answers") as (server, tape):
        tape.say("list-panes -a -F '#{pane_id} #{session_name} #{nosuch}.'", "no-such-command", "display-message -p ''")
        tape.say(
            "capture-pane -p -t %9", "list-windows -t", "list-sessions -F '#{session_name}' ; list-buffers", answers=4
        )
    with recording("notices") as (server, tape):
        server.session("third", cwd="/")
        server.run("rename-session", "-t", "=third:", "drei ⚑")
        server.run("new-window", "-t", "=other:", "-n", "work", "sleep", "3600")
        server.run("split-window", "-t", "=main:", "sleep", "3600")
        server.run("copy-mode", "-t", "=other:")
        tape.say("display-message -p between")
        server.run("kill-session", "-t", "=drei ⚑")
        server.run("rename-window", "-t", "=main:", "%end 1 2 3")
        server.run("kill-session", "-t", "=other")
        tape.until(b"%sessions-changed", times=3)
    with recording("output", flags="ignore-size") as (server, tape):
        server.run("respawn-pane", "-k", "-t", "=main:", "sh", "-c", WRITES)
        tape.until(b"%end 1 2 3")
    with recording("forged") as (server, tape):
        server.run("respawn-pane", "-k", "-t", "=other:", "sh", "-c", f"printf '{FORGED}'; exec sleep 3600")
        until(lambda: "%exit" in server.run("capture-pane", "-p", "-t", "=other:"), "the lines are on the screen")
        tape.say("capture-pane -p -t =other:", "display-message -p after")
    with recording("killed") as (server, tape):
        tape.say("display-message -p before")
        server.run("kill-server")
        tape.until(b"%exit")


WRITES = r"printf 'tab\tback\\slash \033[1mbold\033[0m \303\274n\303\257 \377 %%end 1 2 3\n'; exec sleep 3600"
FORGED = r"%%begin 1 2 3\n%%end 1 2 3\n%%window-close @1\n%%error 9 9 9\n%%exit\n"

if __name__ == "__main__":
    main()
