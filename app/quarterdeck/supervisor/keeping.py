"""One of all the consoles and commands keeps the rows at a time; the others follow what it writes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from quarterdeck.core.events import DeleteMode, Event, SessionChanged, SessionDeleted, SessionForgotten, SessionStale
from quarterdeck.core.session import ExitReason, SessionState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.session import Session
    from quarterdeck.ports.store import Store

INTERVAL = 0.4
"""Others' changes are seen this often, so that everybody agrees well within a second."""


class Lease(Protocol):
    """A right that one process has at a time, and that ends with it."""

    def try_take(self) -> bool:
        """Take it, unless another process has it; True when it is ours."""

    def release(self) -> None:
        """Give it back."""


class Keeping:
    """Takes the lease when it is free, and carries other processes' changes into the fleet."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self.is_keeper = False

    def try_to_keep(self) -> bool:
        """Become the keeper if nobody is; True when we are."""
        if not self.is_keeper:
            self.is_keeper = self._lease.try_take()
        return self.is_keeper

    async def changes(self, store: Store) -> AsyncIterator[bool]:
        """Come back each time another process wrote, or with True when the rows became ours to keep.

        Once at the start, too: whoever failed at the last change begins anew here.
        """
        may_have_changed = True
        while True:
            took_over = not self.is_keeper and self.try_to_keep()
            if took_over or may_have_changed or await store.changed_elsewhere():
                yield took_over
            may_have_changed = False
            await asyncio.sleep(INTERVAL)

    def release(self) -> None:
        """Let another process keep the rows."""
        if self.is_keeper:
            self._lease.release()
            self.is_keeper = False


def followed(ours: Session, kept: Session) -> Session:
    """Our row with what the keeper derived; what a look shows plainly stays as we see it ourselves."""
    return replace(
        kept,
        tmux_name=ours.tmux_name,
        tmux_id=ours.tmux_id,
        incarnation=ours.incarnation,
        pane_id=ours.pane_id,
        pid=ours.pid,
        cwd=ours.cwd,
        current_command=ours.current_command,
        title=ours.title,
        attached_clients=ours.attached_clients,
        transport_health=ours.transport_health,
        created_at=ours.created_at,
    )


def changes_elsewhere(fleet: Fleet, kept: Mapping[SessionId, Session], *, follow: bool, now: datetime) -> list[Event]:
    """What other processes did to our rows: ended, forgot or dismissed them, or (as the keeper) derived their state."""
    events: list[Event] = []
    for session_id, ours in fleet.sessions.items():
        row = kept.get(session_id)
        if ours.is_stale:
            if row is None or not row.is_stale:
                events.append(SessionForgotten(session_id=session_id, at=now))
        elif row is None:
            events.append(
                SessionDeleted(
                    session=ours,
                    reason=ExitReason.API_DELETE,
                    mode=DeleteMode.DETACH_BRIDGE,
                    tmux_session_alive=True,
                    at=now,
                )
            )
        elif follow and not row.is_stale and row.state is not SessionState.EXITED:
            after = followed(ours, row)
            if after != ours:
                events.append(SessionChanged(before=ours, after=after, at=now))
        elif row.work != ours.work:
            events.append(SessionChanged(before=ours, after=replace(ours, work=row.work), at=now))
    events += [
        SessionStale(session=row, at=now)
        for session_id, row in kept.items()
        if row.is_stale and session_id not in fleet.sessions
    ]
    return events
