"""What can be shown after one look, before anything has been derived from it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core import discovery
from quarterdeck.core.fleet import Fleet
from quarterdeck.core.pane import Snapshot
from quarterdeck.core.projection import KnownFacts, Seen, project, shows_as
from quarterdeck.core.session import ExitReason, SessionId
from quarterdeck.core.session_ends import placeholder, put_away, revived

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from quarterdeck.core.pane import Client, Look, Pane, TmuxSessionId
    from quarterdeck.core.session import Session

UNNAMED = "new "
"""What the id of a session begins with that has none yet; tmux's own id follows."""


def attached(clients: Iterable[Client]) -> dict[TmuxSessionId, int]:
    """How many real clients look at each session."""
    counts: dict[TmuxSessionId, int] = {}
    for client in clients:
        counts[client.tmux_id] = counts.get(client.tmux_id, 0) + 1
    return counts


def first_fleet(kept: Iterable[Session], look: Look, server: str, now: datetime) -> Fleet:
    """What can be shown before anything has been derived: whoever tmux lists, as they were last known, and the stale.

    What is stale and there again by its name is shown once, as what tmux lists.
    """
    found = discovery.reconcile(known := list(kept), look)
    stale = [session for session in known if session.is_stale]
    stale += [put_away(session, ExitReason.STARTUP_MISSING_TMUX, now) for session in found.stranded]
    if not isinstance(look, Snapshot):
        return Fleet(sessions={session.session_id: session for session in stale}, last_good_look=now)
    incarnation, clients = str(look.incarnation), attached(look.clients)
    by_id = {session.session_id: session for session in known}
    rows = [(revived(by_id[session_id], now), pane) for session_id, pane in found.here.items()]
    rows += [(placeholder(SessionId(f"{UNNAMED}{pane.tmux_id}"), server, now), pane) for pane in found.unknown]
    sessions = [_seen(session, pane, clients.get(pane.tmux_id, 0), incarnation, now) for session, pane in rows]
    back = {pane.session_name for pane in found.unknown}
    sessions += [session for session in stale if session.tmux_name not in back]
    return Fleet(
        sessions={session.session_id: session for session in sessions},
        incarnation=incarnation,
        last_good_look=now,
    )


def _seen(session: Session, pane: Pane, clients: int, incarnation: str, now: datetime) -> Session:
    if shows_as(session, pane, clients, incarnation):
        return session
    return project(session, KnownFacts(seen=Seen(pane=pane, clients=clients, incarnation=incarnation)), now)
