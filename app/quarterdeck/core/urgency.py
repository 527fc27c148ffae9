"""Who needs the operator, how much, and why: the order of the table and the colour of its markers."""

from __future__ import annotations

import re
from enum import IntEnum, StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.session import (
    ASKING,
    ActionCueKind,
    Confidence,
    Need,
    RestState,
    SessionState,
    ThoughtState,
    TransportHealth,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.session import Session


class Tone(StrEnum):
    """How loudly a row calls."""

    CALM = "calm"
    WARNING = "warning"
    DANGER = "danger"


class UrgencyTier(IntEnum):
    """Where in the table a row stands, first to last."""

    ASKS = 0
    """Somebody must answer before it goes on."""
    FAILED = 1
    WANTS_A_LOOK = 2
    LIVE = 3
    GONE = 4
    """Stale or exited."""


class Reason(StrEnum):
    """The strongest reason why a session is where it is."""

    PERMISSION = "permission"
    QUESTION = "question"
    AWAITING_USER = "awaiting_user"
    COMMIT_READY = "commit_ready"
    VALIDATION_MISSING = "validation_missing"
    DIRTY_CHECK_MISSING = "dirty_check_missing"
    FINISHED = "finished"
    NEEDS_INPUT = "needs_input"
    ERROR = "error"
    SLEEPING = "sleeping"
    UNTRUSTED = "untrusted"
    STALE = "stale"
    TRANSPORT = "transport"
    BUSY = "busy"
    IDLE = "idle"


REASON_RANK: Mapping[Reason, int] = MappingProxyType(
    {
        Reason.PERMISSION: 7,
        Reason.QUESTION: 6,
        Reason.AWAITING_USER: 5,
        Reason.COMMIT_READY: 4,
        Reason.VALIDATION_MISSING: 3,
        Reason.DIRTY_CHECK_MISSING: 3,
        Reason.FINISHED: 3,
        Reason.NEEDS_INPUT: 3,
        Reason.ERROR: 2,
        Reason.SLEEPING: 1,
        Reason.UNTRUSTED: 1,
        Reason.STALE: 1,
        Reason.TRANSPORT: 1,
        Reason.BUSY: 0,
        Reason.IDLE: 0,
    }
)

CUE_WEIGHT: Mapping[ActionCueKind, int] = MappingProxyType(
    {
        ActionCueKind.AWAITING_USER: 55,
        ActionCueKind.COMMIT_READY: 45,
        ActionCueKind.VALIDATION_MISSING_AFTER_EDIT: 40,
        ActionCueKind.DIRTY_CHECK_MISSING: 35,
    }
)
STATE_WEIGHT: Mapping[SessionState, int] = MappingProxyType(
    {SessionState.ATTENTION: 45, SessionState.ERROR: 55, SessionState.BUSY: 12}
)
NEED_WEIGHT: Mapping[Need, int] = MappingProxyType({Need.PERMISSION: 70, Need.QUESTION: 70})
"""What a need adds; the weight of an error and of a finished turn is in the state already."""
REST_WEIGHT: Mapping[RestState, int] = MappingProxyType({RestState.SLEEPING: 35, RestState.DEEP_SLEEP: 20})
IDLE_AGENT_WEIGHT = 35
COMMIT_CANDIDATE_WEIGHT = 25
UNTRUSTED_WEIGHT = 15
STALE_WEIGHT = 10
TRANSPORT_WEIGHT = 20

_DIGITS = re.compile(r"(\d+)")


class Pressure(NamedTuple):
    """How much a session presses on the operator."""

    score: int
    """1 to 99."""
    reason: Reason
    tone: Tone
    wants_input: bool
    """Whether something typed there would be taken up."""

    @property
    def rank(self) -> int:
        """How strong the reason is."""
        return REASON_RANK[self.reason]


def pressure(session: Session) -> Pressure:
    """How much a session presses, and why."""
    score = min(99, max(1, _score(session)))
    loud = bool(session.action_cues) or has_failed(session) or asks(session) or score >= 70
    tone = Tone.DANGER if loud else Tone.WARNING if score >= 35 else Tone.CALM
    return Pressure(score=score, reason=_reason(session), tone=tone, wants_input=wants_input(session))


def asks(session: Session) -> bool:
    """Whether somebody must answer before the session goes on. A reminder may be old, and says no such thing."""
    return session.needs in ASKING


def waits(session: Session) -> bool:
    """Whether the session waits in any way: it asks, failed, is done and unseen, or calls for attention."""
    return session.state is not SessionState.EXITED and (
        session.needs is not None or asks(session) or session.state is SessionState.ATTENTION
    )


def needs_attention(session: Session) -> bool:
    """Whether the session belongs in the inbox."""
    return session.state is not SessionState.EXITED and (
        waits(session) or has_failed(session) or session.commit_candidate or bool(session.action_cues)
    )


def has_failed(session: Session) -> bool:
    """Whether the session reports an error."""
    return session.state is SessionState.ERROR or session.needs is Need.ERROR


def wants_input(session: Session) -> bool:
    """Whether something typed there would be taken up."""
    return (
        asks(session)
        or ActionCueKind.AWAITING_USER in _cues(session)
        or session.rest_state is RestState.SLEEPING
        or session.state is SessionState.ATTENTION
        or is_idle_agent(session)
    )


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
    if has_failed(session):
        return UrgencyTier.FAILED
    return UrgencyTier.WANTS_A_LOOK if needs_attention(session) else UrgencyTier.LIVE


SortKey = tuple[int, int, int, int, float, tuple[tuple[int, int, str], ...], str]


def sort_key(session: Session) -> SortKey:
    """The order of the table: who needs the operator most, then who waits longest; rows that need nobody by name.

    What changes with every line of output is left out, so that working rows keep their places.
    """
    place = tier(session)
    name = natural_key(session.tmux_name)
    if place in {UrgencyTier.LIVE, UrgencyTier.GONE}:
        return (place, 0, 0, 0, 0.0, name, session.session_id)
    felt = pressure(session)
    since = waiting_since(session).timestamp()
    return (place, is_degraded(session), -felt.score, -felt.rank, since, name, session.session_id)


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


def _cues(session: Session) -> set[ActionCueKind]:
    return {cue.kind for cue in session.action_cues}


def _is_untrusted(session: Session) -> bool:
    evidence = session.state_evidence
    return evidence.observed_at is None or evidence.confidence is not Confidence.HIGH


def _score(session: Session) -> int:
    state = max(STATE_WEIGHT.get(session.state, 0), STATE_WEIGHT[SessionState.ERROR] * (session.needs is Need.ERROR))
    idle_agent = is_idle_agent(session) or session.needs is Need.FINISHED
    return (
        sum(CUE_WEIGHT[kind] for kind in _cues(session))
        + (NEED_WEIGHT.get(session.needs, 0) if session.needs else 0)
        + state
        + REST_WEIGHT.get(session.rest_state, 0)
        + IDLE_AGENT_WEIGHT * idle_agent
        + COMMIT_CANDIDATE_WEIGHT * session.commit_candidate
        + UNTRUSTED_WEIGHT * _is_untrusted(session)
        + STALE_WEIGHT * session.is_stale
        + TRANSPORT_WEIGHT * (session.transport_health is not TransportHealth.HEALTHY)
    )


def _reason(session: Session) -> Reason:
    """The first reason that applies, strongest first."""
    cues = _cues(session)
    applies = {
        Reason.PERMISSION: session.needs is Need.PERMISSION,
        Reason.QUESTION: session.needs is Need.QUESTION,
        Reason.AWAITING_USER: ActionCueKind.AWAITING_USER in cues,
        Reason.COMMIT_READY: ActionCueKind.COMMIT_READY in cues or session.commit_candidate,
        Reason.VALIDATION_MISSING: ActionCueKind.VALIDATION_MISSING_AFTER_EDIT in cues,
        Reason.DIRTY_CHECK_MISSING: ActionCueKind.DIRTY_CHECK_MISSING in cues,
        Reason.FINISHED: session.needs is Need.FINISHED,
        Reason.ERROR: has_failed(session),
        Reason.NEEDS_INPUT: session.state is SessionState.ATTENTION or is_idle_agent(session),
        Reason.SLEEPING: session.rest_state in REST_WEIGHT,
        Reason.STALE: session.is_stale,
        Reason.TRANSPORT: session.transport_health is not TransportHealth.HEALTHY,
        Reason.BUSY: session.state is SessionState.BUSY,
    }
    found = next((reason for reason, holds in applies.items() if holds), Reason.IDLE)
    return Reason.UNTRUSTED if found in {Reason.BUSY, Reason.IDLE} and _is_untrusted(session) else found
