"""What the main screen shows of the fleet: filtered, grouped, ordered, marked. Knows nothing of widgets."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from quarterdeck.core.text import cell_width
from quarterdeck.core.urgency import SortKey, sort_key
from quarterdeck.tui.rows import column as col
from quarterdeck.tui.rows.head import Counts, count
from quarterdeck.tui.rows.mark import kind_of
from quarterdeck.tui.rows.order import Grouping, arrange, held
from quarterdeck.tui.rows.session_row import name_of, rest_word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.session import Session
    from quarterdeck.tui.rows.order import Item


class Board:
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
        self._fleet: Fleet | None = None
        self._asked = (self.filter, grouping)
        self._keys: dict[str, tuple[Session, SortKey]] = {}
        self.is_held = False
        """Whether rows stand elsewhere than their order says."""

    def sync(self, fleet: Fleet, *, hold: bool = False) -> None:
        """Take over the fleet. With `hold` rows that were there stay where they are."""
        asked = (self.filter, self.grouping)
        if fleet is self._fleet and asked == self._asked and not self.is_held:
            return
        self._fleet, self._asked = fleet, asked
        self.sessions = dict(chain[tuple[str, "Session"]](fleet.sessions.items(), fleet.exited.items()))
        self.marked &= self.sessions.keys()
        self._keys = {key: known for key, known in self._keys.items() if key in self.sessions}
        shown = self._matching()
        fresh = arrange(shown, self.grouping, self._key)
        self.items = held(self.items, fresh) if hold else fresh
        self.is_held = self.items != fresh
        self.counts = count(fleet.sessions.values(), self._key)
        self.longest_name = max((cell_width(name_of(session)) for session in shown), default=col.NAME_LEAST)
        self.empty = _empty_columns(shown)

    def _matching(self) -> list[Session]:
        if not self.filter:
            return list(self.sessions.values())
        from quarterdeck.tui.rows.filter import matches, parse  # Not needed for the first frame.

        terms = parse(self.filter)
        return [session for session in self.sessions.values() if matches(terms, session)]

    def _key(self, session: Session) -> SortKey:
        """The session's place, thought about only when it changed: most of a fleet has not."""
        known = self._keys.get(session.session_id)
        if known is None or known[0] is not session:
            known = self._keys[session.session_id] = (session, sort_key(session))
        return known[1]

    @property
    def shown(self) -> int:
        """How many sessions are shown."""
        return sum(isinstance(item, str) for item in self.items)

    def targets(self, selected: str | None) -> list[Session]:
        """What an action is about: the marked rows in their order, else the selected one."""
        ids = [item for item in self.items if isinstance(item, str) and item in self.marked]
        ids += sorted(self.marked - set(ids))
        if not ids and selected is not None:
            ids = [selected]
        return [self.sessions[session_id] for session_id in ids if session_id in self.sessions]


def _empty_columns(sessions: Sequence[Session]) -> frozenset[str]:
    """Columns that would say nothing in any row."""
    said = {
        col.CONTEXT: any(session.token_count for session in sessions),
        col.BRANCH: any(session.work and (session.work.branch or session.work.prs) for session in sessions),
        col.REST: any(rest_word(session, kind_of(session)) for session in sessions),
    }
    return frozenset(name for name, is_said in said.items() if not is_said)
