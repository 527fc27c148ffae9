"""Who needs the operator, and how much: the order of the table."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from quarterdeck.core.session import (
    ASKING,
    ActionCueKind,
    Confidence,
    Need,
    RestState,
    RowKind,
    SessionState,
    ThoughtState,
    TransportHealth,
)

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.session import Session


class UrgencyTier(IntEnum):
    """Where in the table a row stands, first to last."""

    ASKS = 0
    """Somebody must answer before it goes on."""
    LIMITED = 1
    """It stands still until its agent's usage limit ends."""
    FAILED = 2
    WANTS_A_LOOK = 3
    LIVE = 4
    GONE = 5
    """Stale or exited."""


CUE_WEIGHT = {
    ActionCueKind.AWAITING_USER: 55,
    ActionCueKind.COMMIT_READY: 45,
    ActionCueKind.VALIDATION_MISSING_AFTER_EDIT: 40,
    ActionCueKind.DIRTY_CHECK_MISSING: 35,
}
STATE_WEIGHT = {SessionState.ATTENTION: 45, SessionState.ERROR: 55, SessionState.BUSY: 12}
NEED_WEIGHT = 70
"""What a question adds; the weight of an error and of a finished turn is in the state already."""
REST_WEIGHT = {RestState.SLEEPING: 35, RestState.DEEP_SLEEP: 20}
IDLE_AGENT_WEIGHT = 35
COMMIT_CANDIDATE_WEIGHT = 25
UNTRUSTED_WEIGHT = 15
STALE_WEIGHT = 10
TRANSPORT_WEIGHT = 20

_DIGITS = re.compile(r"(\d+)")


def asks(session: Session) -> bool:
    """Whether somebody must answer before the session goes on. A reminder may be old, and says no such thing."""
    return session.needs in ASKING


def waits(session: Session) -> bool:
    """Whether the session waits in any way: it asks, failed, is done and unseen, or calls for attention."""
    return session.state is not SessionState.EXITED and (
        session.needs is not None or session.state is SessionState.ATTENTION
    )


def needs_attention(session: Session) -> bool:
    """Whether the session belongs in the inbox."""
    return session.state is not SessionState.EXITED and (
        waits(session) or has_failed(session) or session.commit_candidate or bool(session.action_cues)
    )


def has_failed(session: Session) -> bool:
    """Whether the session reports an error."""
    return session.state is SessionState.ERROR or session.needs is Need.ERROR


def is_idle_agent(session: Session) -> bool:
    """Whether an agent stands there with nothing to do."""
    return (
        session.state is SessionState.IDLE and session.runs_agent and session.thought_state is not ThoughtState.ACTIVE
    )


def is_degraded(session: Session) -> bool:
    """Whether we do not see the session well."""
    return session.is_stale or session.transport_health is not TransportHealth.HEALTHY


def tier(session: Session) -> UrgencyTier:
    """Where in the table a session stands."""
    if session.is_stale or session.state is SessionState.EXITED:
        return UrgencyTier.GONE
    if asks(session):
        return UrgencyTier.ASKS
    if session.is_limited:
        return UrgencyTier.LIMITED
    if has_failed(session):
        return UrgencyTier.FAILED
    return UrgencyTier.WANTS_A_LOOK if needs_attention(session) else UrgencyTier.LIVE


SortKey = tuple[int, int, int, int, float, tuple[tuple[int, int, str], ...], tuple[int, int], str]


def sort_key(session: Session) -> SortKey:
    """The order of the table: who needs the operator most, then who waits longest; rows that need nobody by place.

    What changes with every line of output is left out, so that working rows keep their places.
    """
    place = tier(session)
    name, pane = natural_key(session.tmux_name), (session.window_index, session.pane_index)
    if place in {UrgencyTier.LIVE, UrgencyTier.GONE}:
        return (place, session.kind is RowKind.DETACHED, 0, 0, 0.0, name, pane, session.session_id)
    if place is UrgencyTier.LIMITED and session.limited_until is not None:
        # Who goes on first comes first.
        return (place, 0, 0, 0, session.limited_until.timestamp(), name, pane, session.session_id)
    score, rank = pressure(session)
    since = waiting_since(session).timestamp()
    return (place, is_degraded(session), -score, -rank, since, name, pane, session.session_id)


def waiting_since(session: Session) -> datetime:
    """Since when a session waits, as far as we know."""
    if session.asks is not None:
        return session.asks.since
    return session.state_evidence.observed_at or session.last_activity_at


@lru_cache(maxsize=4096)
def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts names as people count: `2` before `10`."""
    parts = _DIGITS.split(name.casefold())
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part)


def pressure(session: Session) -> tuple[int, int]:
    """How much a session presses, from 1 to 99, and how strong the strongest reason is."""
    cues = {cue.kind for cue in session.action_cues}
    evidence = session.state_evidence
    is_unsure = evidence.observed_at is None or evidence.confidence is not Confidence.HIGH
    # An error is told by the state, the need or both, and counts once.
    state = STATE_WEIGHT[SessionState.ERROR] if has_failed(session) else STATE_WEIGHT.get(session.state, 0)
    score = (
        sum(CUE_WEIGHT[kind] for kind in cues)
        + NEED_WEIGHT * asks(session)
        + state
        + REST_WEIGHT.get(session.rest_state, 0)
        + IDLE_AGENT_WEIGHT * (is_idle_agent(session) or session.needs is Need.FINISHED)
        + COMMIT_CANDIDATE_WEIGHT * session.commit_candidate
        + UNTRUSTED_WEIGHT * is_unsure
        + STALE_WEIGHT * session.is_stale
        + TRANSPORT_WEIGHT * (session.transport_health is not TransportHealth.HEALTHY)
    )
    # The first that holds counts.
    ranks = (
        (session.needs is Need.PERMISSION, 7),
        (session.needs is Need.QUESTION, 6),
        (ActionCueKind.AWAITING_USER in cues, 5),
        (ActionCueKind.COMMIT_READY in cues or session.commit_candidate, 4),
        (bool(cues) or session.needs is Need.FINISHED, 3),
        (has_failed(session), 2),
        (session.state is SessionState.ATTENTION or is_idle_agent(session), 3),
        (session.rest_state in REST_WEIGHT or is_degraded(session) or is_unsure, 1),
    )
    return min(99, max(1, score)), next((rank for holds, rank in ranks if holds), 0)
