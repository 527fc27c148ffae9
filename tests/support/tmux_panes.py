"""What a real tmux server holds, as values, read the plain way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.ids import PaneId, TmuxSessionId, WindowId
from quarterdeck.core.pane import Pane

if TYPE_CHECKING:
    from support.tmux_server import TmuxServer

FIELDS = ("pane_id", "window_id", "session_id", "session_created", "pane_pid", "pane_tty", "pane_dead", "session_name")


def panes_of(server: TmuxServer) -> list[Pane]:
    """Every pane of a server; names may hold spaces, but no line ends."""
    rows = server.run("list-panes", "-a", "-F", " ".join(f"#{{{field}}}" for field in FIELDS)).splitlines()
    return [_pane(row.split(" ", len(FIELDS) - 1)) for row in rows]


def pane_of(server: TmuxServer, pane_id: str) -> Pane:
    """One pane of a server."""
    return next(pane for pane in panes_of(server) if pane.pane_id == pane_id)


def _pane(row: list[str]) -> Pane:
    pane_id, window_id, session_id, created, pid, tty, dead, name = row
    return Pane(
        pane_id=PaneId(pane_id),
        window_id=WindowId(window_id),
        tmux_id=TmuxSessionId(session_id),
        session_name=name,
        session_created=int(created),
        pid=int(pid),
        tty=tty,
        dead=dead == "1",
    )
