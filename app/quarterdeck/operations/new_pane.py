"""A pane that is made in a tmux session which is there: where it stands, and which row it is."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.place_match import seen_place
from quarterdeck.errors import Refused, StoreError
from quarterdeck.ports.mux import NewPane

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from quarterdeck.core.pane import Pane, Snapshot, TmuxSessionId
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.ports.store import Store

UNKEPT = "No session was made, since its identity could not be saved"
WIDE_ENOUGH = 2 * 80 + 1
"""Columns with which two panes stand side by side."""


def home_of(rows: Iterable[Session], session: Session) -> Session | None:
    """A live row of the tmux session that a row which is over was in, or that has its name by now."""
    live = [row for row in rows if not row.is_stale and row.ended_at is None and row.tmux_id is not None]
    here = (session.incarnation, session.tmux_id)
    itself = [row for row in live if (row.incarnation, row.tmux_id) == here]
    # The only row of a session that has ended says nothing of another session of that name; without an id it went on.
    may_be_named = session.is_stale or session.rows_in_session > 1 or session.tmux_id is None
    named = [row for row in live if may_be_named and row.tmux_name == session.tmux_name]
    return next(iter(itself or named), None)


def split_of(row: Session, panes: Sequence[Pane]) -> NewPane:
    """A pane that shares the window of a row, with no program yet."""
    assert row.tmux_id is not None
    shared = next((pane for pane in panes if pane.pane_id == row.pane_id), panes[0])
    goes_right = shared.width >= WIDE_ENOUGH
    return NewPane(tmux_id=row.tmux_id, beside=shared.pane_id, goes_right=goes_right, cwd=Path())


def window_beside(row: Session, panes: Sequence[Pane], name: str | None, index: int | None) -> NewPane:
    """A window in the session of a row, with no program yet; at this index, or the next that is free."""
    assert row.tmux_id is not None
    if index is not None:
        taken = {pane.window_index for pane in panes}
        index = next(free for free in count(index) if free not in taken)
    return NewPane(tmux_id=row.tmux_id, window_index=index, window_name=name or None, cwd=Path())


async def identity_of_new(
    context: SessionContext, pane: Pane, session_id: SessionId | None, *, has_agent: bool
) -> SessionId:
    """The identity of a pane that was just made, on disk: this one, or whichever is its due."""
    supervisor, store = context.supervisor, context.store
    assert supervisor.snapshot is not None
    rows = supervisor.fleet.sessions.values()
    await hold_shown(store, supervisor.server, supervisor.snapshot, rows, pane.tmux_id, keeps_shells=not has_agent)
    incarnation = str(supervisor.snapshot.incarnation)
    place = seen_place(pane, is_bound=True, is_first=False)
    if session_id is not None:
        return (await store.adopt(supervisor.server, incarnation, place, session_id, is_restored=True)).session_id
    found = (await store.claim(supervisor.server, incarnation, [place])).get(place.key)
    if found is None:
        raise Refused(f"A pane was made in {pane.session_name}, and could not be given an identity.")
    if found.session_id in store.health().unkept:
        raise StoreError(f"{UNKEPT}: {store.health().error}", hint="Try again when the state can be written.")
    return found.session_id


async def hold_shown(
    store: Store,
    server: str,
    look: Snapshot,
    rows: Iterable[Session],
    tmux_id: TmuxSessionId,
    *,
    keeps_shells: bool = False,
) -> None:
    """Give the row that shows whichever pane its tmux session shows that pane for good: now there is another.

    A mere shell gives its row to the first agent of its session, as ever; beside another shell it keeps it.
    """
    panes = {pane.pane_id: pane for pane in look.panes if pane.tmux_id == tmux_id and not pane.dead}
    shown = next((pane for pane in panes.values() if pane.is_current), None)
    held = [
        seen_place(pane, is_bound=True, is_first=False)
        for row in rows
        if row.tmux_id == tmux_id and row.bound_pane is None and not row.is_stale and row.ended_at is None
        if keeps_shells or row.tool is not None or row.work is not None
        if (pane := panes.get(row.pane_id) if row.pane_id else shown) is not None
    ]
    if held:
        await store.claim(server, str(look.incarnation), held)
