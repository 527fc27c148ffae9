"""Which row a word means: by id, pane, name, place and prefix."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.pane import PaneId, TmuxSessionId
from quarterdeck.core.row_name import called, row_name
from quarterdeck.core.session import Session, SessionId, SessionState
from quarterdeck.core.session_names import find_rows, find_session
from quarterdeck.errors import Ambiguous, UsageError
from support.fleet import NOW, SOCKET


def row(number: int, name: str, window: int = 0, pane: int = 0, **fields: Any) -> Session:
    """A row; one of several of its tmux session when `of` says so."""
    several = fields.pop("of", 1)
    return Session(
        session_id=SessionId(f"sess_{number}"),
        tmux_name=name,
        tmux_server=SOCKET,
        last_activity_at=NOW,
        pane_id=PaneId(f"%{number}"),
        tmux_id=TmuxSessionId(f"${name}"),
        incarnation="run",
        window_index=window,
        pane_index=pane,
        rows_in_session=several,
        **fields,
    )


def ended(number: int, name: str, window: int = 0, pane: int = 0, *, minutes: int = 1, **fields: Any) -> Session:
    at = NOW - timedelta(minutes=minutes)
    return row(number, name, window, pane, state=SessionState.EXITED, ended_at=at, **fields)


WEB = [
    row(1, "web", 0, of=4),
    row(2, "web", 1, of=4, window_name="tests"),
    row(3, "web", 2, 0, of=4, window_name="pair", rows_in_window=2),
    row(4, "web", 2, 1, of=4, window_name="pair", rows_in_window=2),
]
ROWS = [*WEB, row(5, "api"), row(6, "apart")]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("sess_3", 3),
        ("%4", 4),
        ("api", 5),
        ("api:0", 5),
        ("api:0.0", 5),
        ("web:0", 1),
        ("web:0.0", 1),
        ("web:1", 2),
        ("web:tests", 2),
        ("web:tests.0", 2),
        ("web:2.1", 4),
        ("web:pair.0", 3),
        ("apa", 6),
        ("nothing", None),
        ("web:3", None),
        ("web:test", None),
        ("web:tests.1", None),
        ("web:", None),
        ("%9", None),
        (":0", None),
        ("", None),
    ],
)
def test_a_word_means_one_row(word: str, found: int | None) -> None:
    row = find_session(word, ROWS)

    assert (row and row.session_id) == (found and f"sess_{found}")


@pytest.mark.parametrize(("word", "ids"), [("web", [1, 2, 3, 4]), ("we", [1, 2, 3, 4]), ("web:2", [3, 4])])
def test_a_word_for_several_rows_lists_them(word: str, ids: list[int]) -> None:
    with pytest.raises(Ambiguous) as caught:
        find_session(word, ROWS)

    assert caught.value.exit_code == 3
    assert [each["session_id"] for each in caught.value.choices] == [f"sess_{number}" for number in ids]
    assert all(str(each["name"]) in caught.value.message for each in caught.value.choices)
    assert find_session(str(caught.value.choices[0]["place"]), ROWS) == ROWS[ids[0] - 1]


@pytest.mark.parametrize("word", ["web", "we"])
def test_a_bare_name_stands_for_the_whole_tmux_session(word: str) -> None:
    assert list(find_rows(word, ROWS)) == WEB
    assert list(find_rows("web:tests", ROWS)) == WEB[1:2]
    with pytest.raises(Ambiguous):
        find_rows("web:pair", ROWS)


def test_a_prefix_of_two_tmux_sessions_names_them_as_they_are_called() -> None:
    with pytest.raises(UsageError, match=r"2 sessions: sess_5 \(api\), sess_6 \(apart\)"):
        find_session("ap", ROWS)


def test_a_window_is_meant_by_its_index_before_its_name_as_in_tmux() -> None:
    rows = [row(1, "web", 1, of=2, window_name="2"), row(2, "web", 2, of=2)]

    assert find_session("web:2", rows) == rows[1]


def test_ids_and_names_win_over_places() -> None:
    rows = [*WEB, row(7, "web:1")]

    assert find_session("web:1", rows) == rows[-1]
    assert find_session("web:1:0", rows) == rows[-1]
    assert find_session("web:tests", rows) == WEB[1]


def test_what_is_there_wins_over_what_is_over() -> None:
    rows = [ended(8, "web", 0, of=2), ended(9, "web", 1, of=2), *WEB]

    assert find_session("web:1", rows) == WEB[1]
    assert list(find_rows("web", rows)) == WEB


def test_of_what_is_over_the_last_in_a_place_is_meant_and_of_several_places_none() -> None:
    old, new, beside = ended(1, "web", 0, minutes=9, of=2), ended(2, "web", 0, of=2), ended(3, "web", 1, of=2)

    assert find_session("web:0", [old, new, beside]) == new
    with pytest.raises(Ambiguous) as caught:
        find_session("web", [old, new, beside])
    assert [each["session_id"] for each in caught.value.choices] == ["sess_2", "sess_3"]


def test_the_last_row_of_a_tmux_session_to_end_is_meant_by_its_name() -> None:
    rows = [ended(1, "web", 0, minutes=9, of=2), ended(2, "web", 1)]

    assert find_session("web", rows) == rows[1]


def test_several_that_wait_for_their_server_are_told_apart() -> None:
    rows = [row(number, "web", number, of=2, is_stale=True, state=SessionState.EXITED) for number in (1, 2)]

    assert find_session("web:2", rows) == rows[1]
    with pytest.raises(Ambiguous):
        find_session("web", rows)


PANES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=8, unique=True)
WINDOW_NAMES = st.dictionaries(
    st.integers(0, 4), st.sampled_from(["a", "b", "a.1", "a.1.0", "1", "0.1", "a:b", "a.b", "x y", "."])
)


@given(panes=PANES, names=WINDOW_NAMES)
def test_every_row_is_found_again_by_what_it_is_called(panes: list[tuple[int, int]], names: dict[int, str]) -> None:
    in_window = Counter(window for window, _ in panes)
    alike = Counter(called(window, names.get(window)) for window in in_window)
    rows = [
        row(
            *(number, "web", window, pane),
            of=len(panes),
            window_name=names.get(window),
            rows_in_window=in_window[window],
            windows_alike=alike[called(window, names.get(window))],
        )
        for number, (window, pane) in enumerate(panes)
    ]

    assert len({row_name(each) for each in rows}) == len(rows)
    assert [find_session(each.place, rows) for each in rows] == rows
    assert [find_session(row_name(each), rows) for each in rows] == rows
