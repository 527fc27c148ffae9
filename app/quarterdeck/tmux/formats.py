"""What a look asks tmux, and how its rows are read: pure functions.

Every row begins with a token that is made anew for each look and stands nowhere else on the machine, and so does every
separator before free text. Whatever a title, a name or a path holds, line breaks included, can neither begin a row nor
shift a field. A format that the running tmux does not know expands to nothing and leaves its field empty.
"""

from __future__ import annotations

import secrets
import signal
from dataclasses import dataclass, field
from typing import Final, NewType

from quarterdeck.core.ids import PaneId, TmuxSessionId, WindowId
from quarterdeck.core.pane import Client, Incarnation, Pane
from quarterdeck.core.text import clean

Command = tuple[str, ...]
"""One tmux command with its arguments."""

PANE: Final = (
    *("#{session_id}", "#{window_id}", "#{pane_id}", "#{pane_pid}", "#{window_index}", "#{pane_index}"),
    *("#{window_flags}", "#{pane_active}", "#{window_activity}", "#{pane_in_mode}", "#{alternate_on}"),
    "#{?pane_dead,d#{pane_dead_status}:#{pane_dead_signal},}",
)
"""Each field costs the server a microsecond for each pane (3.3a), in which it serves no program's output."""
PANE_TEXTS: Final = ("#{session_name}", "#{pane_title}")
DETAIL: Final = ("#{session_created}", "#{pane_tty}", "#{pane_width}", "#{pane_height}")
"""What changes only when the pane moves or draws itself anew."""
DETAIL_TEXTS: Final = ("|".join(DETAIL), "#{pane_current_command}", "#{pane_current_path}")
"""The last two the server reads from the system, pane by pane, which costs more than all the others together."""
CLIENT: Final = (
    *("#{session_id}", "#{pane_id}", "#{client_pid}", "#{client_width}", "#{client_height}", "#{client_activity}"),
    *("#{client_control_mode}", "#{client_flags}"),
)
CLIENT_TEXTS: Final = ("#{client_tty}", "#{client_name}")
SERVER: Final = ("#{pid}", "#{start_time}")
SERVER_TEXTS: Final = ("#{version}",)

CURRENT: Final = "*"
RANG: Final = "!"
"""Among a window's flags: its session shows it; a bell rang in it unseen."""

LONGEST_BAD_ROW: Final = 200
"""Characters of a bad row that are kept, for the log."""


Target = NewType("Target", str)
"""One pane in one window of one session, as tmux names it (`$1:@2.%3`): a window may be linked into two sessions."""


@dataclass(frozen=True, slots=True)
class Details:
    """What is not asked of every pane at every look; true for this process in this place only."""

    pid: int
    session_created: int
    tty: str
    width: int
    height: int
    command: str
    path: str


NO_DETAILS: Final = Details(0, 0, "", 0, 0, "", "")

PaneKey = tuple[str, str, str]
"""A pane row's parts: equal parts make an equal pane."""


@dataclass(slots=True)
class PaneRow:
    """One pane's row, read no further than needed to know whose it is."""

    target: Target
    pane_id: PaneId
    pid: int
    key: PaneKey
    details: Details | None = None


@dataclass(slots=True)
class Rows:
    """The rows of one look, by kind."""

    panes: list[PaneRow] = field(default_factory=list)
    details: dict[Target, Details] = field(default_factory=dict)
    clients: list[Client] = field(default_factory=list)
    incarnation: Incarnation | None = None
    version: str = ""
    bad: list[str] = field(default_factory=list)


