"""What the main screen shows of the fleet: filtered, grouped, ordered, marked. Knows nothing of widgets."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.text import cell_width
from quarterdeck.core.urgency import SortKey, sort_key
from quarterdeck.tui.rows import column as col
from quarterdeck.tui.rows.head import Counts, count
from quarterdeck.tui.rows.order import Grouping, Round, arrange, held
from quarterdeck.tui.rows.session_row import kind_of, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.session import Session
    from quarterdeck.tui.rows.order import Item
    from quarterdeck.tui.rows.session_row import Kind


class FleetView:
    """The rows of the table, made anew when the fleet or what the operator asked for changes."""

    def __init__(self, grouping: Grouping = Grouping.NONE) -> None:
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
        shown = self._matching()
        fresh = arrange(shown, self.grouping, self._key)
        self.items = held(self.items, fresh) if hold else fresh
        self.is_held = self.items != fresh
        self.counts = count(fleet.sessions.values(), self._key, self._kind)
        known = self._known if len(shown) == len(self._known) else {s.session_id: self._told(s) for s in shown}
        self.longest_name = max((each.name_cells for each in known.values()), default=col.NAME_LEAST)
        self.empty = col.SELDOM.intersection(*{each.silent for each in known.values()})

    def _matching(self) -> list[Session]:
        if not self.filter:
            return list(self.sessions.values())
        from quarterdeck.tui.rows.filter import matches, parse  # Not needed for the first frame.

        terms = parse(self.filter)
        return [session for session in self.sessions.values() if matches(terms, session)]

    def _told(self, session: Session) -> _Known:
        """What follows from a session, thought about only when it changed: most of a fleet has not."""
        known = self._known.get(session.session_id)
        return known if known is not None and known.session is session else _know(session)

    def _key(self, session: Session) -> SortKey:
        return self._known[session.session_id].key

    def _kind(self, session: Session) -> Kind:
        return self._known[session.session_id].kind

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


def _know(session: Session) -> _Known:
    kind = kind_of(session)
    return _Known(session, sort_key(session), kind, cell_width(name_of(session)), col.silent_in(session, kind))
