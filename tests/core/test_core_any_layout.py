"""Whatever happens in tmux between two looks, rows and panes belong together one to one."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.core.discovery import Reconciled, RowPane, homes, reconcile
from quarterdeck.core.pane import Incarnation, Pane, PaneId, Snapshot, TmuxSessionId, WindowId
from quarterdeck.core.projection import KnownFacts, Seen, project
from quarterdeck.core.session import SessionId
from quarterdeck.core.session_ends import placeholder
from quarterdeck.core.times import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quarterdeck.core.session import Session

    Deed = Callable[["Layout", int, int], None]

RUN = Incarnation(1, 100)


class Layout:
    """Sessions, windows and panes as tmux keeps them: a window may stand in several sessions, a pane in one window."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.sessions: dict[int, list[int]] = {}
        """The windows of each; those of a group share one list."""
        self.windows: dict[int, list[int]] = {}
        self.dead: set[int] = set()
        self.agents: set[int] = set()
        self.young: set[int] = set()
        """Agents that began since the last look."""
        self.front: int = 0
        self.new_session(0, 0)

    def new_session(self, _one: int, _other: int) -> None:
        """A session with a window and a pane."""
        self.sessions[next(self._numbers)] = [self._window(next(self._numbers))]

    def new_window(self, one: int, _other: int) -> None:
        """A window in a session."""
        self._session(one).append(self._window(next(self._numbers)))

    def split(self, one: int, _other: int) -> None:
        """A pane beside others."""
        self._at(self.windows, one).append(next(self._numbers))

    def break_pane(self, one: int, other: int) -> None:
        """A pane gets a window of its own, in any session."""
        pane, home = self._pane(one), self._session(other)
        self._take(pane)
        home.append(self._window(pane))
        self._tidy()

    def join(self, one: int, other: int) -> None:
        """A pane goes into another's window."""
        pane, beside = self._pane(one), self._pane(other)
        if pane != beside:
            self._take(pane)
            self._window_of(beside).append(pane)
            self._tidy()

    def swap(self, one: int, other: int) -> None:
        """Two panes change places."""
        pane, with_ = self._pane(one), self._pane(other)
        here, there = self._window_of(pane), self._window_of(with_)
        first, second = here.index(pane), there.index(with_)
        here[first], there[second] = with_, pane

    def move_window(self, one: int, other: int) -> None:
        """A window leaves one session for another."""
        here, there = self._session(one), self._session(other)
        window = here[other % len(here)]
        if window not in there:
            here.remove(window)
            there.append(window)
            self._tidy()

    def link(self, one: int, other: int) -> None:
        """A window stands in another session, too."""
        here, there = self._session(one), self._session(other)
        if (window := here[other % len(here)]) not in there:
            there.append(window)

    def group(self, one: int, _other: int) -> None:
        """A session with the windows of another one."""
        self.sessions[next(self._numbers)] = self._session(one)

    def kill_pane(self, one: int, _other: int) -> None:
        """A pane goes."""
        self._take(self._pane(one))
        self._tidy()

    def kill_session(self, one: int, _other: int) -> None:
        """A session goes; windows that stand in others stay."""
        if self.sessions:
            del self.sessions[sorted(self.sessions)[one % len(self.sessions)]]
            self._tidy()

    def die(self, one: int, _other: int) -> None:
        """A pane's program ends, and the pane stays (remain-on-exit)."""
        pane = self._pane(one)
        self.dead.add(pane)
        self.agents.discard(pane)

    def respawn(self, one: int, _other: int) -> None:
        """A pane gets a new program."""
        pane = self._pane(one)
        self.dead.discard(pane)
        self.agents.discard(pane)

    def start(self, one: int, _other: int) -> None:
        """An agent begins in a pane."""
        if (pane := self._pane(one)) not in self.dead:
            self.young |= {pane} - self.agents
            self.agents.add(pane)

    def stop(self, one: int, _other: int) -> None:
        """An agent ends, and its shell goes on."""
        self.agents.discard(self._pane(one))

    def focus(self, one: int, _other: int) -> None:
        """A pane comes to the front."""
        self.front = self._pane(one)

    def look(self) -> Snapshot:
        """What tmux lists: a window once for each session that it stands in."""
        panes = [
            Pane(
                pane_id=PaneId(f"%{pane}"),
                window_id=WindowId(f"@{window}"),
                tmux_id=TmuxSessionId(f"${session}"),
                session_name=f"s{session}",
                session_created=session,
                window_index=index,
                pane_index=position,
                window_active=self.front in self.windows[window] or (index == 0 and not self._has_front(windows)),
                pane_active=pane == self.front or (position == 0 and self.front not in self.windows[window]),
                dead=pane in self.dead,
            )
            for session, windows in self.sessions.items()
            for index, window in enumerate(windows)
            for position, pane in enumerate(self.windows[window])
        ]
        return Snapshot(incarnation=RUN, version="3.3a", panes=tuple(panes))

    def _has_front(self, windows: list[int]) -> bool:
        return any(self.front in self.windows[window] for window in windows)

    def _window(self, pane: int) -> int:
        window = next(self._numbers)
        self.windows[window] = [pane]
        return window

    def _session(self, which: int) -> list[int]:
        return self._at(self.sessions, which)

    def _pane(self, which: int) -> int:
        panes = [pane for window in self.windows.values() for pane in window]
        return panes[which % len(panes)]

    def _window_of(self, pane: int) -> list[int]:
        return next(panes for panes in self.windows.values() if pane in panes)

    @staticmethod
    def _at(things: dict[int, list[int]], which: int) -> list[int]:
        return things[sorted(things)[which % len(things)]]

    def _take(self, pane: int) -> None:
        self._window_of(pane).remove(pane)

    def _tidy(self) -> None:
        """What is empty goes, as in tmux; something always is left."""
        for windows in self.sessions.values():
            windows[:] = [window for window in windows if self.windows[window]]
        self.sessions = {session: windows for session, windows in self.sessions.items() if windows}
        stand = {window for windows in self.sessions.values() for window in windows}
        self.windows = {window: panes for window, panes in self.windows.items() if window in stand}
        living = {pane for panes in self.windows.values() for pane in panes}
        self.dead &= living
        self.agents &= living
        if not self.sessions:
            self.new_session(0, 0)


