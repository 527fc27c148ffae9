from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from quarterdeck.core.row_name import name_below_session, row_name
from quarterdeck.values import replace
from support.whole_session import LIVE

WEB = replace(
    LIVE,
    tmux_name="web",
    window_index=1,
    window_name=None,
    pane_index=0,
    rows_in_session=1,
    rows_in_window=1,
    windows_alike=1,
)


@dataclass
class Names:
    flat: str
    below: str


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, Names("web", ":1")),
        ({"window_name": "review"}, Names("web", "review")),
        ({"rows_in_session": 2}, Names("web:1", ":1")),
        ({"rows_in_session": 2, "window_name": "review"}, Names("web:review", "review")),
        ({"rows_in_session": 2, "window_name": "2"}, Names("web:1", ":1")),
        ({"rows_in_session": 2, "window_name": "1"}, Names("web:1", ":1")),
        ({"rows_in_session": 3, "rows_in_window": 2, "pane_index": 1}, Names("web:1.1", ":1.1")),
        ({"rows_in_session": 3, "rows_in_window": 2, "window_name": "review"}, Names("web:review.0", "review.0")),
        ({"rows_in_session": 2, "windows_alike": 2, "window_name": "review"}, Names("web:1", ":1")),
        (
            {"rows_in_session": 3, "rows_in_window": 2, "windows_alike": 2, "window_name": "review"},
            Names("web:1.0", ":1.0"),
        ),
    ],
)
def test_a_row_is_called_by_as_much_of_its_place_as_tells_it_from_others(fields: dict[str, Any], names: Names) -> None:
    session = replace(WEB, **fields)
    assert Names(row_name(session), name_below_session(session)) == names