class Questions:
    """The commands of one look, and the reading of their rows."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(8)
        self._split = f"|{self._token}|"

    def panes(self, *, details: bool) -> Command:
        """All panes of all sessions."""
        texts = (*PANE_TEXTS, *DETAIL_TEXTS) if details else PANE_TEXTS
        return ("list-panes", "-a", "-F", self._format("P", PANE, texts))

    def clients(self) -> Command:
        """All clients, control clients included: the reader leaves those out."""
        return ("list-clients", "-F", self._format("C", CLIENT, CLIENT_TEXTS))

    def details(self, target: Target) -> Command:
        """One pane's details. For a pane that is gone tmux answers with empty fields (3.3a)."""
        return ("display-message", "-p", "-t", target, self._format("D", PANE[:4], DETAIL_TEXTS))

    def server(self) -> Command:
        """Who the server is; asked last, so that its row also says that the answer is whole."""
        return ("display-message", "-p", self._format("S", SERVER, SERVER_TEXTS))

    def _format(self, kind: str, fields: tuple[str, ...], texts: tuple[str, ...]) -> str:
        return self._token + self._split.join(("|".join((kind, *fields)), *texts))

    def read(self, answer: bytes) -> Rows:
        """The rows in what tmux printed; a row that cannot be read is kept aside and spoils no other."""
        rows = Rows()
        text = "\n" + answer.decode(errors="replace").removesuffix("\n")
        before, *found = text.split("\n" + self._token)
        if before:
            rows.bad.append(shortened(before))
        for row in found:
            try:
                self._read_row(row, rows)
            except ValueError:
                rows.bad.append(shortened(row))
        return rows

    def _read_row(self, row: str, rows: Rows) -> None:
        head, *texts = row.split(self._split)
        match head[:1], texts:
            case "P", [name, title, *details]:
                pane_row = _pane_row(head, name, title)
                if details:
                    pane_row.details = _details(pane_row.pid, details)
                rows.panes.append(pane_row)
            case "D", details:
                _, session_id, window_id, pane_id, pid = head.split("|")
                if pane_id:
                    rows.details[_target(session_id, window_id, pane_id)] = _details(int(pid), details)
            case "C", [tty, name]:
                client = _client(head, tty, name)
                if client is not None:
                    rows.clients.append(client)
            case "S", [version]:
                _, pid, started = head.split("|")
                rows.incarnation, rows.version = Incarnation(int(pid), int(started)), version
            case _:
                raise ValueError(row)


def pane(key: PaneKey, details: Details | None) -> Pane:
    """The pane that a row tells of; raises ValueError when the row makes no sense."""
    head, name, title = key
    values = head.split("|")
    session_id, window_id, pane_id, pid, window_index, pane_index, window_flags, active = values[1:9]
    activity, in_mode, alternate, death = values[9:]
    if not (pane_id.startswith("%") and window_id.startswith("@") and session_id.startswith("$")):
        raise ValueError(head)
    dead_status, _, dead_signal = death.removeprefix("d").partition(":")
    details = details or NO_DETAILS
    return Pane(
        pane_id=PaneId(pane_id),
        window_id=WindowId(window_id),
        tmux_id=TmuxSessionId(session_id),
        # Exact: scripts and the store know the session by it. tmux lets no control character into a name (3.3a).
        session_name=name,
        session_created=details.session_created,
        window_index=int(window_index or 0),
        pane_index=int(pane_index or 0),
        window_active=CURRENT in window_flags,
        pane_active=active == "1",
        pid=int(pid or 0),
        tty=details.tty,
        width=details.width,
        height=details.height,
        activity=int(activity or 0),
        bell=RANG in window_flags,
        in_mode=in_mode not in {"", "0"},
        alternate=alternate == "1",
        dead=bool(death),
        dead_status=int(dead_status) if dead_status else None,
        dead_signal=_signal(dead_signal),
        command=details.command,
        path=details.path,
        title=clean(title),
    )


def _pane_row(head: str, name: str, title: str) -> PaneRow:
    _, session_id, window_id, pane_id, pid, _ = head.split("|", 5)
    return PaneRow(_target(session_id, window_id, pane_id), PaneId(pane_id), int(pid or 0), (head, name, title))


def _target(session_id: str, window_id: str, pane_id: str) -> Target:
    return Target(f"{session_id}:{window_id}.{pane_id}")


def _details(pid: int, texts: list[str]) -> Details:
    place, command, path = texts
    created, tty, width, height = place.split("|")
    return Details(pid, int(created or 0), tty, int(width or 0), int(height or 0), clean(command), clean(path))


def _client(head: str, tty: str, name: str) -> Client | None:
    _, session_id, pane_id, pid, width, height, activity, control, flags = head.split("|")
    if control == "1":
        return None
    return Client(
        name=name,
        tmux_id=TmuxSessionId(session_id),
        pane_id=PaneId(pane_id),
        pid=int(pid or 0),
        tty=tty,
        width=int(width or 0),
        height=int(height or 0),
        activity=int(activity or 0),
        flags=frozenset(filter(None, flags.split(","))),
    )


def _signal(told: str) -> int | None:
    """A signal's number; 3.3a gives the number, and a name is understood too."""
    if not told:
        return None
    if told.isdecimal():
        return int(told)
    name = "SIG" + told.upper().removeprefix("SIG")
    return signal.Signals[name].value if name in signal.Signals.__members__ else None


def shortened(row: str) -> str:
    """A bad row, fit for the log."""
    return clean(row, LONGEST_BAD_ROW)
