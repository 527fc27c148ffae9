"""The order of the rows: who needs the operator first, then who has waited longest."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core import urgency
from quarterdeck.core.reading import NOTHING_SEEN
from quarterdeck.core.session import Source
from quarterdeck.tui.rows.session_row import GONE, kind_of, repo_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from quarterdeck.core.session import Session, SessionId


class Grouping(StrEnum):
    """What rows are put together by."""

    NONE = "none"
    REPO = "repo"
    PROJECT = "project"
    STATE = "state"

    @property
    def next(self) -> Grouping:
        """The grouping after this one."""
        every = list(Grouping)
        return every[(every.index(self) + 1) % len(every)]


class Heading(Struct, frozen=True):
    """A line above a group."""

    title: str
    count: int


Item = Heading | str
"""A heading, or the id of the session that stands there."""


def arrange(
    sessions: Iterable[Session],
    grouping: Grouping = Grouping.NONE,
    key: Callable[[Session], urgency.SortKey] = urgency.sort_key,
) -> list[Item]:
    """Rows in their order, under headings when grouped. A group stands where its most urgent row would."""
    ordered = sorted(sessions, key=key)
    if grouping is Grouping.NONE:
        return [session.session_id for session in ordered]
    groups: dict[str, list[Session]] = {}
    for session in ordered:
        groups.setdefault(group_of(session, grouping), []).append(session)
    items: list[Item] = []
    for title, members in groups.items():
        items.append(Heading(title, len(members)))
        items.extend(member.session_id for member in members)
    return items


def group_of(session: Session, grouping: Grouping) -> str:
    """The title of the group a session belongs to."""
    match grouping:
        case Grouping.REPO:
            return repo_of(session) or "no repository"
        case Grouping.PROJECT:
            return session.work.project if session.work else "no project"
        case Grouping.STATE:
            return kind_of(session).value
        case _:
            return ""


def held(previous: Sequence[Item], fresh: Sequence[Item]) -> list[Item]:
    """The fresh rows in the previous order, so that nothing moves under the operator's hand.

    What is gone leaves, what is new comes last; headings keep their place.
    """
    ids = {item for item in fresh if isinstance(item, str)}
    kept: list[Item] = [item for item in previous if isinstance(item, Heading) or item in ids]
    known = {item for item in kept if isinstance(item, str)}
    return kept + [item for item in fresh if isinstance(item, str) and item not in known]


def waiting(items: Sequence[Item], sessions: Mapping[str, Session]) -> list[SessionId]:
    """The ids of the rows that wait for the operator, in the order they stand."""
    return [
        sessions[item].session_id
        for item in items
        if isinstance(item, str) and item in sessions and waits(sessions[item])
    ]


class Round:
    """Goes round those who wait: who asks first, wherever it starts from, and nobody twice before all have come."""

    def __init__(self) -> None:
        self._been: set[_Wait] = set()
        self._at: str | None = None
        self._step = 0

    def next(
        self, items: Sequence[Item], sessions: Mapping[str, Session], here: str | None, step: int
    ) -> SessionId | None:
        """Who comes after this row (`step` 1), or before it (-1), and counts as visited; None when nobody waits."""
        ids = waiting(items, sessions)
        if not ids:
            return None
        if here != self._at or step != self._step:
            # The operator has gone elsewhere, or turned round.
            self._been.clear()
        if here in ids:
            self._been.add(_wait_of(sessions[here]))
        left = [each for each in ids if _wait_of(sessions[each]) not in self._been]
        if not left:
            self._been = {_wait_of(sessions[here])} if here in ids else set()
            left = [each for each in ids if each != here] or ids
        most = min(urgency.tier(sessions[each]) for each in left)
        pressing = [each for each in left if urgency.tier(sessions[each]) is most]
        places = {item: place for place, item in enumerate(items) if isinstance(item, str)}
        place = places.get(here or "", -1)
        after = [each for each in pressing if (places[each] - place) * step > 0]
        found = (after or pressing)[0 if step > 0 else -1]
        self._been.add(_wait_of(sessions[found]))
        self._at, self._step = found, step
        return found


_Wait = tuple[str, urgency.UrgencyTier, "datetime | None"]
"""Who waits, how urgently, and since when it asks: another question of the same session is worth another visit."""


def _wait_of(session: Session) -> _Wait:
    return session.session_id, urgency.tier(session), session.asks.since if session.asks else None


def first_asking(items: Sequence[Item], sessions: Mapping[str, Session]) -> SessionId | None:
    """The first row that somebody must answer."""
    asking = (each for each in waiting(items, sessions) if urgency.asks(sessions[each]))
    return next(asking, None)


def is_known(session: Session) -> bool:
    """Whether the row shows what was seen, and not only what was kept; of what is gone there is no more to see."""
    evidence = session.state_evidence
    is_seen = evidence.source is not Source.RESTORED and evidence.cause not in NOTHING_SEEN
    return is_seen or kind_of(session) in GONE


def waits(session: Session) -> bool:
    """Whether the operator is waited for. What is gone waits for nobody."""
    return urgency.waits(session) and kind_of(session) not in GONE
