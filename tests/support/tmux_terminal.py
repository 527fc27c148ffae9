"""Real terminals for a tmux server: an outer server whose panes attach to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.programs import tmux_program
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self


class Terminals:
    """Terminals that can be attached to a server, typed on, and looked at."""

    def __init__(self, socket: str | Path, inner: TmuxServer) -> None:
        self.outer = TmuxServer(socket)
        self.inner = inner
        self._attached = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.outer.close()

    def attach(self, target: str) -> tuple[str, str]:
        """Attach a new terminal; answers the client's name at the inner server, and its pane at the outer one."""
        self._attached += 1
        pane = self.outer.session(
            f"terminal{self._attached}",
            "env",
            "-u",
            "TMUX",
            "-u",
            "TMUX_PANE",
            tmux_program(),
            "-S",
            self.inner.socket,
            "attach-session",
            "-t",
            target,
        )
        # A terminal may be attached in the moment in which the last one goes, and the server with it.
        self.outer.run("set-option", "-g", "exit-empty", "off")
        client = self.outer.ask(pane, "#{pane_tty}")
        until(lambda: client in self.names(), "the terminal was attached")
        return client, pane

    def names(self) -> list[str]:
        """The clients of the inner server."""
        return self.inner.run("list-clients", "-F", "#{client_name}", check=False).splitlines()

    def shows(self, client: str) -> str:
        """The inner pane that a client shows; "" when it is gone."""
        rows = self.inner.run("list-clients", "-F", "#{client_name} #{pane_id}", check=False).splitlines()
        return dict(row.split(" ", 1) for row in rows).get(client, "")

    def type(self, pane: str, *keys: str) -> None:
        """Press keys on a terminal."""
        self.outer.run("send-keys", "-t", pane, *keys)

    def screen(self, pane: str) -> str:
        """What a terminal shows."""
        return self.outer.run("capture-pane", "-p", "-J", "-t", pane)
