"""One of all the consoles and commands writes the rows at a time; the others follow what it writes."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from quarterdeck.core.events import DeleteMode, Event, SessionChanged, SessionDeleted, SessionForgotten, SessionStale
from quarterdeck.core.session import ExitReason, SessionState
from quarterdeck.process import is_stopped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from datetime import datetime

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.store import Store
    from quarterdeck.supervisor.file_watcher import WatchedFiles

logger = logging.getLogger(__name__)

OTHERS_EVERY_SECONDS = 0.4
"""Where nothing tells of them, others' changes are looked for this often: everybody agrees well within a second."""
RETRY_GAP_SECONDS = 0.1
"""A change is often one of several, and a lease is free a moment after its holder let go of the file."""
STOPPED_FOR = 3.0
"""Seconds for which a writer that is stopped (by Ctrl-Z, say) keeps its right."""


class WriterLease(Protocol):
    """A right that one process has at a time, and that ends with it."""

    def try_take(self) -> bool:
        """Take it, unless another process has it; True when it is ours."""

    def holder(self) -> int | None:
        """The process that has it."""

    def take_over(self) -> bool:
        """Take it from a process that is stopped; False when it cannot be done."""

    def close(self) -> None:
        """Give it back, and wait for it no more."""


class RowWriter:
    """Takes the lease when it is free, and carries other processes' changes into the fleet."""

    def __init__(self, lease: WriterLease, watched: Callable[[], WatchedFiles], clock: Clock) -> None:
        self._lease = lease
        self._watched = watched
        """What tells when another process writes to the store, or lets go of the lease."""
        self._clock = clock
        self._is_writer = False
        self._stopped: tuple[int, float] | None = None
        """A writer that is stopped, and since when we know."""

    @property
    def is_writer(self) -> bool:
        """Whether the rows are ours to keep. Looked at anew each time: who was stopped may have lost them meanwhile."""
        self._is_writer = self._is_writer and self._lease.try_take()
        return self._is_writer

    def try_to_keep(self) -> bool:
        """Become the writer if nobody is; True when we are."""
        self._is_writer = self._lease.try_take()
        return self._is_writer

    async def changes(self, store: Store) -> AsyncIterator[bool]:
        """Answers each time another process wrote, and with True when the rows became ours to keep.

        Once at the start, too: whoever failed at the last change begins anew here.
        """
        from quarterdeck.supervisor.file_watcher import REST

        watched = self._watched()
        at_start = True
        while True:
            took_over = not self.is_writer and (self.try_to_keep() or self._replace_stopped())
            has_changed = await store.changed_elsewhere()
            if has_changed:
                watched.note_change()
            if took_over or at_start or has_changed:
                yield took_over
            at_start = False
            await watched.wait(OTHERS_EVERY_SECONDS, REST if self._stopped is None else STOPPED_FOR)
            await asyncio.sleep(RETRY_GAP_SECONDS)

    def _replace_stopped(self) -> bool:
        """Write the rows in place of a writer that has been stopped for a while."""
        holder = self._lease.holder()
        now = self._clock.monotonic()
        if not holder or not is_stopped(holder):
            self._stopped = None
        elif self._stopped is None or self._stopped[0] != holder:
            self._stopped = holder, now
        elif now - self._stopped[1] >= STOPPED_FOR and self._lease.take_over():
            logger.warning("process %d, which kept the rows, is stopped; they are kept by this one now", holder)
            self._stopped, self._is_writer = None, True
            return True
        return False

    def release(self) -> None:
        """Let another process keep the rows."""
        self._is_writer = False
        self._lease.close()


def are_elsewhere(fleet: Fleet, kept: Mapping[SessionId, Session]) -> bool:
    """Whether the writer has rows, or panes of rows, that only another look here will show."""
    here = (row for row in kept.values() if row.incarnation == fleet.incarnation and not row.is_stale)
    return any(
        (ours := fleet.sessions.get(row.session_id)) is None or ours.bound_pane != row.bound_pane
        for row in here
        if row.ended_at is None
    )


Followed = dict["SessionId", tuple["Session", "Session"]]
"""Our rows, and the kept ones that they follow: while both are the same, following once more would change nothing."""


def changes_elsewhere(
    fleet: Fleet,
    kept: Mapping[SessionId, Session],
    followed: Followed,
    *,
    follow: Callable[[Session, Session], Session] | None,
    now: datetime,
) -> list[Event]:
    """What other processes did to our rows: ended, forgot or dismissed them, or (as the writer) derived their state.

    `follow` puts what is kept onto our row; None while we keep the rows ourselves.
    """
    events: list[Event] = []
    for session_id, ours in fleet.sessions.items():
        row = kept.get(session_id)
        is_live = row is not None and not row.is_stale and row.state is not SessionState.EXITED
        if ours.is_stale:
            # The writer may only not have written yet what we have seen: that the row's tmux server is gone.
            is_behind = row and is_live and (row.incarnation, row.tmux_id) == (ours.incarnation, ours.tmux_id)
            if not (is_behind or (row and row.is_stale)):
                events.append(SessionForgotten(session_id=session_id, at=now))
        elif row is None:
            how, mode = ExitReason.API_DELETE, DeleteMode.DETACH_BRIDGE
            events.append(SessionDeleted(session=ours, reason=how, mode=mode, tmux_session_alive=True, at=now))
        elif row.ended_at is not None:
            # What stands in its place by now, if anything does, is another.
            events.append(SessionDeleted(session=row, reason=row.exit_reason or ExitReason.PROCESS_EXIT, at=now))
        elif follow is not None and is_live:
            known = followed.get(session_id)
            if known is not None and known[0] is ours and known[1] is row:
                continue
            after = follow(ours, row)
            if after is not ours:
                events.append(SessionChanged(before=ours, after=after, at=now))
            followed[session_id] = after, row
    events += [
        SessionStale(session=row, at=now)
        for session_id, row in kept.items()
        if row.is_stale and session_id not in fleet.sessions
    ]
    return events
