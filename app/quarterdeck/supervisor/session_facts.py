"""A session as one look shows it: the plain facts of its pane on what was known before. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quarterdeck.core import discovery
from quarterdeck.core.fleet import Fleet
from quarterdeck.core.ids import SessionId
from quarterdeck.core.pane import Snapshot
from quarterdeck.core.rest import fallback_rest_state
from quarterdeck.core.session import (
    Confidence,
    Evidence,
    ExitReason,
    RestState,
    Session,
    SessionState,
    Source,
    TransportHealth,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quarterdeck.core.ids import TmuxSessionId
    from quarterdeck.core.pane import Client, Look, Pane

UNNAMED = "new "
"""What the id of a session begins with that has none yet; tmux's own id follows."""


def attached(clients: Iterable[Client]) -> dict[TmuxSessionId, int]:
    """How many real clients look at each session."""
    counts: dict[TmuxSessionId, int] = {}
    for client in clients:
        counts[client.tmux_id] = counts.get(client.tmux_id, 0) + 1
    return counts


def seen(session: Session, pane: Pane, clients: int, incarnation: str, now: datetime) -> Session:
    """The session with the plain facts of this look; nothing is derived from them here.

    What is known of its state is known of one pane and the program in it: for another it starts over.
    """
    is_other = session.pane_id not in {None, pane.pane_id} or session.pid not in {0, pane.pid}
    return replace(
        _with_nothing_known(session, now) if is_other else session,
        tmux_name=pane.session_name,
        tmux_id=pane.tmux_id,
        incarnation=incarnation,
        pane_id=pane.pane_id,
        pid=pane.pid,
        cwd=pane.path or session.cwd,
        current_command=pane.command or None,
        title=pane.title,
        attached_clients=clients,
        created_at=datetime.fromtimestamp(pane.session_created, UTC),
        is_stale=False,
        transport_health=TransportHealth.HEALTHY,
        exit_reason=None,
        exit_status=None,
        ended_at=None,
    )


def shows_as(session: Session, pane: Pane, clients: int, incarnation: str) -> bool:
    """Whether `seen` would say nothing new: most of a fleet has not changed between two looks."""
    return (
        session.pane_id == pane.pane_id
        and session.pid == pane.pid
        and session.tmux_name == pane.session_name
        and session.tmux_id == pane.tmux_id
        and session.title == pane.title
        and session.current_command == (pane.command or None)
        and (not pane.path or session.cwd == pane.path)
        and session.attached_clients == clients
        and session.incarnation == incarnation
        and not session.is_stale
        and session.transport_health is TransportHealth.HEALTHY
        and session.exit_reason is None
        and session.exit_status is None
        and session.ended_at is None
        and session.created_at is not None
        and session.created_at.timestamp() == pane.session_created
    )


def placeholder(session_id: SessionId, server: str, now: datetime) -> Session:
    """A session nothing is known of yet."""
    return Session(
        session_id=session_id,
        tmux_name="",
        tmux_server=server,
        state_evidence=Evidence(cause="supervisor_placeholder", observed_at=now),
        rest_state=RestState.DROWSY,
        last_activity_at=now,
    )


def revived(session: Session, now: datetime) -> Session:
    """A kept identity whose tmux session is there (again): its history stays, its state starts over."""
    if not session.is_stale and session.state is not SessionState.EXITED:
        evidence = session.state_evidence
        if evidence.source is Source.RESTORED:
            return session
        return replace(session, state_evidence=replace(evidence, source=Source.RESTORED))
    return _with_nothing_known(session, now)


def _with_nothing_known(session: Session, now: datetime) -> Session:
    return replace(
        session,
        state=SessionState.IDLE,
        state_evidence=Evidence(cause="initial_state", observed_at=now, source=Source.RESTORED),
        rest_state=fallback_rest_state(SessionState.IDLE, session.thought_state),
        needs=None,
        asks=None,
    )


def gone(session: Session, reason: ExitReason, now: datetime, status: int | None = None) -> Session:
    """The session as it is shown once it has ended."""
    return replace(
        session,
        state=SessionState.EXITED,
        state_evidence=Evidence(cause=reason.value, confidence=Confidence.HIGH, observed_at=now, source=Source.PROCESS),
        current_command=None,
        needs=None,
        asks=None,
        rest_state=RestState.DEEP_SLEEP,
        attached_clients=0,
        transport_health=TransportHealth.DISCONNECTED,
        exit_reason=reason,
        exit_status=status,
        ended_at=now,
    )


def put_away(session: Session, reason: ExitReason, now: datetime) -> Session:
    """The session as it is kept while its tmux server is away."""
    evidence = Evidence(cause=reason.value, confidence=Confidence.LOW, observed_at=now, source=Source.RESTORED)
    return replace(gone(session, reason, now), is_stale=True, state_evidence=evidence, ended_at=None)


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
    is_same = shows_as(session, pane, clients, incarnation)
    return session if is_same else seen(session, pane, clients, incarnation, now)
