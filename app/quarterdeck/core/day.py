"""What a session was doing over the last day: the moments at which that changed, and what can be told from them."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core import urgency
from quarterdeck.core.session import Need, SessionState, TransportHealth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quarterdeck.core.session import Session

DAY_SHOWN = timedelta(hours=24)
FINEST = timedelta(seconds=20)
"""A state that held for less is told by the one after it."""


class DayState(StrEnum):
    """What a session was doing; the value is one letter, as it is kept."""

    ASKS = "a"
    LIMITED = "l"
    FAILED = "f"
    DONE = "d"
    WORKS = "w"
    RESTS = "r"
    UNKNOWN = "u"
    """Nobody watched, or nothing was known."""


class Moment(NamedTuple):
    """From here on it was doing this, until the next moment."""

    at: datetime
    state: DayState


def day_state_of(session: Session) -> DayState:
    """What a session is doing now."""
    is_gone = session.is_stale or session.exit_reason is not None or session.state is SessionState.EXITED
    if is_gone or session.transport_health is TransportHealth.DISCONNECTED:
        return DayState.UNKNOWN
    if urgency.asks(session):
        return DayState.ASKS
    if session.is_limited:
        return DayState.LIMITED
    if urgency.has_failed(session):
        return DayState.FAILED
    if session.needs is Need.FINISHED or session.state is SessionState.ATTENTION:
        return DayState.DONE
    if session.state_evidence.observed_at is None:
        return DayState.UNKNOWN
    return DayState.WORKS if session.state is SessionState.BUSY else DayState.RESTS


def noted(moments: Sequence[Moment], at: datetime, state: DayState) -> tuple[Moment, ...]:
    """The moments with another one, without what is older than a day before it."""
    kept = list(moments)
    while kept and at - kept[-1].at < FINEST:
        at = min(at, kept.pop().at)
    if not kept or kept[-1].state is not state:
        kept.append(Moment(at, state))
    since = kept[-1].at - DAY_SHOWN
    first = max((number for number, moment in enumerate(kept) if moment.at <= since), default=0)
    return tuple(kept[first:])


def stretches(moments: Sequence[Moment], since: datetime, until: datetime) -> Iterator[tuple[DayState, timedelta]]:
    """What it was doing between two times, piece by piece and without gaps."""
    now, state = since, DayState.UNKNOWN
    for moment in moments:
        if moment.at > until:
            break
        if moment.at > now:
            yield state, moment.at - now
            now = moment.at
        state = moment.state
    if until > now:
        yield state, until - now


def totals(moments: Sequence[Moment], since: datetime, until: datetime) -> dict[DayState, timedelta]:
    """How long it was doing what between two times."""
    found: defaultdict[DayState, timedelta] = defaultdict(timedelta)
    for state, length in stretches(moments, since, until):
        found[state] += length
    return found


def written(moments: Sequence[Moment]) -> str:
    """The moments as they are kept: `1764000000w 1764003600r`."""
    return " ".join(f"{int(moment.at.timestamp())}{moment.state.value}" for moment in moments)


def read(text: str) -> tuple[Moment, ...]:
    """Moments that were kept; what cannot be read is left out."""
    found: list[Moment] = []
    for word in text.split():
        try:
            moment = Moment(datetime.fromtimestamp(int(word[:-1]), UTC), DayState(word[-1]))
        except (ValueError, OverflowError, OSError):
            continue
        if not found or moment.at > found[-1].at:
            found.append(moment)
    return tuple(found)