DEEDS: tuple[Deed, ...] = (
    *(Layout.new_session, Layout.new_window, Layout.split, Layout.break_pane, Layout.join, Layout.swap),
    *(Layout.move_window, Layout.link, Layout.group, Layout.kill_pane, Layout.kill_session, Layout.die),
    *(Layout.respawn, Layout.start, Layout.start, Layout.stop, Layout.focus),
)


class Rows:
    """Rows as looks leave them, with ids that are counted on."""

    def __init__(self) -> None:
        self.rows: list[Session] = []
        self._numbers = count(1)

    def take(self, look: Snapshot, found: Reconciled) -> None:
        """The rows after a look."""
        known = {row.session_id: row for row in self.rows}
        shown = [(known[key], row_pane) for key, row_pane in found.here.items()]
        for row_pane in found.unknown:
            shown.append((placeholder(SessionId(f"sess_{next(self._numbers)}"), "/tmp/s", EPOCH), row_pane))
        self.rows = [
            project(
                row,
                KnownFacts(
                    seen=Seen(pane=each.pane, clients=0, incarnation=str(look.incarnation), is_bound=each.is_bound)
                ),
                EPOCH,
            )
            for row, each in shown
        ]


def check(rows: Sequence[Session], look: Snapshot, agents: set[PaneId], found: Reconciled) -> None:
    """What holds after any look."""
    shown = [*found.here.values(), *found.unknown]
    at_home = homes(look.panes, {each.pane.pane_id: each.pane.tmux_id for each in shown})
    living = {pane.pane_id: pane for pane in at_home.values() if not pane.dead}
    panes = [each.pane for each in shown]
    in_session = Counter(pane.tmux_id for pane in panes)
    told = [*found.here, *(row.session_id for row in (*found.ended, *found.merged, *found.stranded))]

    assert sorted(told) == sorted(row.session_id for row in rows), "each known row is told of once"
    assert len({pane.pane_id for pane in panes}) == len(panes), "no pane is in two rows"
    assert all(living.get(pane.pane_id) is pane for pane in panes), "a row shows what lives, where it is at home"
    assert agents & living.keys() <= {each.pane.pane_id for each in shown if each.is_bound}, "an agent has a row"
    assert in_session.keys() == {pane.tmux_id for pane in living.values()}, "a session with a pane has a row"
    assert all(each.is_bound or in_session[each.pane.tmux_id] == 1 for each in shown), "a shell's row stands alone"
    for row in rows:
        here = found.here.get(row.session_id)
        if row.bound_pane in living:
            assert here == RowPane(living[row.bound_pane], True), "a row follows its pane wherever that goes"
        elif row.bound_pane is None and here is None and row.tmux_id in in_session:
            beside = [each for each in shown if each.pane.tmux_id == row.tmux_id]
            assert all(each.is_bound for each in beside), "only an agent's row takes the place of a session's own"
    assert not any(row.bound_pane for row in found.merged), "who had an agent is never merged away"


STEPS = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 11), st.integers(0, 11)), max_size=6)


@settings(max_examples=400)
@given(st.lists(STEPS, min_size=1, max_size=12))
def test_rows_and_panes_belong_together(rounds: list[list[tuple[Deed, int, int]]]) -> None:
    layout, table = Layout(), Rows()
    over: set[str] = set()
    for steps in rounds:
        for deed, one, other in steps:
            deed(layout, one, other)
        look, agents = layout.look(), {PaneId(f"%{number}") for number in layout.agents}
        young = {PaneId(f"%{number}") for number in layout.young}
        layout.young.clear()
        found = reconcile(table.rows, look, agents, young=young)
        check(table.rows, look, agents - young, found)
        over |= {row.session_id for row in (*found.ended, *found.merged)}

        table.take(look, found)
        again = reconcile(table.rows, look, agents, young=young)

        assert not over & again.here.keys()
        assert (again.unknown, again.ended, again.merged) == ((), (), ()), "the same look says nothing new"
        assert {row.session_id: row.pane_id for row in table.rows} == {
            key: each.pane.pane_id for key, each in again.here.items()
        }
