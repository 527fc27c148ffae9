"""What a look asks tmux, and how its rows are read: pure functions.

Every row begins with a token that is made anew for each look and stands nowhere else on the machine, and so does every
separator before free text. Whatever a title, a name or a path holds, line breaks included, can neither begin a row nor
shift a field. A format that the running tmux does not know expands to nothing and leaves its field empty.
"""

from __future__ import annotations

import string
from random import SystemRandom
from typing import TYPE_CHECKING, Final, NamedTuple, NewType

from msgspec import Struct, field

from quarterdeck.core.pane import Client, Incarnation, Pane, PaneId, Snapshot, TmuxSessionId, WindowId
from quarterdeck.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

Command = tuple[str, ...]
"""One tmux command with its arguments."""
Texts = tuple[str, ...]
LETTERS: Final = string.ascii_letters + string.digits


def _word() -> str:
    """A random word of 47 bits in eight characters: it stands three times in each row, so it is to be short.

    It begins no option of tmux's and ends no command, for it is letters and digits only.
    """
    return "".join(SystemRandom().choices(LETTERS, k=8))


KEY: Final = _word()
"""Stands for a look's token once its answer is here, so that the rows of two looks can be compared. It never leaves
this process."""
FIELD_SPLIT: Final = f"|{KEY}|"
"""Before each free text."""
CUT: Final = f"|{KEY}+"
"""Before a pane's details."""

PANE: Final = (
    *("#{session_id}", "#{window_id}", "#{pane_id}", "#{pane_pid}", "#{window_index}", "#{pane_index}"),
    *("#{window_flags}", "#{pane_active}", "#{window_activity}", "#{pane_in_mode}"),
    "#{?pane_dead,d#{pane_dead_status},}",
)
"""Each field costs the server a microsecond for each pane (3.3a), in which it serves no program's output."""
PANE_TEXTS: Final = ("#{session_name}", "#{?automatic-rename,,#{window_name}}", "#{pane_title}")
DETAIL: Final = (
    # tmux 3.2a dies of a question for the time of what is gone.
    "#{?session_id,#{session_created},}",
    *("#{pane_tty}", "#{pane_width}", "#{pane_height}", "#{alternate_on}"),
    *("#{cursor_x}", "#{cursor_y}", "#{cursor_flag}", "#{pane_pb_state}"),
)
"""What changes only when the pane moves or draws itself anew."""
DETAIL_TEXTS: Final = ("|".join(DETAIL), "#{pane_current_command}", "#{pane_current_path}")
"""The last two the server reads from the system, pane by pane, which costs more than all the others together."""
CLIENT: Final = (
    *("#{session_id}", "#{pane_id}", "#{client_pid}", "#{client_activity}", "#{client_control_mode}"),
    "#{client_flags}",
)
CLIENT_TEXTS: Final = ("#{client_name}",)
SERVER: Final = ("#{pid}", "#{start_time}")
SERVER_TEXTS: Final = ("#{version}",)

CURRENT: Final = "*"
RANG: Final = "!"
"""Among a window's flags: its session shows it; a bell rang in it unseen."""

LONGEST_BAD_ROW: Final = 200
"""Characters of a bad row that are kept, for the log."""


Target = NewType("Target", str)
"""One pane in one window of one session, as tmux names it (`$1:@2.%3`): a window may be linked into two sessions."""


class Details(NamedTuple):
    """What is not asked of every pane at every look; true for this process in this place only."""

    pid: int
    session_created: int
    tty: str
    width: int
    height: int
    alternate: bool
    cursor: tuple[int, int] | None
    progress: str
    command: str
    path: str


NO_DETAILS: Final = Details(0, 0, "", 0, 0, False, None, "", "", "")


class PaneRow(Struct, frozen=True, eq=False):
    """One pane's row. As long as the row stays the same, so does this object."""

    target: Target
    pane_id: PaneId
    pid: int
    head: str
    name: str
    window_name: str
    title: str


Panes = dict[PaneRow, tuple[Details | None, Pane]]
"""Each row with what was read from it."""


class Rows(Struct):
    """The rows of one look, by kind."""

    panes: list[PaneRow] = field(default_factory=list)
    by_text: dict[str, PaneRow] = field(default_factory=dict)
    """The panes' rows as they were told, to know them again."""
    details: dict[Target, Details] = field(default_factory=dict)
    clients: list[Client] = field(default_factory=list)
    incarnation: Incarnation | None = None
    version: str = ""
    bad: list[str] = field(default_factory=list)


