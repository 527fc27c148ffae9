"""What a real tmux server holds, as values, read by libtmux and not by us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.pane import Pane, PaneId, TmuxSessionId, WindowId
from quarterdeck.programs import tmux_program

if TYPE_CHECKING:
    import libtmux

    from support.tmux_server import TmuxServer


def listener(socket: str) -> libtmux.Server:
    """A server as libtmux sees it."""
    # Not at the top: it takes long to load, and most tests start no tmux.
    import libtmux

    return libtmux.Server(socket_path=socket, tmux_bin=tmux_program())


def panes_of(server: TmuxServer) -> list[Pane]:
    """Every pane of a server."""
    return list(map(as_value, listener(server.socket).panes))


def pane_of(server: TmuxServer, pane_id: str) -> Pane:
    """One pane of a server."""
    return next(pane for pane in panes_of(server) if pane.pane_id == pane_id)


def as_value(seen: libtmux.Pane) -> Pane:
    """What libtmux says of a pane, without what changes by itself."""
    return Pane(
        pane_id=PaneId(seen.pane_id or ""),
        window_id=WindowId(seen.window_id or ""),
        tmux_id=TmuxSessionId(seen.session_id or ""),
        session_name=seen.session_name or "",
        session_created=int(seen.session_created or 0),
        pid=int(seen.pane_pid or 0),
        tty=seen.pane_tty or "",
        dead=seen.pane_dead == "1",
    )
