"""A look that shows nothing new is known for one without making the row again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.ids import PaneId, TmuxSessionId, WindowId
from quarterdeck.core.pane import Pane
from quarterdeck.core.session import ExitReason, TransportHealth
from quarterdeck.supervisor.sighting import seen, shows_as
from support.store import NOON, session

PANE = Pane(
    pane_id=PaneId("%1"), window_id=WindowId("@1"), tmux_id=TmuxSessionId("$1"), session_name="one",
    session_created=1_700_000_000, pid=7, command="sh", path="/tmp", title="a title",
)  # fmt: skip
OF_THE_PANE: list[dict[str, Any]] = [
    {}, {"pane_id": PaneId("%2")}, {"tmux_id": TmuxSessionId("$2")}, {"session_name": "two"}, {"session_created": 5},
    {"pid": 8}, {"command": ""}, {"command": "vi"}, {"path": ""}, {"path": "/"}, {"title": ""},
]  # fmt: skip
OF_THE_ROW: list[dict[str, Any]] = [
    {}, {"is_stale": True}, {"transport_health": TransportHealth.DEGRADED}, {"exit_reason": ExitReason.PROCESS_EXIT},
    {"exit_status": 0}, {"ended_at": NOON}, {"created_at": None}, {"thought": "something else"}, {"cwd": "/elsewhere"},
]  # fmt: skip


@given(st.sampled_from(OF_THE_PANE), st.sampled_from(OF_THE_ROW), st.integers(0, 1), st.sampled_from(["run", "next"]))
def test_a_row_is_made_again_exactly_when_it_would_differ(
    of_pane: dict[str, Any], of_row: dict[str, Any], clients: int, incarnation: str
) -> None:
    row = replace(seen(session(1), PANE, 0, "run"), **of_row)
    pane = replace(PANE, **of_pane)

    assert shows_as(row, pane, clients, incarnation) == (seen(row, pane, clients, incarnation) == row)
