"""What a session looks like at a glance: one shape, one word and one colour for each kind."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from quarterdeck.core.day import day_state_of
from quarterdeck.core.session import RestState, SessionState, TransportHealth
from quarterdeck.core.state_signs import STATE_SIGNS

if TYPE_CHECKING:
    from quarterdeck.core.session import Session


class Kind(StrEnum):
    """How a row is shown. The value is the word on the screen, by which `STATE_SIGNS` has all else."""

    ASKS = "asks"
    FAILED = "failed"
    DONE = "done"
    WORKS = "works"
    RESTS = "rests"
    UNKNOWN = "unknown"
    LOST = "cut off"
    STALE = "stale"
    ENDED = "ended"


WAITING = frozenset({Kind.ASKS, Kind.FAILED, Kind.DONE})
"""The kinds that wait for the operator."""
GONE = frozenset({Kind.STALE, Kind.ENDED})

SHAPES = {kind: STATE_SIGNS[kind.value].sign for kind in Kind}
ASCII_SHAPES = {kind: STATE_SIGNS[kind.value].plain for kind in Kind}
ROLES = {kind: STATE_SIGNS[kind.value].role for kind in Kind}
REST_WORDS: dict[RestState, str] = {
    RestState.ACTIVE: "", RestState.DROWSY: "drowsy", RestState.SLEEPING: "asleep", RestState.DEEP_SLEEP: "deep",
}  # fmt: skip


def kind_of(session: Session) -> Kind:
    """How the session is shown. What is gone or cut off comes first: nothing else is known of it any more.

    A stale session's program has ended too; that its name is kept for it is what the operator can use.
    """
    if session.is_stale:
        return Kind.STALE
    if session.exit_reason is not None or session.state is SessionState.EXITED:
        return Kind.ENDED
    if session.transport_health is TransportHealth.DISCONNECTED:
        return Kind.LOST
    return Kind[day_state_of(session).name]


def is_doubtful(session: Session, kind: Kind) -> bool:
    """Whether the word gets a question mark. What is gone, and what says `unknown` already, needs none."""
    return kind not in {Kind.ENDED, Kind.STALE, Kind.UNKNOWN, Kind.LOST} and not session.is_certain


def shape(kind: Kind, *, ascii_only: bool) -> str:
    """The kind's one-cell shape."""
    return (ASCII_SHAPES if ascii_only else SHAPES)[kind]
