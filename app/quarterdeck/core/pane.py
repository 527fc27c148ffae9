"""What one look at a tmux server shows, as plain facts, and what changed between two looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NewType

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

TmuxSessionId = NewType("TmuxSessionId", str)
"""tmux's `$3`: unique within one run of a server."""
WindowId = NewType("WindowId", str)
"""tmux's `@5`."""
PaneId = NewType("PaneId", str)
"""tmux's `%12`."""


class ServerAddress(Struct, frozen=True):
    """Which tmux server: a socket path, always absolute."""

    socket: str

    def __str__(self) -> str:
        return self.socket


class Incarnation(Struct, frozen=True):
    """One run of a server. Pane and session ids mean nothing outside it: tmux counts from 0 again."""

    pid: int
    started: int
    """Epoch seconds (`start_time`)."""

    def __str__(self) -> str:
        return f"{self.pid}:{self.started}"


class Pane(Struct, frozen=True, kw_only=True):
    """One pane as tmux tells it. Free text is already cleaned of control characters, never shortened."""

    pane_id: PaneId
    window_id: WindowId
    tmux_id: TmuxSessionId
    session_name: str
    session_created: int
    window_index: int = 0
    pane_index: int = 0
    window_active: bool = True
    pane_active: bool = True
    pid: int = 0
    tty: str = ""
    width: int = 0
    height: int = 0
    """The size; as fresh as `command`."""
    activity: int = 0
    """Epoch seconds of the window's last output; tmux's grain is one second."""
    bell: bool = False
    in_mode: bool = False
    """Copy mode or another mode covers the pane, so typed keys do not reach the program."""
    alternate: bool = False
    """Whether a full-screen program shows; as fresh as `command`."""
    dead: bool = False
    dead_status: int | None = None
    dead_signal: int | None = None
    command: str = ""
    """Foreground command; not fresh unless the look asked for this pane's details."""
    path: str = ""
    title: str = ""

    @property
    def is_current(self) -> bool:
        """Whether this is the pane its session shows."""
        return self.window_active and self.pane_active


class Client(Struct, frozen=True, kw_only=True):
    """A terminal attached to the server. Control clients, ours included, are never listed."""

    name: str
    tmux_id: TmuxSessionId
    pane_id: PaneId
    pid: int = 0
    tty: str = ""
    width: int = 0
    height: int = 0
    activity: int = 0
    """Epoch seconds of its last key press."""
    flags: frozenset[str] = frozenset()
    """tmux's client flags, such as `focused` and `read-only`."""


class Snapshot(Struct, frozen=True, kw_only=True):
    """Every pane and every real client of a server, from one look."""

    incarnation: Incarnation
    version: str
    panes: tuple[Pane, ...]
    clients: tuple[Client, ...] = ()
    at: float = 0.0
    """Epoch seconds when the answer had arrived."""
    bad_rows: tuple[str, ...] = ()
    """Rows that could not be read; each is one fault, and never spoils the others."""


class NoServer(Struct, frozen=True):
    """A reliable answer: no server runs at this address, so there are no sessions."""

    at: float = 0.0


Look = Snapshot | NoServer


class Changes(Struct, frozen=True, kw_only=True):
    """Everything that is different, by what kind of difference it is."""

    server_replaced: bool = False
    """Another run of the server, or none: nothing else is told then, since no id means what it meant."""
    born: tuple[TmuxSessionId, ...] = ()
    died: tuple[TmuxSessionId, ...] = ()
    renamed: tuple[TmuxSessionId, ...] = ()
    new_panes: tuple[PaneId, ...] = ()
    gone_panes: tuple[PaneId, ...] = ()
    moved_panes: tuple[PaneId, ...] = ()
    """Panes in another place: session, window or position."""
    restarted: tuple[PaneId, ...] = ()
    """Panes with another process, or whose process ended."""
    shown: tuple[PaneId, ...] = ()
    """Panes that their session shows now and did not show before."""
    stirred: tuple[PaneId, ...] = ()
    """Panes whose program may have printed something, or whose size is another."""
    retitled: tuple[PaneId, ...] = ()
    other_command: tuple[PaneId, ...] = ()
    """Panes with another foreground command or folder."""

    def __bool__(self) -> bool:
        """Whether anything changed at all."""
        return self != Changes()


_COMPARED: dict[str, Callable[[Pane], object]] = {
    "moved_panes": lambda pane: (pane.tmux_id, pane.window_id, pane.window_index, pane.pane_index),
    "restarted": lambda pane: (pane.pid, pane.dead),
    "stirred": lambda pane: (pane.activity, pane.bell, pane.width, pane.height, pane.alternate, pane.in_mode),
    "retitled": lambda pane: pane.title,
    "other_command": lambda pane: (pane.command, pane.path),
}


def diff(before: Look | None, after: Look) -> Changes:
    """Compare two looks; a first one shows everything as born.

    tmux tells activity in whole seconds: a pane that printed in the second of the look before counts as stirred too.
    """
    if isinstance(after, NoServer) or isinstance(before, NoServer):
        return Changes(server_replaced=type(before) is not type(after))
    if before is not None and before.incarnation != after.incarnation:
        return Changes(server_replaced=True)
    old = {pane.pane_id: pane for pane in before.panes} if before else {}
    new = {pane.pane_id: pane for pane in after.panes}
    old_names = {pane.tmux_id: pane.session_name for pane in old.values()}
    names = {pane.tmux_id: pane.session_name for pane in new.values()}
    both = [(old[key], pane) for key, pane in new.items() if key in old]
    differing = {
        kind: tuple(now.pane_id for was, now in both if value(was) != value(now)) for kind, value in _COMPARED.items()
    }
    second = int(before.at) if before else 0
    recent = {now.pane_id for was, now in both if now.activity >= second > 0}
    return Changes(
        born=tuple(key for key in names if key not in old_names),
        died=tuple(key for key in old_names if key not in names),
        renamed=tuple(key for key, name in names.items() if old_names.get(key, name) != name),
        new_panes=tuple(key for key in new if key not in old),
        gone_panes=tuple(key for key in old if key not in new),
        shown=tuple(now.pane_id for was, now in both if now.is_current and not was.is_current),
        moved_panes=differing["moved_panes"],
        restarted=differing["restarted"],
        stirred=tuple(key for key in new if key in recent or key in differing["stirred"]),
        retitled=differing["retitled"],
        other_command=differing["other_command"],
    )
