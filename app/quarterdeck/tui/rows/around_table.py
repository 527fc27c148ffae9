"""What stands around the table or in its place: head line, foot line, and why there are no rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.events import Health
from quarterdeck.core.session_ends import has_left
from quarterdeck.core.state_signs import STATE_SIGNS
from quarterdeck.core.text import cell_width, clean, cut
from quarterdeck.core.urgency import SortKey, sort_key
from quarterdeck.tui.actions import ACTIONS, Needs, spoken
from quarterdeck.tui.rows.cell import Cell, quiet
from quarterdeck.tui.rows.session_row import (
    KIND_ROLES,
    WAITING,
    Kind,
    Nesting,
    kind_of,
    name_of,
    name_within,
    shape,
    waiting_since,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.session import Session
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.ports.store import StoreHealth
    from quarterdeck.tui.actions import Action

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
LEAST_TABLE_WIDTH, LEAST_TABLE_HEIGHT = 30, 6
_ALWAYS = ("help.open", "console.quit")
KEY_REFUSALS: Mapping[str, str] = {
    "session.answer": "{name} asks nothing now.",
    "session.restore": "{name} is neither ended nor stale, so there is nothing to bring back.",
    "session.dismiss": "{name} is live. d removes what has ended; x ends a live one.",
    "group.fold": "{name} is in no group that could be folded. Tab puts rows together.",
    "view.choose": "No filter is saved yet. Add one under [views] in the settings file.",
}
"""Why a key does nothing now, said when it is pressed; other keys are only not named."""
AGENT_LEFT = (
    "{agent} has ended in {name}, but its shell is open. Go there and resume it by hand; u brings back what is gone."
)


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
        role = KIND_ROLES[kind] + (" bold" if kind is Kind.ASKS else "")
        cells.append(Cell(f"{shape(kind, ascii_only=ascii_only)} {number}{word}", role))
        cells.append(Cell("  " if worded else " "))
    return cells or [Cell("no sessions", "muted"), Cell("  ")]


def _waits(counts: Counts, now: datetime) -> list[Cell]:
    session = counts.first_waiting
    if session is None:
        return []
    kind = kind_of(session)
    age = quiet(waiting_since(session), now)
    since = {"": "", "now": " just now"}.get(age, f" for {age}")
    said = f" {STATE_SIGNS[kind.value].verb}{since}"
    return [Cell(name_within(session, Nesting.NOTHING, 24), "text bold"), Cell(said, KIND_ROLES[kind]), Cell("  ")]


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
        held = f", {store.pending} changes wait" if store.pending else ""
        said.append((f"state not saved{held}", "failed bold"))
    for worker, (health, detail) in fleet.workers.items():
        if health in {Health.DEGRADED, Health.UNHEALTHY}:
            text = f"{worker}: {detail or health.value}"
            said.append((clean(text, 40), "failed" if health is Health.UNHEALTHY else "asks"))
    return [cell for text, role in said for cell in (Cell(text, role), Cell("  "))]


def foot_cells(
    keys: Mapping[str, Sequence[str]], works: Callable[[Action], bool], width: int, marked: int = 0
) -> list[Cell]:
    """Keys and labels for a width. Help and quit keep their place when others must go."""
    shown = [action for action in ACTIONS if action.foot and keys[action.name] and works(action)]
    said = {action.name: (spoken(keys[action.name][0]), action.label) for action in shown}
    cost = {name: cell_width(key) + len(label) + 3 for name, (key, label) in said.items()}
    cells = [Cell(" "), Cell(f"{marked} marked", "accent bold"), Cell("  ")] if marked else [Cell(" ")]
    room = width - sum(cell_width(cell.text) for cell in cells) - sum(cost.get(name, 0) for name in _ALWAYS)
    for action in sorted(shown, key=lambda action: action.foot):
        if action.name not in _ALWAYS:
            if cost[action.name] > room:
                room = 0
                continue
            room -= cost[action.name]
        cells += _key_cells(*said[action.name])
    return cells


def typing_cells() -> list[Cell]:
    """The keys that work while a filter is typed: the letters are its own."""
    return [Cell(" "), *_key_cells("Enter", "keep"), *_key_cells("Esc", "clear"), *_key_cells("↑ ↓", "move")]


def _key_cells(key: str, label: str) -> tuple[Cell, Cell]:
    return Cell(key, "accent bold"), Cell(f" {label}  ", "muted")


def can_say_why(action: Action, session: Session | None) -> bool:
    """Whether a key that can do nothing here says so."""
    return action.name in KEY_REFUSALS and (action.needs is Needs.NOTHING or session is not None)


def why_not(action: Action, session: Session | None) -> str:
    """Why nothing is done."""
    said = KEY_REFUSALS[action.name]
    if session is not None and action.name == "session.restore" and has_left(session):
        said = AGENT_LEFT
    name, agent = (f'"{name_of(session)}"', session.tool or "The agent") if session is not None else ("", "")
    return clean(said.format(name=name, agent=agent))


class EmptyNotice(NamedTuple):
    """A state that has no rows."""

    what: str
    why: str
    next: str
    """With the names of actions in braces, which become their keys."""
    is_bad: bool = False


def notice_for(
    fleet: Fleet, server: str, trouble: QuarterdeckError | None, *, width: int, height: int, filtered: str, shown: int
) -> EmptyNotice | None:
    """Why there is no table, or None when there is one."""
    if width < LEAST_TABLE_WIDTH or height < LEAST_TABLE_HEIGHT:
        needed = f"{LEAST_TABLE_WIDTH}x{LEAST_TABLE_HEIGHT} needed"
        return EmptyNotice(f"{width}x{height} is too small", needed, "{console.quit} quits")
    if trouble is not None:
        tries = "{fleet.look} tries again   {console.quit} quits"
        return EmptyNotice(trouble.message, trouble.hint, tries, is_bad=True)
    if fleet.sessions or fleet.exited:
        said = f"No session matches {filtered!r}."
        is_empty = filtered and not shown
        return EmptyNotice("Nothing matches", said, "{filter.clear} clears the filter") if is_empty else None
    if fleet.look_failures:
        said = fleet.look_error or "The last looks failed, so nothing is known."
        return EmptyNotice("tmux does not answer", said, "{fleet.look} looks again   {console.quit} quits", is_bad=True)
    if fleet.last_good_look is None:
        return EmptyNotice("Looking", f"Asking tmux ({server}) which sessions it has.", "{help.open} help")
    what, why = "No sessions yet", f"The tmux server {server} has no session but the one that shows this console."
    if not fleet.incarnation:
        what, why = "No tmux server runs", f"No tmux server answers at {server}. A new session starts one."
    return EmptyNotice(what, why, "{session.new} new session   {help.open} help   {console.quit} quit")
