"""The order of the rows: who needs the operator first, then who has waited longest."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from quarterdeck.core import urgency
from quarterdeck.tui.rows.mark import GONE, kind_of
from quarterdeck.tui.rows.session_row import repo_of
from quarterdeck.values import value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.session import Session


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


@value
class Heading:
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


def waits(session: Session) -> bool:
    """Whether the operator is waited for. What is gone waits for nobody."""
    return urgency.waits(session) and kind_of(session) not in GONE
