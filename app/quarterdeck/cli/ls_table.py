"""`ls` for eyes: a table that fits the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from quarterdeck.cli.output import GAP, Colour, coloured, has_unicode
from quarterdeck.core.state_signs import OF_NEED, OF_STATE, STATE_SIGNS
from quarterdeck.core.text import cell_width, clean, fit, from_home
from quarterdeck.core.times import age

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quarterdeck.core.session import Session
    from quarterdeck.core.state_signs import StateSign

NARROWEST_THOUGHT: Final = 16
NARROWEST_NAME: Final = 8
LONGEST_FOLDER: Final = 32
DROPPED: Final = ("id", "folder", "quiet", "thought", "agent")
"""Columns that go when there is no room, the first first."""
COLOURS: Final = {
    "yellow": Colour.YELLOW,
    "red": Colour.RED,
    "cyan": Colour.CYAN,
    "blue": Colour.BLUE,
    "dim": Colour.DIM,
}
HEADS: Final = {"sign": ""}
"""What stands over a column, where that is not its name."""


class TableCell(Struct, frozen=True):
    """One cell of the table."""

    text: str
    colour: Colour | None = None


def table(sessions: Sequence[Session], now: datetime, width: int) -> str:
    """The sessions in lines of at most this width."""
    rows = [_cells(session, now) for session in sessions]
    columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
    # A column that says nothing takes no room.
    columns = {name: cells for name, cells in columns.items() if any(cell.text for cell in cells)}
    widths = {
        name: max(cell_width(each.text) for each in [*cells, TableCell(HEADS.get(name, name))])
        for name, cells in columns.items()
    }
    widths = fitted(widths, width)
    if not widths:
        return ""
    header = GAP.join(fit(HEADS.get(name, name).upper(), room) for name, room in widths.items()).rstrip()
    lines = [coloured(header, Colour.DIM)]
    for index in range(len(rows)):
        shown = [(columns[name][index], room) for name, room in widths.items()]
        cells = [coloured(fit(cell.text, room), cell.colour) for cell, room in shown[:-1]]
        last, room = shown[-1]
        cells.append(coloured(fit(last.text, room).rstrip(), last.colour))
        lines.append(GAP.join(cells).rstrip())
    return "".join(f"{line}\n" for line in lines)


def fitted(widths: dict[str, int], width: int) -> dict[str, int]:
    """The columns' widths made to fit: the thought is cut first, then columns go, at last the name is cut."""
    kept = widths
    for dropped in range(len(DROPPED) + 1):
        kept = {name: room for name, room in widths.items() if name not in DROPPED[:dropped]}
        left = width - len(GAP) * (len(kept) - 1) - sum(kept.values())
        if left >= 0:
            return kept
        shorter = kept.get("thought", 0) + left
        if shorter >= NARROWEST_THOUGHT:
            return {**kept, "thought": shorter}
    left = width - len(GAP) * (len(kept) - 1) - sum(kept.values())
    return {**kept, "name": max(min(NARROWEST_NAME, kept["name"]), kept["name"] + left)} if kept else {}


def _cells(session: Session, now: datetime) -> dict[str, TableCell]:
    sign = _sign(session)
    colour = COLOURS.get(sign.colour)
    return {
        "sign": TableCell(sign.sign if has_unicode() else sign.plain, colour),
        "name": TableCell(clean(session.tmux_name), Colour.BOLD),
        "state": TableCell(session.state_word, colour),
        "agent": TableCell(clean(session.tool or "")),
        "wants": TableCell(session.needs.value if session.needs else "", colour),
        "quiet": TableCell(age(now - session.last_activity_at), Colour.DIM),
        "thought": TableCell(clean(session.thought or "")),
        "folder": TableCell(_folder(session.cwd), Colour.DIM),
        "id": TableCell(session.session_id, Colour.DIM),
    }


def _sign(session: Session) -> StateSign:
    if session.is_stale:
        return STATE_SIGNS["stale"]
    return STATE_SIGNS[OF_NEED[session.needs] if session.needs else OF_STATE[session.state]]


def _folder(cwd: str) -> str:
    text = clean(from_home(cwd, str(Path.home())))
    if cell_width(text) <= LONGEST_FOLDER:
        return text
    # Its end says more than its beginning.
    ending: str = text
    while cell_width(ending) > LONGEST_FOLDER - 1:
        ending = ending[1:]
    return f"…{ending}"
