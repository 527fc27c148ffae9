"""The row of a session that begins, ends, waits for its tmux server, comes back, or is in our own hands. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.process_tree import SHELLS, WRAPPER
from quarterdeck.core.projection import with_nothing_known
from quarterdeck.core.session import (
    Confidence,
    Evidence,
    RestState,
    Session,
    SessionId,
    SessionState,
    Source,
    TransportHealth,
)
from quarterdeck.values import replace

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.session import ExitReason
    from quarterdeck.core.work import Work


STAYING = SHELLS - {WRAPPER}
"""Shells that stay when an agent ends."""


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
    if session.is_stale or session.state is SessionState.EXITED:
        return with_nothing_known(session, now)
    evidence = session.state_evidence
    if evidence.source is Source.RESTORED:
        return session
    return replace(session, state_evidence=replace(evidence, source=Source.RESTORED))


def gone(session: Session, reason: ExitReason, now: datetime, status: int | None = None) -> Session:
    """The session as it is shown once it has ended."""
    return replace(
        _without_life(session),
        state_evidence=Evidence(cause=reason.value, confidence=Confidence.HIGH, observed_at=now, source=Source.PROCESS),
        exit_reason=reason,
        exit_status=status,
        ended_at=now,
    )


def put_away(session: Session, reason: ExitReason, now: datetime) -> Session:
    """The session as it is kept while its tmux server is away."""
    evidence = Evidence(cause=reason.value, confidence=Confidence.LOW, observed_at=now, source=Source.RESTORED)
    return replace(gone(session, reason, now), is_stale=True, state_evidence=evidence, ended_at=None)


def over(session: Session, reason: ExitReason, at: datetime) -> Session:
    """A session that is written down as ended, with all that was last known of it."""
    return replace(session, state=SessionState.EXITED, is_stale=False, exit_reason=reason, ended_at=at)


def waiting_for_server(session: Session) -> Session:
    """A session that is written down as one whose tmux server is away."""
    return session if session.is_stale else replace(session, is_stale=True)


def as_live(session: Session) -> Session:
    """A row that the store has as live, whatever was last saved of it."""
    if not session.is_stale and session.state is not SessionState.EXITED:
        return session
    return replace(
        session,
        state=SessionState.IDLE,
        is_stale=False,
        transport_health=TransportHealth.HEALTHY,
        exit_reason=None,
        exit_status=None,
        ended_at=None,
    )


def as_stale(session: Session) -> Session:
    """A row that the store has as stale, whatever was last saved of it."""
    return replace(_without_life(session), is_stale=True, ended_at=None)


def as_ended(session: Session, at: datetime) -> Session:
    """A row that the store has as ended, at this time where none was saved."""
    return replace(_without_life(session), is_stale=False, ended_at=session.ended_at or at)


def _without_life(session: Session) -> Session:
    return replace(
        session,
        state=SessionState.EXITED,
        needs=None,
        asks=None,
        rest_state=RestState.DEEP_SLEEP,
        current_command=None,
        runs_agent=False,
        subagents=(),
        limited_until=None,
        attached_clients=0,
        transport_health=TransportHealth.DISCONNECTED,
    )


def has_left(session: Session) -> bool:
    """Whether the agent has ended, and its shell shows a prompt."""
    evidence = session.state_evidence
    return (
        session.tool is not None
        and session.state is not SessionState.BUSY
        and session.current_command in STAYING
        and (evidence.source is Source.SILENCE or evidence.cause == "fallback_prompt_detected")
    )


def unanswered(session: Session, health: TransportHealth) -> Session:
    """A live row while tmux does not answer."""
    return session if session.is_stale else replace(session, transport_health=health)


def without_id(session: Session) -> Session:
    """A session whose id could not be kept, so that it must not be told: the next look gives it another one."""
    return replace(session, session_id=SessionId(""))


def with_identity(session: Session, session_id: SessionId, name: str, work: Work) -> Session:
    """The row of a worker that has been given its identity."""
    return replace(session, session_id=session_id, tmux_name=name, work=work)


def in_our_hands(session: Session, what: str, said: str, now: datetime) -> Session:
    """A row while an operation of this console works on the session, with the last that the operation said."""
    return replace(
        session,
        state=SessionState.BUSY,
        state_evidence=Evidence(
            cause="under_way", confidence=Confidence.HIGH, observed_at=now, source=Source.PROCESS, detail=what
        ),
        needs=None,
        asks=None,
        is_stale=False,
        exit_reason=None,
        ended_at=None,
        rest_state=RestState.ACTIVE,
        transport_health=TransportHealth.HEALTHY,
        thought=f"{what}: {said}" if said else f"{what} …",
        last_activity_at=now,
    )
