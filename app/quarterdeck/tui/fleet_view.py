"""What the main screen shows of the fleet: filtered, grouped, in order of urgency, marked. Knows no widgets."""

from __future__ import annotations

from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from quarterdeck.core import urgency
from quarterdeck.core.reading import NOTHING_SEEN
from quarterdeck.core.session import Source
from quarterdeck.core.text import cell_width
from quarterdeck.core.urgency import SortKey, sort_key
from quarterdeck.tui.rows import column as col
from quarterdeck.tui.rows.around_table import Counts, count
from quarterdeck.tui.rows.session_row import GONE_KINDS, kind_of, name_of, repo_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.tui.rows.session_row import Kind


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
    if grouping is Grouping.REPO:
        return repo_of(session) or "no repository"
    if grouping is Grouping.PROJECT:
        return session.work.project if session.work else "no project"
    return kind_of(session).value


def held(previous: Sequence[Item], fresh: Sequence[Item]) -> list[Item]:
    """The fresh rows in the previous order, so that nothing moves under the operator's hand.

    What is gone leaves, what is new comes last; headings keep their place.
    """
    ids = {item for item in fresh if isinstance(item, str)}
    kept: list[Item] = [item for item in previous if isinstance(item, Heading) or item in ids]
    known = {item for item in kept if isinstance(item, str)}
    return kept + [item for item in fresh if isinstance(item, str) and item not in known]


def waiting(items: Sequence[Item], sessions: Mapping[str, Session]) -> list[SessionId]:
    """The ids of the rows that wait for the operator, in the order they stand. What is gone waits for nobody."""
    shown = (sessions[item] for item in items if isinstance(item, str) and item in sessions)
    return [one.session_id for one in shown if urgency.waits(one) and kind_of(one) not in GONE_KINDS]


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
    return next((each for each in waiting(items, sessions) if urgency.asks(sessions[each])), None)


def is_known(session: Session) -> bool:
    """Whether the row shows what was seen, and not only what was kept; of what is gone there is no more to see."""
    evidence = session.state_evidence
    is_seen = evidence.source is not Source.RESTORED and evidence.cause not in NOTHING_SEEN
    return is_seen or kind_of(session) in GONE_KINDS


class FleetView:
    """The rows of the table, made anew when the fleet or what the operator asked for changes."""

    def __init__(self, grouping: Grouping) -> None:
        self.grouping = grouping
        self.filter = ""
        self.marked: set[str] = set()
        self.items: Sequence[Item] = ()
        self.sessions: Mapping[str, Session] = {}
        self.counts: Counts = count(())
        self.longest_name = col.NAME_LEAST
        self.empty: frozenset[str] = frozenset()
        self._taken: tuple[object, object] = (None, None)
        """The sessions and the ended ones that were taken over."""
        self._asked = (self.filter, grouping)
        self._known: dict[str, _Known] = {}
        self._round = Round()
        self.is_held = False
        """Whether rows stand elsewhere than their order says."""

    def sync(self, fleet: Fleet, *, hold: bool = False) -> None:
        """Take over the fleet. With `hold` rows that were there stay where they are."""
        asked = (self.filter, self.grouping)
        is_same = fleet.sessions is self._taken[0] and fleet.exited is self._taken[1]
        if is_same and asked == self._asked and not self.is_held:
            return
        self._taken, self._asked = (fleet.sessions, fleet.exited), asked
        self.sessions = dict(chain[tuple[str, "Session"]](fleet.sessions.items(), fleet.exited.items()))
        self.marked &= self.sessions.keys()
        self._known = {key: self._told(session) for key, session in self.sessions.items()}
        shown = list(self.sessions.values())
        if self.filter:
            from quarterdeck.tui.rows.filter import matches, parse  # Not needed for the first frame.

            terms = parse(self.filter)
            shown = [session for session in shown if matches(terms, session)]
        fresh = arrange(shown, self.grouping, self._key)
        self.items = held(self.items, fresh) if hold else fresh
        self.is_held = self.items != fresh
        self.counts = count(fleet.sessions.values(), self._key, lambda session: self._known[session.session_id].kind)
        known = [self._known[session.session_id] for session in shown]
        self.longest_name = max((each.name_cells for each in known), default=col.NAME_LEAST)
        self.empty = col.SELDOM.intersection(*{each.silent for each in known})

    def _told(self, session: Session) -> _Known:
        """What follows from a session, thought about only when it changed: most of a fleet has not."""
        known = self._known.get(session.session_id)
        if known is not None and known.session is session:
            return known
        kind = kind_of(session)
        return _Known(session, sort_key(session), kind, cell_width(name_of(session)), col.silent_in(session, kind))

    def _key(self, session: Session) -> SortKey:
        return self._known[session.session_id].key

    def next_waiting(self, here: str | None, step: int) -> str | None:
        """Who waits and comes after this row (`step` 1), or before it (-1); None when nobody does."""
        return self._round.next(self.items, self.sessions, here, step)

    def targets(self, selected: str | None) -> list[Session]:
        """What an action is about: the marked rows in their order, else the selected one."""
        ids: list[str] = []
        if self.marked:
            ids = [item for item in self.items if isinstance(item, str) and item in self.marked]
            ids += sorted(self.marked - set(ids))
        if not ids and selected is not None:
            ids = [selected]
        return [self.sessions[session_id] for session_id in ids if session_id in self.sessions]


class _Known(NamedTuple):
    """What the view goes by, of one session."""

    session: Session
    key: SortKey
    kind: Kind
    name_cells: int
    silent: frozenset[str]
    """The columns in which it has nothing to say, of those that are left out when nobody has."""
