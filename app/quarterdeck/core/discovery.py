"""Which rows there are and which pane each shows: pure plans over the panes that one look lists.

A tmux session with at most one agent is one row. Each further pane in which an agent was found is a row of its own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.pane import NoServer
from quarterdeck.core.session import SessionState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from quarterdeck.core.pane import Look, Pane, PaneId, TmuxSessionId
    from quarterdeck.core.session import Session, SessionId


MOST_ROUNDS = 3


class RowPane(NamedTuple):
    """The pane of a row."""

    pane: Pane
    is_bound: bool
    """Whether the row follows it wherever it goes; else it is the one that its tmux session shows."""


class Reconciled(NamedTuple):
    """Known rows against one reliable look."""

    here: Mapping[SessionId, RowPane]
    """Those that are there."""
    unknown: tuple[RowPane, ...]
    """Panes that are to be rows and are none yet."""
    ended: tuple[Session, ...]
    """Those whose pane is missing although the server runs on."""
    merged: tuple[Session, ...]
    """Those whose tmux session is shown by other rows, or is the console's alone, by now."""
    stranded: tuple[Session, ...]
    """Those whose server is not this one any more; they may come back."""


class _TmuxSession:
    """One tmux session in the making: its living panes, and the rows that are in it."""

    __slots__ = ("floating", "holders", "lost", "panes")

    def __init__(self) -> None:
        self.panes: list[Pane] = []
        self.holders: list[tuple[Session, Pane]] = []
        """Rows with a pane of their own, and that."""
        self.floating: list[Session] = []
        """Rows that show whichever pane it shows."""
        self.lost: list[Session] = []
        """Rows whose own pane is gone while it goes on."""


def reconcile(
    known: Iterable[Session],
    look: Look,
    agents: Collection[PaneId] = (),
    *,
    young: Collection[PaneId] = (),
    own_pane: PaneId | None = None,
    bound: Mapping[SessionId, PaneId | None] | None = None,
) -> Reconciled:
    """Compare what is known with what is there. tmux's ids mean something only within one run of its server.

    `agents` are the panes in which an agent was found. Where it is `young`, and may be gone in a moment, that makes no
    further row. `own_pane` is the console's, which is no row beside others.
    `bound` are the panes of rows of which another process has the last word.
    """
    bound = bound or {}
    live = [each for each in known if _is_there(each)]
    if isinstance(look, NoServer):
        return Reconciled(here={}, unknown=(), ended=(), merged=(), stranded=tuple(live))
    incarnation = str(look.incarnation)
    present = [each for each in live if each.incarnation == incarnation]
    away = tuple(each for each in live if each.incarnation != incarnation)
    panes = homes(look.panes, {row.pane_id: row.tmux_id for row in present if row.pane_id and row.tmux_id})
    found = _rows(present, panes, agents, young, own_pane, bound)
    if len(panes) < len(look.panes):
        # Where a window belongs that stands in several sessions is said by rows, and some have just taken other panes.
        for _ in range(MOST_ROUNDS):
            shown = (row.pane for row in (*found.here.values(), *found.unknown))
            after = homes(look.panes, {pane.pane_id: pane.tmux_id for pane in shown})
            if after == panes:
                break
            panes, found = after, _rows(present, after, agents, young, own_pane, bound)
    return found._replace(stranded=away)


def reconcile_with_kept(
    known: Iterable[Session],
    kept: Iterable[Session],
    look: Look,
    agents: Collection[PaneId],
    *,
    young: Collection[PaneId],
    own_pane: PaneId | None,
    is_writer: bool,
) -> Reconciled:
    """Compare what we know, and what the store has by now, with what is there.

    The writer has the last word on what it has found; of others it takes over the panes they gave to rows that have
    none of their own, and the rows they made for panes. Who is not the writer takes over all.
    """
    if isinstance(look, NoServer):
        return reconcile(known, look)
    known, incarnation = list(known), str(look.incarnation)
    kept = [row for row in kept if row.incarnation == incarnation and _is_there(row)]
    ours = {row.session_id: row for row in known if _is_there(row)}
    if is_writer:
        living = {pane.pane_id for pane in look.panes if not pane.dead}
        has_own = {key for key, row in ours.items() if row.bound_pane is not None}
        kept = [row for row in kept if row.bound_pane in living and row.session_id not in has_own]
    bound = {row.session_id: row.bound_pane for row in kept}
    late = [row for row in kept if row.bound_pane is not None and row.session_id not in ours]
    agents = {*agents, *filter(None, bound.values())}
    young = {*young} - {*bound.values()}
    found = reconcile([*known, *late], look, agents, young=young, own_pane=own_pane, bound=bound)
    new = [found.here[row.session_id] for row in late if row.session_id in found.here]
    here = {key: row for key, row in found.here.items() if key in ours}
    return found._replace(here=here, unknown=(*found.unknown, *new))


def _is_there(row: Session) -> bool:
    return not row.is_stale and row.state is not SessionState.EXITED


def homes(panes: Collection[Pane], seen: Mapping[PaneId, TmuxSessionId]) -> dict[PaneId, Pane]:
    """Every pane once, in the order of the look.

    A window may stand in several tmux sessions, by a link or in a group: a pane of it belongs to the one in which its
    row was `seen`, else to that of another row in its window, else to the oldest.
    """
    only = {pane.pane_id: pane for pane in panes}
    if len(only) == len(panes):
        return only
    places: dict[PaneId, list[Pane]] = {}
    for pane in panes:
        places.setdefault(pane.pane_id, []).append(pane)
    with_rows = {(pane.window_id, pane.tmux_id) for pane in panes if seen.get(pane.pane_id) == pane.tmux_id}

    def rank(pane: Pane) -> tuple[bool, bool, int]:
        is_beside = (pane.window_id, pane.tmux_id) in with_rows
        return pane.tmux_id != seen.get(pane.pane_id), not is_beside, _number(pane.tmux_id)

    return {pane_id: min(found, key=rank) for pane_id, found in places.items()}


