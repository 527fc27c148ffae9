"""Who is there, who is missing, and what moved between two looks."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from quarterdeck.core.discovery import Reconciled, homes, panes_beside, reconcile
from quarterdeck.core.pane import (
    Incarnation,
    NoServer,
    Pane,
    PaneId,
    Snapshot,
    TmuxSessionId,
    WindowId,
    panes_that_stirred,
)
from quarterdeck.core.session import Session, SessionId, SessionState
from quarterdeck.core.session_names import free_names, next_numeric_name
from quarterdeck.values import replace

RUN, OTHER_RUN = Incarnation(1, 100), Incarnation(2, 200)


def kept(session_id: str, name: str) -> Session:
    return Session(session_id=SessionId(session_id), tmux_name=name, tmux_server="/tmp/s", is_stale=True)


def pane(number: int, session: int = 1, name: str = "work", **fields: object) -> Pane:
    made = Pane(
        pane_id=PaneId(f"%{number}"),
        window_id=WindowId("@1"),
        tmux_id=TmuxSessionId(f"${session}"),
        session_name=name,
        session_created=0,
    )
    # The fields of many types arrive through one mapping.
    return replace(made, **fields)  # type: ignore[arg-type]


def look(*panes: Pane, run: Incarnation = RUN, at: float = 0.0) -> Snapshot:
    return Snapshot(incarnation=run, version="3.5", panes=panes, at=at)


@pytest.mark.parametrize(
    ("names", "number"),
    [
        pytest.param([], 0, id="no names"),
        pytest.param(["7", "x"], 8, id="past the highest"),
        pytest.param([" 5", "", "٣", "9" * 30], 0, id="no numbers of ours"),
    ],
)
def test_a_nameless_session_gets_the_next_number(names: list[str], number: int) -> None:
    assert next_numeric_name(names) == number


@pytest.mark.parametrize(
    ("stem", "taken", "first"),
    [
        pytest.param("shop-claude", ["0"], ["shop-claude", "shop-claude_2"], id="free"),
        pytest.param("shop", ["shop", "shop_2", "shop-3"], ["shop_3", "shop_4"], id="taken"),
        pytest.param(" my shop.old:", [], ["my_shop_old", "my_shop_old_2"], id="what tmux would rewrite"),
        pytest.param("/", ["4"], ["5", "6"], id="nothing left"),
        pytest.param("2026", ["4"], ["5", "6"], id="a number says nothing"),
    ],
)
def test_a_session_is_named_after_its_folder(stem: str, taken: list[str], first: list[str]) -> None:
    assert list(islice(free_names(stem, taken), 2)) == first


def bound(session_id: str, tmux_id: str, run: Incarnation = RUN, **fields: object) -> Session:
    made = replace(kept(session_id, "work"), is_stale=False, tmux_id=TmuxSessionId(tmux_id), incarnation=str(run))
    # The fields of many types arrive through one mapping.
    return replace(made, **fields)  # type: ignore[arg-type]


def test_known_sessions_are_here_ended_or_stranded() -> None:
    known = [
        bound("sess_1", "$1"),
        bound("sess_2", "$2"),
        bound("sess_3", "$1", OTHER_RUN),
        kept("sess_4", "work"),
        bound("sess_5", "$1", state=SessionState.EXITED),
    ]

    found = reconcile(known, look(pane(1, 1), pane(3, 3, "new")))

    assert shown(found) == {"sess_1": "%1", "new": "%3"}
    assert [each.session_id for each in found.ended] == ["sess_2"]
    assert [each.session_id for each in found.stranded] == ["sess_3"]


def test_without_a_server_everybody_is_stranded_and_nobody_ended() -> None:
    found = reconcile([bound("sess_1", "$1"), kept("sess_2", "x")], NoServer())

    assert [each.session_id for each in found.stranded] == ["sess_1"]
    assert (found.here, found.unknown, found.ended, found.merged) == ({}, (), (), ())


def shown(found: Reconciled) -> dict[str, str]:
    """The pane of each row, that of a new one under `new`; a bound one has a `!` behind it."""
    rows = [*found.here.items(), *(("new", row) for row in found.unknown)]
    return {key: row.pane.pane_id + "!" * row.is_bound for key, row in rows}


def test_a_session_without_an_agent_shows_its_current_pane() -> None:
    panes = [
        pane(1, pane_active=False),
        pane(2, window_active=False),
        pane(3),
        pane(4, 2, window_active=False),
        pane(5, 3, dead=True),
        pane(6, 4, dead=True),
        pane(7, 4, pane_active=False),
    ]

    found = reconcile([bound(f"sess_{number}", f"${number}") for number in range(1, 5)], look(*panes))

    assert shown(found) == {"sess_1": "%3", "sess_2": "%4", "sess_4": "%7"}
    assert [each.session_id for each in found.ended] == ["sess_3"]


def agents(*numbers: int) -> set[PaneId]:
    return {PaneId(f"%{number}") for number in numbers}


def at(session_id: str, tmux_id: str, number: int, *, is_bound: bool = True) -> Session:
    """A row that was seen in this pane."""
    pane_id = PaneId(f"%{number}")
    return bound(session_id, tmux_id, pane_id=pane_id, bound_pane=pane_id if is_bound else None)


SHELL = at("sess_1", "$1", 1, is_bound=False)


@pytest.mark.parametrize(
    ("known", "panes", "found_in", "rows"),
    [
        pytest.param(
            [SHELL], [pane(1), pane(2, window_active=False)], [2], {"sess_1": "%2!"}, id="an agent behind the shell"
        ),
        pytest.param(
            [], [pane(1), pane(2, window_active=False)], [2], {"new": "%2!"}, id="an agent in a session nobody knew"
        ),
        pytest.param(
            [at("sess_1", "$1", 1)], [pane(1), pane(2)], [1, 2], {"sess_1": "%1!", "new": "%2!"}, id="a second agent"
        ),
        pytest.param(
            [SHELL],
            [pane(1, window_active=False), pane(2)],
            [1, 2],
            {"sess_1": "%2!", "new": "%1!"},
            id="the shown one first",
        ),
        pytest.param([at("sess_1", "$1", 1)], [pane(1), pane(2)], [], {"sess_1": "%1!"}, id="its agent ended"),
        pytest.param([at("sess_1", "$1", 1)], [pane(2)], [], {"sess_1": "%2"}, id="the pane of the only row went"),
        pytest.param(
            [at("sess_1", "$1", 1, is_bound=False)],
            [pane(1, 2, "two")],
            [],
            {"sess_1": "%1"},
            id="in a group",
        ),
        pytest.param(
            [at("sess_1", "$1", 1)],
            [pane(1, 2, "two"), pane(3)],
            [1],
            {"sess_1": "%1!", "new": "%3"},
            id="joined to another session",
        ),
        pytest.param([at("sess_1", "$1", 1)], [pane(1, dead=True), pane(2)], [1], {"sess_1": "%2"}, id="dead and kept"),
    ],
)
def test_a_row_is_a_pane_with_an_agent(
    known: list[Session], panes: list[Pane], found_in: list[int], rows: dict[str, str]
) -> None:
    found = reconcile(known, look(*panes), agents(*found_in))

    assert shown(found) == rows
    assert (found.ended, found.merged) == ((), ())


def test_a_row_whose_pane_went_ends_while_its_session_has_others() -> None:
    found = reconcile([at("sess_1", "$1", 1), at("sess_2", "$1", 2)], look(pane(2)), agents(2))

    assert shown(found) == {"sess_2": "%2!"}
    assert [each.session_id for each in found.ended] == ["sess_1"]


def test_a_session_s_own_row_gives_way_to_an_agent_that_comes_with_a_row() -> None:
    known = [SHELL, at("sess_2", "$2", 2)]

    found = reconcile(known, look(pane(1), pane(2, pane_active=False)), agents(2))

    assert shown(found) == {"sess_2": "%2!"}
    assert [each.session_id for each in found.merged] == ["sess_1"]


def test_what_stands_in_several_sessions_is_one_row_where_it_was_seen() -> None:
    linked = [pane(1, 10, "ten"), pane(1, 9, "nine"), pane(2, 10, "ten", pane_active=False)]

    assert [each.session_name for each in homes(linked, {}).values()] == ["nine", "ten"]
    assert [each.session_name for each in homes(linked, {PaneId("%1"): TmuxSessionId("$10")}).values()] == [
        "ten",
        "ten",
    ]
    assert shown(reconcile([], look(*linked[:2]), agents(1))) == {"new": "%1!"}


def test_the_console_s_own_pane_is_no_row_beside_others() -> None:
    beside = look(pane(1), pane(2, pane_active=False))

    assert shown(reconcile([], beside, own_pane=PaneId("%1"))) == {"new": "%2"}
    assert shown(reconcile([], look(pane(1)), own_pane=PaneId("%1"))) == {"new": "%1"}
    assert shown(reconcile([at("sess_1", "$1", 1)], beside, own_pane=PaneId("%1"))) == {"sess_1": "%2"}


def test_the_console_left_alone_is_not_what_the_agent_beside_it_was() -> None:
    found = reconcile([at("sess_1", "$1", 2)], look(pane(1)), own_pane=PaneId("%1"))

    assert shown(found) == {"new": "%1"}
    assert [each.session_id for each in found.merged] == ["sess_1"]


def test_who_does_not_find_agents_follows_what_is_kept() -> None:
    known = [at("sess_1", "$1", 2, is_bound=False)]

    found = reconcile(known, look(pane(1), pane(2)), agents(1, 2), bound={SessionId("sess_1"): PaneId("%1")})

    assert shown(found) == {"sess_1": "%1!", "new": "%2!"}


FIRST = look(pane(1), pane(2, 2, "two"), at=10.5)


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        pytest.param(FIRST, set(), id="nothing"),
        pytest.param(look(pane(1), at=11), set(), id="died"),
        pytest.param(look(*FIRST.panes, pane(3, 3)), set(), id="born"),
        pytest.param(look(pane(1, name="one"), FIRST.panes[1]), set(), id="renamed"),
        pytest.param(look(pane(1), pane(2, 1)), set(), id="in another session"),
        pytest.param(look(pane(1, pane_active=False), FIRST.panes[1]), set(), id="behind another"),
        pytest.param(look(pane(1, pid=9), FIRST.panes[1]), {"%1"}, id="another process"),
        pytest.param(look(pane(1, dead=True), FIRST.panes[1]), {"%1"}, id="dead"),
        pytest.param(look(pane(1, activity=5), FIRST.panes[1]), {"%1"}, id="printed"),
        pytest.param(look(pane(1, bell=True), FIRST.panes[1]), {"%1"}, id="rang"),
        pytest.param(look(pane(1, width=80), FIRST.panes[1]), {"%1"}, id="another width"),
        pytest.param(look(pane(1, title="t"), FIRST.panes[1]), {"%1"}, id="title"),
        pytest.param(look(pane(1, command="vi"), FIRST.panes[1]), {"%1"}, id="command"),
        pytest.param(look(pane(1), run=OTHER_RUN), None, id="another server"),
    ],
)
def test_a_look_tells_which_panes_moved(after: Snapshot, wanted: set[str] | None) -> None:
    assert panes_that_stirred(FIRST, after) == wanted


def test_a_pane_that_printed_in_the_second_of_the_look_counts_as_moved() -> None:
    printed = look(pane(1, activity=10), at=10.5)

    assert panes_that_stirred(printed, replace(printed, at=12)) == frozenset({PaneId("%1")})
    assert panes_that_stirred(replace(printed, at=11.5), replace(printed, at=12)) == frozenset()


def test_after_the_first_look_all_panes_are_read() -> None:
    assert panes_that_stirred(None, FIRST) is None


def test_panes_that_no_live_row_shows_are_each_told_once_without_the_console() -> None:
    shown = bound("sess_1", "$1", pane_id=PaneId("%1"))
    ended = bound("sess_2", "$1", pane_id=PaneId("%2"), ended_at=datetime(2026, 1, 1, tzinfo=UTC))
    stale = replace(bound("sess_3", "$1", pane_id=PaneId("%3")), is_stale=True)
    linked = pane(4, 2, "other")
    panes = [pane(1), pane(2), pane(3), pane(4), linked, pane(9)]
    beside = panes_beside(panes, [shown, ended, stale], PaneId("%9"))
    assert [each.pane_id for each in beside] == ["%2", "%3", "%4"]