class Questions:
    """The commands of one look, and the reading of their rows."""

    def __init__(self) -> None:
        self._token = _word()

    def panes(self, *, details: bool) -> Command:
        """All panes of all sessions."""
        return ("list-panes", "-a", "-F", self._format("P", PANE, PANE_TEXTS, DETAIL_TEXTS if details else ()))

    def clients(self) -> Command:
        """All clients, control clients included: the reader leaves those out."""
        return ("list-clients", "-F", self._format("C", CLIENT, CLIENT_TEXTS))

    def details(self, target: Target) -> Command:
        """One pane's details. For a pane that is gone tmux answers with empty fields (3.3a)."""
        return ("display-message", "-p", "-t", target, self._format("D", PANE[:4], (), DETAIL_TEXTS))

    def server(self) -> Command:
        """Who the server is; asked last, so that its row also says that the answer is whole."""
        return ("display-message", "-p", self._format("S", SERVER, SERVER_TEXTS))

    def everything(self) -> list[str]:
        """A whole look as the arguments of one tmux."""
        commands = (self.panes(details=True), self.clients(), self.server())
        return [word for command in commands for word in (*command, ";")][:-1]

    def _format(self, kind: str, fields: Texts, texts: Texts, details: Texts = ()) -> str:
        row = FIELD_SPLIT.join(("|".join((kind, *fields)), *texts))
        row += CUT + FIELD_SPLIT.join(details) if details else ""
        return f"{KEY}{row}".replace(KEY, self._token)

    def read(self, answer: bytes, known: Mapping[str, PaneRow] | None = None) -> Rows:
        """The rows in what tmux printed; a row that cannot be read is kept aside and spoils no other.

        A pane's row that is known from the look before is not read again.
        """
        rows = Rows()
        # As bytes up to here: what makes no sense is not held several times.
        before, *found = (b"\n" + answer.removesuffix(b"\n")).split(b"\n" + self._token.encode())
        if before:
            rows.bad.append(shortened(before[: 4 * LONGEST_BAD_ROW].decode(errors="replace")))
        for part in found:
            row = part.decode(errors="replace").replace(self._token, KEY)
            try:
                if row.startswith("P"):
                    _read_pane(row, rows, known or {})
                else:
                    _read_other(row, rows)
            except ValueError:
                rows.bad.append(shortened(row))
        return rows


def _read_pane(row: str, rows: Rows, known: Mapping[str, PaneRow]) -> None:
    row, cut, details = row.partition(CUT)
    found = known.get(row)
    if found is None:
        head, name, window_name, title = row.split(FIELD_SPLIT)
        _, session_id, window_id, pane_id, pid, _ = head.split("|", 5)
        target = _target(session_id, window_id, pane_id)
        found = PaneRow(target, PaneId(pane_id), int(pid or 0), head, name, window_name, title)
    if cut:
        rows.details[found.target] = _details(found.pid, details)
    rows.panes.append(found)
    rows.by_text[row] = found


def _read_other(row: str, rows: Rows) -> None:
    row, cut, details = row.partition(CUT)
    head, *texts = row.split(FIELD_SPLIT)
    match head[:1], texts:
        case "D", []:
            _, session_id, window_id, pane_id, pid = head.split("|")
            if pane_id:
                rows.details[_target(session_id, window_id, pane_id)] = _details(int(pid), details)
        case "C", [name]:
            _, session_id, pane_id, pid, activity, control, flags = head.split("|")
            if control == "1":
                return
            client = Client(
                name=name,
                tmux_id=TmuxSessionId(session_id),
                pane_id=PaneId(pane_id),
                pid=int(pid or 0),
                activity=int(activity or 0),
                flags=frozenset(filter(None, flags.split(","))),
            )
            rows.clients.append(client)
        case "S", [version] if not cut:
            _, pid, started = head.split("|")
            rows.incarnation, rows.version = Incarnation(int(pid), int(started)), version
        case _:
            raise ValueError(row)


def snapshot(rows: Rows, at: float, known: Panes | None = None) -> tuple[Snapshot, Panes]:
    """What whole rows tell; a pane whose row and details are those that are known is the very same object."""
    assert rows.incarnation is not None
    known = known or {}
    bad = list(rows.bad)
    panes: Panes = {}
    for row in rows.panes:
        details = rows.details.get(row.target)
        before = known.get(row)
        try:
            panes[row] = before if before and before[0] is details else (details, pane(row, details))
        except ValueError:
            bad.append(shortened(f"{row.head} {row.name} {row.window_name} {row.title}"))
    told = Snapshot(
        incarnation=rows.incarnation,
        version=rows.version,
        panes=tuple([found for _, found in panes.values()]),
        clients=tuple(rows.clients),
        at=at,
        bad_rows=tuple(bad),
    )
    return told, panes


def pane(row: PaneRow, details: Details | None) -> Pane:
    """The pane that a row tells of; raises ValueError when the row makes no sense."""
    values = row.head.split("|")
    session_id, window_id, pane_id, pid, window_index, pane_index, window_flags, active = values[1:9]
    activity, in_mode, death = values[9:]
    if not (pane_id.startswith("%") and window_id.startswith("@") and session_id.startswith("$")):
        raise ValueError(row.head)
    dead_status = death.removeprefix("d")
    details = details or NO_DETAILS
    return Pane(
        pane_id=PaneId(pane_id),
        window_id=WindowId(window_id),
        tmux_id=TmuxSessionId(session_id),
        # Exact: scripts and the store know the session by it. tmux lets no control character into a name (3.3a).
        session_name=row.name,
        session_created=details.session_created,
        window_index=int(window_index or 0),
        window_name=clean(row.window_name),
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
        alternate=details.alternate,
        cursor=details.cursor,
        progress=details.progress,
        dead=bool(death),
        dead_status=int(dead_status) if dead_status else None,
        command=details.command,
        path=details.path,
        title=clean(row.title),
    )


def _target(session_id: str, window_id: str, pane_id: str) -> Target:
    return Target(f"{session_id}:{window_id}.{pane_id}")


def _details(pid: int, texts: str) -> Details:
    place, command, path = texts.split(FIELD_SPLIT)
    created, tty, width, height, alternate, column, line, is_shown, progress = place.split("|")
    size = int(width or 0), int(height or 0)
    cursor = (int(column or 0), int(line or 0)) if is_shown == "1" else None
    return Details(
        pid, int(created or 0), tty, *size, alternate == "1", cursor, clean(progress), clean(command), clean(path)
    )


def shortened(row: str) -> str:
    """A bad row, fit for the log."""
    return clean(row, LONGEST_BAD_ROW)
