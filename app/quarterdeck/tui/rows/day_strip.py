"""The last day of a session as a strip by state, with the hours below it."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from quarterdeck.core.day import DAY, DayState, totals
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.mark import ROLES, Kind, shape

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quarterdeck.core.day import Moment
    from quarterdeck.tui.rows.cell import Line

KINDS: dict[DayState, Kind] = {state: Kind[state.name] for state in DayState if state is not DayState.UNKNOWN}
LOUDEST = tuple(KINDS)
"""In a short piece of the strip the first of these that took a fair part of it is drawn."""
FAIR = 0.2
MOST_CELLS, LEAST_CELLS = 96, 24
LABEL_EVERY = 4
"""Hours between two labels."""
LEAST_TOLD = timedelta(minutes=1)


def day_lines(moments: Sequence[Moment], now: datetime, width: int, *, ascii_only: bool) -> list[Line]:
    """Strip, hours and sums; nothing where nothing is known of the day."""
    since = now - DAY
    told = totals(moments, since, now)
    if not any(length >= LEAST_TOLD for state, length in told.items() if state is not DayState.UNKNOWN):
        return []
    cells = max(LEAST_CELLS, min(MOST_CELLS, width - 3))
    drawn = [_drawn(moments, since + DAY * number / cells, DAY / cells) for number in range(cells)]
    strip = [
        Cell(_shape(state, ascii_only=ascii_only) * len(list(run)), ROLES[KINDS[state]] if state in KINDS else "muted")
        for state, run in groupby(drawn)
    ]
    sums: list[Cell] = []
    for state, kind in KINDS.items():
        if told.get(state, timedelta()) >= LEAST_TOLD:
            sums.append(Cell(f"  {shape(kind, ascii_only=ascii_only)} {kind.value} ", ROLES[kind]))
            sums.append(Cell(_length(told[state]) + " ", "text"))
    title = (Cell("The last 24 hours", "accent bold"),)
    return [title, (Cell("  "), *strip), (Cell("  " + _hours(now, cells), "muted"),), tuple(sums), ()]


def _drawn(moments: Sequence[Moment], since: datetime, length: timedelta) -> DayState:
    """What stands for a piece of the day: what needed the operator is not lost in what filled the rest."""
    told = totals(moments, since, since + length)
    fair = [state for state in LOUDEST if told.get(state, timedelta()) >= length * FAIR]
    # A piece of which only a minute was watched shows that minute.
    known = {state: spent for state, spent in told.items() if state in KINDS and spent >= LEAST_TOLD}
    return fair[0] if fair else max(known or told, key=lambda state: told[state])


def _shape(state: DayState, *, ascii_only: bool) -> str:
    if state is DayState.RESTS:
        return "." if ascii_only else "·"
    return shape(KINDS[state], ascii_only=ascii_only) if state in KINDS else " "


def _hours(now: datetime, cells: int) -> str:
    """The hours of the operator's clock below their places, and `now` at the end."""
    local = now.astimezone()
    line = [" "] * cells
    hour = local.replace(minute=0, second=0, microsecond=0)
    for back in range(24):
        moment = hour - timedelta(hours=back)
        place = cells - round((local - moment) / DAY * cells)
        label = f"{moment:%H}h"
        if moment.hour % LABEL_EVERY == 0 and place >= 0 and place + len(label) < cells - len("now"):
            line[place : place + len(label)] = label
    line[-len("now") :] = "now"
    return "".join(line)


def _length(length: timedelta) -> str:
    minutes = int(length / timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)
