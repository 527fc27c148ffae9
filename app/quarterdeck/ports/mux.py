"""What we ask of a terminal multiplexer: to look, type and switch, and a key for the console."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from pathlib import Path

    from quarterdeck.core.pane import Client, Look, Pane, PaneId, ServerAddress, TmuxSessionId


class HintKind(StrEnum):
    """What may have happened. A hint shortens a wait; it is never the truth."""

    EXIT = "exit"
    """The pane's process ended."""
    OUTPUT = "output"
    """The pane's program wrote something."""
    STRUCTURE = "structure"
    """Sessions, windows or panes came, went or were renamed."""
    SERVER = "server"
    """The connection to the server was lost or made."""


class Hint(Struct, frozen=True):
    """One thing worth a look."""

    kind: HintKind
    pane_id: PaneId | None = None
    exit_status: int | None = None


class CaptureRequest(Struct, frozen=True):
    """Text wanted of one pane."""

    pane_id: PaneId
    lines: int = 0
    """Lines of history above the visible screen; 0 = the visible screen alone."""
    colours: bool = False


class NewSession(Struct, frozen=True, kw_only=True):
    """A tmux session to be made."""

    name: str | None = None
    """None lets tmux number it."""
    cwd: Path
    argv: tuple[str, ...] = ()
    """Program and arguments, run without a shell; empty = the user's shell."""
    env: Mapping[str, str] = field(default_factory=dict)
    columns: int = 200
    lines: int = 50
    window_index: int | None = None
    """Where its window stands; None leaves that to tmux."""
    window_name: str | None = None
    """None lets tmux name the window after its program."""


class NewPane(Struct, frozen=True, kw_only=True):
    """A pane to be made in a tmux session that is there; the pane that is shown now stays so."""

    tmux_id: TmuxSessionId
    beside: PaneId | None = None
    """The pane whose room it shares; None makes a window."""
    goes_right: bool = False
    """Whether it stands at the right of that one, and not below."""
    window_index: int | None = None
    """Where its window stands; None = at the first place that is free."""
    window_name: str | None = None
    """None lets tmux name the window after its program."""
    cwd: Path
    argv: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


class Mux(Protocol):
    """One multiplexer server. Every call is bounded in time and raises a TmuxError when it could not be done."""

    address: ServerAddress

    async def look(self, moved: Collection[PaneId] | None = None) -> Look:
        """All panes at once. `moved` limits whose command, path and size are asked afresh (None: everybody's)."""

    async def capture(self, requests: Sequence[CaptureRequest]) -> dict[PaneId, str]:
        """The panes' text, in one round trip. A pane that is gone is missing from the answer."""

    def hints(self) -> AsyncIterator[Hint]:
        """What may have changed, until closed. One bounded stream: it may drop, and counts what it dropped."""

    def watch(self, panes: Collection[Pane]) -> None:
        """Say which panes exist now, so that hints about their processes and output can be given."""

    async def new_session(self, wanted: NewSession) -> Pane:
        """Make a session; raises TmuxRefused when tmux does not, or when its command ended at once."""

    async def new_pane(self, wanted: NewPane) -> Pane:
        """Make a window or a split; raises TmuxRefused when tmux does not, or when its command ended at once."""

    async def kill_session(self, tmux_id: TmuxSessionId, *, of: str = "") -> None:
        """End a session and verify that it is gone. One that is gone already is no error.

        `of` is the run of the server that the id is of, in the words of `core.pane.Incarnation`; no other is touched.
        """

    async def kill_pane(self, pane_id: PaneId, *, of: str = "") -> None:
        """End a pane, with its window and its session where it is the last in them; verified in the same way."""

    async def rename_session(self, tmux_id: TmuxSessionId, name: str) -> None:
        """Give a session another name."""

    async def send_keys(self, pane_id: PaneId, keys: Sequence[str]) -> None:
        """Press keys by tmux's names (`Enter`, `Escape`, `C-c`)."""

    async def send_keys_if(self, pane_id: PaneId, keys: Sequence[str], shows: Sequence[str]) -> bool:
        """Press keys if the visible screen shows all these words at that very moment; answers whether it did."""

    async def send_text(self, pane_id: PaneId, text: str) -> None:
        """Type text literally, whatever it holds; for single characters and short answers."""

    async def paste(self, pane_id: PaneId, text: str) -> None:
        """Put text of any length into the pane as one bracketed paste. Control characters are stripped."""

    async def leave_mode(self, pane_id: PaneId) -> None:
        """Leave copy mode, if the pane is in it."""

    async def clients(self) -> tuple[Client, ...]:
        """The real clients, control clients left out."""

    async def switch_client(self, client: str, pane_id: PaneId) -> None:
        """Show a pane on a client: its session, window and pane."""

    async def close(self) -> None:
        """Let go of the server. It leaves nothing behind there."""


class FreeKey(Struct, frozen=True, kw_only=True):
    """A key that does nothing yet, and could open the console."""

    pressed: str
    """As the operator presses it, with tmux's prefix before it."""
    key: str
    line: str
    """The line of tmux.conf that binds it."""
    for_good: str
    """The command that puts that line there."""


class ConsoleKey(Protocol):
    """The key of one tmux server that opens the console."""

    async def free(self) -> FreeKey | None:
        """A key that could be it; None when one is already, or no server runs."""

    async def bind(self, found: FreeKey) -> None:
        """Bind it, until the server ends. Raises Refused when it was bound meanwhile."""


class Switched(Struct, frozen=True):
    """What comes of going to a pane: the operator's terminal shows it now."""

    closes: bool = False
    """The console was in a popup, which closes when it exits."""


class Attach(Struct, frozen=True):
    """The console is outside tmux: it steps aside while this runs."""

    argv: tuple[str, ...]


class TypeThis(Struct, frozen=True):
    """We cannot take the operator there; this command does."""

    command: str
    why: str


GoResult = Switched | Attach | TypeThis
