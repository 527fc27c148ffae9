"""An agent that no pane shows stands grey at the end, until it needs something."""

from __future__ import annotations

from quarterdeck.core.session import Need, RowKind, SessionState
from quarterdeck.core.urgency import sort_key
from quarterdeck.tui.rows import column as col
from quarterdeck.tui.rows.detail import session_lines
from quarterdeck.tui.rows.filter import matches, parse
from quarterdeck.tui.rows.grouping import Grouping, group_of
from quarterdeck.tui.rows.session_row import RowView
from quarterdeck.values import replace
from support.fleet import NOW, canned_sessions

VIEW = RowView(
    now=NOW,
    ascii_only=False,
    repo_role=lambda session: "accent",
    activity_of=lambda session: (),
    is_marked=lambda session: False,
)
CALM = next(row for row in canned_sessions() if row.needs is None and row.state is SessionState.IDLE)
ALONE = replace(CALM, kind=RowKind.DETACHED, pane_id=None, needs=None, tmux_name="aaa", tool="Codex")
ASKS = replace(ALONE, state=SessionState.ATTENTION, needs=Need.PERMISSION)


def roles(session: object) -> set[str]:
    layout = col.layout(200, 14)
    cells = col.session_cells(session, layout, VIEW)  # type: ignore[arg-type]  # a session
    named = zip((column.name for column in layout.columns), cells, strict=True)
    return {cell.role for name, cell in named if name not in {col.SHAPE, col.MARK}}


def test_it_is_grey_until_it_needs_something() -> None:
    assert roles(ALONE) == {"muted"}
    assert {"text bold", "asks"} <= roles(ASKS)
    assert "text" in roles(CALM)


def test_it_stands_after_those_that_need_nobody_and_before_nobody_who_asks() -> None:
    assert sort_key(ALONE) > sort_key(replace(CALM, tmux_name="zzz"))
    assert sort_key(ASKS) < sort_key(CALM)


def test_it_has_a_group_a_filter_and_a_line_of_its_own() -> None:
    assert group_of(ALONE, Grouping.SESSION) == "no pane"
    assert matches(parse("state:detached"), ALONE)
    assert not matches(parse("state:detached"), CALM)
    assert not matches(parse("state:pane"), CALM)
    told = [line for line in session_lines(ALONE, NOW) if "no pane shows it; Codex runs it by itself" in str(line)]
    assert len(told) == 1
