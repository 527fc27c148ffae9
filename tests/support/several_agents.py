"""A tmux session with agents in several windows and panes: mere scripts that go by an agent's name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from support.cli import run_cli
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, Self

    from support.cli import Done

AGENT = """\
#!/bin/sh
# An agent for tests: says how it was started, and repeats what it is told until it is told to go.
echo "ready $$ $*"
while read -r line; do
    [ "$line" = go ] && exit
    echo "heard $line"
done
"""


class SeveralAgents:
    """A private tmux server, a home, and commands on both."""

    def __init__(self, folder: Path, agent: str = "claude", server: TmuxServer | None = None) -> None:
        self.folder = folder
        self.server = server or TmuxServer(folder / "s")
        self.program = folder / "bin" / agent
        self.program.parent.mkdir()
        self.program.write_text(AGENT)
        self.program.chmod(0o755)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()

    def qd(self, *words: str, **more: Any) -> Done:
        """Run a command."""
        env = {"PATH": f"{self.program.parent}{os.pathsep}{os.environ['PATH']}", **more.pop("env", {})}
        return run_cli("-S", self.server.socket, "--home", str(self.folder / "h"), *words, env=env, **more)

    def session(self, name: str) -> str:
        """A session with an agent; answers its pane."""
        return self._ready(self.server.session(name, str(self.program)))

    def window(self, session: str, name: str = "") -> str:
        """One more agent in a window of its own; answers its pane."""
        called = ("-n", name) if name else ()
        return self._ready(self._made("new-window", "-d", "-t", f"={session}:", *called))

    def split(self, pane: str) -> str:
        """One more agent beside another; answers its pane."""
        return self._ready(self._made("split-window", "-d", "-t", pane))

    def _made(self, *words: str) -> str:
        return self.server.run(*words, "-P", "-F", "#{pane_id}", "--", str(self.program))

    def _ready(self, pane: str) -> str:
        self.shows(pane, "ready")
        return pane

    def shows(self, pane: str, text: str) -> None:
        """Wait until a pane shows something."""
        try:
            until(lambda: text in self.screen(pane), f"{pane} shows {text!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.screen(pane)}") from None

    def screen(self, pane: str) -> str:
        """What a pane shows, its lines joined."""
        return self.server.run("capture-pane", "-p", "-J", "-t", pane)

    def panes(self, session: str = "") -> list[str]:
        """The panes of a session, or of all."""
        which = ("-s", "-t", f"={session}:") if session else ("-a",)
        return self.server.run("list-panes", *which, "-F", "#{pane_id}", check=False).splitlines()

    def rows(self) -> list[dict[str, Any]]:
        """The live rows."""
        found: list[dict[str, Any]] = self.qd("ls", "--json").json()
        return found

    def ids(self) -> dict[str, str]:
        """The id of the live row of each pane."""
        return {row["pane_id"]: row["session_id"] for row in self.rows()}

    def has_rows(self, count: int) -> dict[str, str]:
        """The ids by pane, once there are so many rows."""
        until(lambda: len(self.rows()) == count, f"there are {count} rows")
        return self.ids()
