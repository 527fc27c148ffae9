"""The head line: the server, how many are in which state, what waits and for how long, and what is not well."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.events import Health
from quarterdeck.core.state_signs import STATE_SIGNS
from quarterdeck.core.text import cell_width, clean, cut
from quarterdeck.core.urgency import SortKey, sort_key
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.figures import quiet
from quarterdeck.tui.rows.session_row import ROLES, WAITING, Kind, kind_of, name_of, shape, waiting_since

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.session import Session
    from quarterdeck.ports.store import StoreHealth

_COUNTED = tuple(kind for kind in Kind if kind is not Kind.ENDED)
_LEVELS = (
    (frozenset(Kind), True, True),
    (frozenset(Kind), True, False),
    (WAITING | {Kind.WORKS, Kind.RESTS}, True, False),
    (WAITING, True, False),
    (frozenset({Kind.ASKS}), True, False),
    (WAITING, False, False),
    (frozenset[Kind](), False, False),
)
"""What is said, the fullest first: which counts have words, whether who waits is named, whether the server is."""
LOOK_IS_OLD = 60
"""Seconds without a good look after which its age is said although no look failed."""


class Counts(NamedTuple):
    """What the head line says of the sessions; made anew only when one of them changed."""

    by_kind: tuple[tuple[Kind, int], ...]
    first_waiting: Session | None


def count(
    sessions: Iterable[Session],
    key: Callable[[Session], SortKey] = sort_key,
    kind_of: Callable[[Session], Kind] = kind_of,
) -> Counts:
    """How many are in which state, and who is to be seen first."""
    kinds: Counter[Kind] = Counter()
    first: Session | None = None
    for session in sessions:
        kind = kind_of(session)
        kinds[kind] += 1
        if kind in WAITING and (first is None or key(session) < key(first)):
            first = session
    return Counts(tuple((kind, kinds[kind]) for kind in _COUNTED if kinds[kind]), first)


def head_cells(
    server: str, counts: Counts, fleet: Fleet, store: StoreHealth, now: datetime, width: int, *, ascii_only: bool
) -> list[Cell]:
    """The head line for a width: what is not well and the counts stay longest, then what waits, then the server."""
    badges = _badges(fleet, store, now)
    waits = _waits(counts, now)
    for worded, with_waits, with_server in _LEVELS:
        left = [Cell(" "), Cell(clean(server, 24), "muted"), Cell("  ")] if with_server and server else [Cell(" ")]
        # Before the first look nobody knows whether there are none.
        left += _counts(counts, worded, ascii_only=ascii_only) if fleet.last_good_look or counts.by_kind else ()
        right = [*(waits if with_waits else ()), *badges]
        space = width - _width(left) - _width(right) - 1
        if space >= 2:
            return [*left, Cell(" " * space), *right]
    room = max(0, width - _width(left) - 2)
    problem = cut("".join(cell.text for cell in badges), room)
    return [*left, Cell(" "), Cell(problem, "failed")] if problem else left


def _width(cells: Iterable[Cell]) -> int:
    return sum(cell_width(cell.text) for cell in cells)


def _counts(counts: Counts, worded: frozenset[Kind], *, ascii_only: bool) -> list[Cell]:
    cells: list[Cell] = []
    for kind, number in counts.by_kind:
        word = f" {STATE_SIGNS[kind.value].several if number != 1 else kind.value}" if kind in worded else ""
        role = ROLES[kind] + (" bold" if kind is Kind.ASKS else "")
        cells.append(Cell(f"{shape(kind, ascii_only=ascii_only)} {number}{word}", role))
        cells.append(Cell("  " if worded else " "))
    return cells or [Cell("no sessions", "muted"), Cell("  ")]


def _waits(counts: Counts, now: datetime) -> list[Cell]:
    session = counts.first_waiting
    if session is None:
        return []
    kind = kind_of(session)
    verb = STATE_SIGNS[kind.value].verb
    age = quiet(waiting_since(session), now)
    since = "just now" if age == "now" else f"for {age}"
    return [
        Cell(clean(name_of(session), 24), "text bold"),
        Cell(f" {verb} {since}" if age else f" {verb}", ROLES[kind]),
        Cell("  "),
    ]


def _badges(fleet: Fleet, store: StoreHealth, now: datetime) -> list[Cell]:
    said: list[tuple[str, str]] = []
    if fleet.look_failures:
        seen = quiet(fleet.last_good_look, now)
        when = "never seen" if not seen else f"seen {seen} ago" if seen != "now" else "seen just now"
        said.append((f"tmux does not answer, {when}", "failed bold"))
    elif fleet.last_good_look is not None and not fleet.incarnation:
        said.append(("no tmux server runs", "asks"))
    elif fleet.last_good_look is not None and (now - fleet.last_good_look).total_seconds() > LOOK_IS_OLD:
        said.append((f"seen {quiet(fleet.last_good_look, now)} ago", "asks"))
    if not store.ok:
        held = f", {store.pending} held" if store.pending else ""
        said.append((f"state not saved{held}", "failed bold"))
    for worker, (health, detail) in fleet.workers.items():
        if health in {Health.DEGRADED, Health.UNHEALTHY}:
            text = f"{worker}: {detail or health.value}"
            said.append((clean(text, 40), "failed" if health is Health.UNHEALTHY else "asks"))
    return [cell for text, role in said for cell in (Cell(text, role), Cell("  "))]
