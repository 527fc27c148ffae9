"""What the main screen shows of the fleet: filtered, grouped, in order of urgency, marked. Knows no widgets."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core import urgency
from quarterdeck.core.reading import NOTHING_SEEN
from quarterdeck.core.session import Source
from quarterdeck.core.text import cell_width
from quarterdeck.core.urgency import SortKey, sort_key
from quarterdeck.tui.rows import column as col
from quarterdeck.tui.rows.around_table import Counts, count
from quarterdeck.tui.rows.grouping import Arranged, Grouping, arrange, fold, heading_above, held, members
from quarterdeck.tui.rows.session_row import GONE_KINDS, Nesting, RowView, kind_of, name_in, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.tui.rows.grouping import Item
    from quarterdeck.tui.rows.session_row import Kind
    from quarterdeck.tui.screen_context import ScreenContext

FOLDED_KEPT = 100
"""Groups of which it is remembered that they are folded; the oldest are forgotten first."""


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

    def __init__(self, grouping: Grouping, folded: Iterable[str] = ()) -> None:
        self.grouping = grouping
        self.filter = ""
        self.marked: set[str] = set()
        self.folded = tuple(folded)
        """The keys of the groups that are folded."""
        self.items: Sequence[Item] = ()
        """What stands on the screen."""
        self.hidden: Mapping[str, str] = {}
        """The rows that do not, since their group is folded, each with that group's key."""
        self.sessions: Mapping[str, Session] = {}
        self.counts: Counts = count(())
        self.longest_name = col.NAME_LEAST
        self.empty: frozenset[str] = frozenset()
        self._arranged = Arranged(())
        self._taken: tuple[object, object] = (None, None)
        """The sessions and the ended ones that were taken over."""
        self._asked = (self.filter, grouping, self.folded)
        self._known: dict[str, _Known] = {}
        self._left: dict[str, str] = {}
        """On which row the cursor stood when its group was folded."""
        self._round = Round()
        self.is_held = False
        """Whether rows stand elsewhere than their order says."""

    def sync(self, fleet: Fleet, *, hold: bool = False) -> None:
        """Take over the fleet. With `hold` rows that were there stay where they are."""
        asked = (self.filter, self.grouping, self.folded)
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
        fresh = arrange(shown, self._grouping, self._key, self._kind)
        self._arranged = held(self._arranged, fresh) if hold else fresh
        self.is_held = self._arranged.items != fresh.items
        # What was looked for is shown, wherever it is.
        self.items, self.hidden = fold(self._arranged, () if self.filter else self.folded)
        self.counts = count(fleet.sessions.values(), self._key, self._kind)
        known = [self._known[session.session_id] for session in shown]
        self.longest_name = max(map(self._name_cells, known), default=col.NAME_LEAST)
        self.empty = col.SELDOM.intersection(*{each.silent for each in known})

    @property
    def _grouping(self) -> Grouping:
        """What is grouped by now: in what a filter has found a session's rows need not stand together."""
        return Grouping.NONE if self.filter and self.grouping is Grouping.SESSION else self.grouping

    @property
    def _nested(self) -> frozenset[str]:
        return self._arranged.nested

    def nesting(self, session: Session) -> Nesting:
        """What stands above a row."""
        if session.session_id not in self._nested:
            return Nesting.NOTHING
        return Nesting.SESSION if self._grouping is Grouping.SESSION else Nesting.GROUP

    @property
    def has_shared_sessions(self) -> bool:
        """Whether any session has more than one row."""
        return any(session.rows_in_session > 1 for session in self.sessions.values())

    def next_grouping(self) -> Grouping:
        """The grouping after this one; by session only where that groups anything."""
        every = [each for each in Grouping if each is not Grouping.SESSION or self.has_shared_sessions]
        place = every.index(self.grouping) if self.grouping in every else 0
        return every[(place + 1) % len(every)]

    @property
    def order(self) -> list[str]:
        """All rows as they stand, those in folded groups among them."""
        return [item for item in self._arranged.items if isinstance(item, str)]

    def members(self, key: str) -> list[Session]:
        """The rows of a group."""
        return [self.sessions[each] for each in members(self._arranged, key) if each in self.sessions]

    def is_foldable(self, session_id: str | None) -> bool:
        """Whether a row stands in a group that can be folded now."""
        return session_id in self._nested and session_id not in self.hidden and not self.filter

    def fold(self, session_id: str) -> str:
        """Fold the group of a row; answers its key."""
        heading = heading_above(self._arranged, session_id)
        if heading is None:
            return ""
        self._left[heading.key] = session_id
        self.folded = (*(each for each in self.folded if each != heading.key), heading.key)[-FOLDED_KEPT:]
        return heading.key

    def unfold(self, key: str) -> str:
        """Open a group; answers the row that the cursor has left there, or else its first."""
        self.folded = tuple(each for each in self.folded if each != key)
        there = members(self._arranged, key)
        left = self._left.pop(key, "")
        return left if left in there else "".join(there[:1])

    def _told(self, session: Session) -> _Known:
        """What follows from a session, thought about only when it changed: most of a fleet has not."""
        known = self._known.get(session.session_id)
        if known is not None and known.session is session:
            return known
        kind = kind_of(session)
        return _Known(session, sort_key(session), kind, cell_width(name_of(session)), col.silent_in(session, kind))

    def row_view(self, context: ScreenContext) -> RowView:
        """What its rows depend on beside their sessions, at this moment."""
        return RowView(
            context.clock.now(),
            context.ascii_only,
            context.repo_role,
            activity_of=lambda session: context.backend.now.activity_of(session.session_id),
            is_marked=lambda session: session.session_id in self.marked,
            nesting=self.nesting,
        )

    def _name_cells(self, known: _Known) -> int:
        """Cells its name takes where it stands."""
        nesting = self.nesting(known.session)
        if nesting is Nesting.SESSION:
            return cell_width(name_in(known.session, nesting)) + col.INDENT
        return known.name_cells + col.INDENT * (nesting is Nesting.GROUP)

    def _key(self, session: Session) -> SortKey:
        return self._known[session.session_id].key

    def _kind(self, session: Session) -> Kind:
        return self._known[session.session_id].kind

    def next_waiting(self, here: str | None, step: int) -> str | None:
        """Who waits and comes after this row or folded group (`step` 1), or before it (-1); None when nobody does."""
        return self._round.next(self.order, self.sessions, self._left.get(here or "", here), step)

    def targets(self, selected: str | None) -> list[Session]:
        """What an action is about: the marked rows in their order, else the selected one."""
        ids: list[str] = []
        if self.marked:
            ids = [each for each in self.order if each in self.marked]
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
