"""Rows in their order, under headings when grouped, and what is left of them where groups are folded. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from quarterdeck.core import urgency
from quarterdeck.core.session import RowKind
from quarterdeck.tui.rows.session_row import Kind, kind_of, repo_of, session_of
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from quarterdeck.core.session import Session

_LOUDNESS = {kind: place for place, kind in enumerate(Kind)}


class Grouping(StrEnum):
    """What rows are put together by."""

    NONE = "none"
    SESSION = "session"
    REPO = "repo"
    PROJECT = "project"
    STATE = "state"


class Heading(Struct, frozen=True):
    """A line above a group of two or more."""

    key: str
    """By which its group is known, and remembered when it is folded."""
    title: str
    count: int
    worst: Kind
    """The loudest state in it."""
    is_folded: bool = False


Item = Heading | str
"""A heading, or the id of the session that stands there."""


class Arranged(NamedTuple):
    """All rows and headings from the top."""

    items: Sequence[Item]
    nested: frozenset[str] = frozenset()
    """The rows that belong to the heading above them. One that is alone in its group has none."""


class Folded(NamedTuple):
    """What is shown of them."""

    items: Sequence[Item]
    hidden: Mapping[str, str]
    """Rows that are not, each with the key of the heading that stands for it."""


def arrange(
    sessions: Iterable[Session],
    grouping: Grouping = Grouping.NONE,
    key: Callable[[Session], urgency.SortKey] = urgency.sort_key,
    kind: Callable[[Session], Kind] = kind_of,
) -> Arranged:
    """Rows in their order, under headings when grouped. A group stands where its most urgent row would."""
    ordered = sorted(sessions, key=key)
    if grouping is Grouping.NONE:
        return Arranged([session.session_id for session in ordered])
    groups: dict[str, list[Session]] = {}
    for session in ordered:
        groups.setdefault(group_of(session, grouping), []).append(session)
    items: list[Item] = []
    nested: set[str] = set()
    for title, members in groups.items():
        ids = [member.session_id for member in members]
        if len(ids) > 1:
            worst = min(map(kind, members), key=_LOUDNESS.__getitem__)
            items.append(Heading(f"{grouping} {title}", title, len(ids), worst))
            nested.update(ids)
        items.extend(ids)
    return Arranged(items, frozenset(nested))


def group_of(session: Session, grouping: Grouping) -> str:
    """The title of the group a session belongs to."""
    if grouping is Grouping.SESSION:
        return session_of(session) if session.kind is RowKind.PANE else "no pane"
    if grouping is Grouping.REPO:
        return repo_of(session) or "no repository"
    if grouping is Grouping.PROJECT:
        return session.work.project if session.work else "no project"
    return kind_of(session).value


def held(previous: Arranged, fresh: Arranged) -> Arranged:
    """The fresh rows in the previous order, so that nothing moves under the operator's hand.

    What is gone leaves, what is new comes last and under no heading; headings keep their place.
    """
    ids = [item for item in fresh.items if isinstance(item, str)]
    headings = {item.key: item for item in fresh.items if isinstance(item, Heading)}
    there, known = set(ids), {item for item in previous.items if isinstance(item, str)}
    kept = [
        headings.get(item.key, item) if isinstance(item, Heading) else item
        for item in previous.items
        if isinstance(item, Heading) or item in there
    ]
    return Arranged(kept + [each for each in ids if each not in known], previous.nested & there)


def fold(arranged: Arranged, closed: Collection[str]) -> Folded:
    """What is left where the groups with these keys are folded."""
    if not arranged.nested:
        return Folded(arranged.items, {})
    items: list[Item] = []
    hidden: dict[str, str] = {}
    above: Heading | None = None
    for item in arranged.items:
        if isinstance(item, Heading):
            above = item
            items.append(replace(item, is_folded=True) if item.key in closed else item)
        elif above is not None and above.key in closed and item in arranged.nested:
            hidden[item] = above.key
        else:
            items.append(item)
    return Folded(items, hidden)


def heading_above(arranged: Arranged, session_id: str | None) -> Heading | None:
    """The heading that a row belongs to; None when it stands for itself."""
    above: Heading | None = None
    for item in arranged.items if session_id in arranged.nested else ():
        if item == session_id:
            return above
        above = item if isinstance(item, Heading) else above
    return None


def members(arranged: Arranged, key: str) -> list[str]:
    """The rows of the group with this key."""
    found: list[str] = []
    above = ""
    for item in arranged.items:
        if isinstance(item, Heading):
            above = item.key
        elif above == key and item in arranged.nested:
            found.append(item)
    return found
