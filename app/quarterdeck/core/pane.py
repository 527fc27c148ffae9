"""What one look at a tmux server shows, as plain facts, and which panes moved between two looks."""

from __future__ import annotations

from typing import NewType

from msgspec import Struct

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
    window_name: str = ""
    """Only what somebody called it: tmux names windows after their programs by itself, and that is no name."""
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
    cursor: tuple[int, int] | None = None
    """Column and line of the cursor, from zero; None while it is hidden. As fresh as `command`."""
    progress: str = ""
    """What its program says of its own progress (OSC 9;4), in tmux's words; "" before tmux 3.7. As `command`."""
    dead: bool = False
    dead_status: int | None = None
    command: str = ""
    """Foreground command; not fresh unless the look asked for this pane's details."""
    path: str = ""
    title: str = ""

    @property
    def place(self) -> str:
        """Where it is, as tmux targets say it: session name, window and pane."""
        return f"{self.session_name}:{self.window_index}.{self.pane_index}"

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


def panes_that_stirred(before: Snapshot | None, after: Snapshot) -> frozenset[PaneId] | None:
    """The panes that both looks show and that moved meanwhile. None: all of them, since no id means what it meant.

    tmux tells activity in whole seconds: a pane that printed in the second of the look before counts as moved too.
    """
    if before is None or before.incarnation != after.incarnation:
        return None
    old = {pane.pane_id: pane for pane in before.panes}
    second = int(before.at)
    return frozenset(
        pane.pane_id
        for pane in after.panes
        if (was := old.get(pane.pane_id)) and (pane.activity >= second > 0 or _moving(was) != _moving(pane))
    )


def _moving(pane: Pane) -> tuple[object, ...]:
    """What is different once its program has printed something or is another one, or its size is."""
    printed = (pane.activity, pane.bell, pane.title, pane.alternate, pane.in_mode)
    return (*printed, pane.width, pane.height, pane.pid, pane.dead, pane.command, pane.path)