def _rows(
    present: Sequence[Session],
    panes: Mapping[PaneId, Pane],
    agents: Collection[PaneId],
    young: Collection[PaneId],
    own_pane: PaneId | None,
    bound: Mapping[SessionId, PaneId | None],
) -> Reconciled:
    """The rows of this run of the server, when each pane belongs to one tmux session."""
    sessions: defaultdict[TmuxSessionId, _TmuxSession] = defaultdict(_TmuxSession)
    for each in panes.values():
        if not each.dead:
            sessions[each.tmux_id].panes.append(each)
    ended: list[Session] = []
    for row in present:
        pane_id = bound.get(row.session_id, row.bound_pane)
        if pane_id == own_pane:
            # Where its agent was, the console is now.
            pane_id = None
        pane = panes.get(pane_id) if pane_id else None
        if pane is not None and not pane.dead:
            sessions[pane.tmux_id].holders.append((row, pane))
        elif (home := _session_of(row, sessions, panes)) is None:
            ended.append(row)
        else:
            (sessions[home].lost if pane_id else sessions[home].floating).append(row)
    held = {pane.pane_id for session in sessions.values() for _, pane in session.holders}
    new = {pane_id for pane_id in agents if pane_id not in held and pane_id != own_pane}
    here: dict[SessionId, RowPane] = {}
    unknown: list[RowPane] = []
    merged: list[Session] = []
    for session in sessions.values():
        if session.holders and not (new or session.floating or session.lost):
            # Between most looks nobody comes or goes, and there may be many sessions.
            here.update({row.session_id: RowPane(pane, True) for row, pane in session.holders})
            continue
        shown, rest = _rows_of(session, new, young, own_pane)
        unknown += [row_pane for row, row_pane in shown if row is None]
        here.update({row.session_id: row_pane for row, row_pane in shown if row is not None})
        # Their session goes on as the console's alone: they give way before that gets a row.
        is_ours = any(row_pane.pane.pane_id == own_pane for _, row_pane in shown)
        lost = set() if is_ours else {row.session_id for row in session.lost}
        merged += [row for row in rest if row.session_id not in lost]
        ended += [row for row in rest if row.session_id in lost]
    return Reconciled(here, tuple(unknown), tuple(ended), tuple(merged), stranded=())


def panes_beside(panes: Collection[Pane], rows: Iterable[Session], own_pane: PaneId | None) -> list[Pane]:
    """The panes that no live row shows, each once; the console's own is none of them."""
    live = [row for row in rows if not row.is_stale and row.ended_at is None]
    seen = {row.pane_id: row.tmux_id for row in live if row.pane_id is not None and row.tmux_id is not None}
    return [pane for pane_id, pane in homes(panes, seen).items() if pane_id not in {*seen, own_pane}]


def _number(tmux_id: TmuxSessionId) -> int:
    digits = tmux_id.removeprefix("$")
    return int(digits) if digits.isdecimal() else 0


def _session_of(
    row: Session, sessions: Mapping[TmuxSessionId, _TmuxSession], panes: Mapping[PaneId, Pane]
) -> TmuxSessionId | None:
    """The tmux session that a row without a living pane of its own shows; None when it is gone.

    The last of a group may go on with the windows of the one that ended: then the row is where its pane is.
    """
    if row.tmux_id in sessions:
        return row.tmux_id
    pane = panes.get(row.pane_id) if row.pane_id else None
    return pane.tmux_id if pane is not None and pane.tmux_id in sessions else None


def _rows_of(
    session: _TmuxSession, agents: set[PaneId], young: Collection[PaneId], own_pane: PaneId | None
) -> tuple[list[tuple[Session | None, RowPane]], list[Session]]:
    """The rows of one tmux session with their panes, None for a new one; and the rows that it has no pane for.

    `agents` are panes in which one was found and that have no row.
    """
    new = [pane for pane in session.panes if pane.pane_id in agents] if agents else []
    new.sort(key=lambda pane: (pane.pane_id in young, not pane.is_current))
    shown: list[tuple[Session | None, RowPane]] = [(row, RowPane(pane, True)) for row, pane in session.holders]
    # What came from a session that has ended gives way to the row of this one.
    floating = sorted(session.floating, key=lambda row: row.tmux_id != session.panes[0].tmux_id)
    rest = [*floating, *session.lost]
    further: list[tuple[Session | None, RowPane]] = [
        (None, RowPane(pane, True)) for pane in (new if session.holders else new[1:]) if pane.pane_id not in young
    ]
    if session.holders:
        return shown + further, rest
    if new:
        # The row of a tmux session in which nothing was found so far takes the first agent that is.
        first = floating[0] if floating else None
        return [(first, RowPane(new[0], True)), *further], [row for row in rest if row is not first]
    pane = _current(session.panes, own_pane)
    # Where only the console is left, it is not what an agent was.
    may_be = floating if pane.pane_id == own_pane else rest
    row = may_be[0] if may_be else None
    return [(row, RowPane(pane, False))], [each for each in rest if each is not row]


def _current(panes: Sequence[Pane], own_pane: PaneId | None) -> Pane:
    """The pane that a tmux session shows; beside the console it is another one."""
    others = [pane for pane in panes if pane.pane_id != own_pane] or panes
    return max(others, key=lambda pane: (pane.window_active, pane.pane_active))
