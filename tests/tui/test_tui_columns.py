"""A column of the table is one row of `COLUMNS`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.tui.rows import column as col
from quarterdeck.tui.rows.column import title_cells
from quarterdeck.tui.rows.session_row import RowView
from support.cli import ROOT
from support.fleet import NOW, canned_sessions

if TYPE_CHECKING:
    import pytest

SCREEN = ROOT / "app" / "quarterdeck" / "tui"
VIEW = RowView(
    now=NOW,
    ascii_only=False,
    repo_role=lambda session: "muted",
    activity_of=lambda session: (),
    is_marked=lambda session: False,
)


def test_a_row_more_in_the_table_is_a_column_more(monkeypatch: pytest.MonkeyPatch) -> None:
    cost = col.ColumnKind("cost", lambda row, _: (f"{row.session.cost_usd or 0:.2f}", "muted"), "cost", 6, turn=9)
    monkeypatch.setattr(col, "TABLE_COLUMNS", (*col.TABLE_COLUMNS, cost))
    layout = col.layout(200, 14)

    titles = "".join(cell.text for cell in title_cells(layout))
    cells = "".join(cell.text for cell in col.session_cells(canned_sessions()[0], layout, VIEW))

    assert titles.endswith("cost  ")
    assert re.search(r"\d\.\d\d  $", cells)
    assert "cost" not in {column.name for column in col.layout(100, 14).columns}, "it is the last to be given room"


def test_no_other_part_of_the_screen_knows_one_column_from_another() -> None:
    known = re.compile(r"\bcol(?:umn)?\.(?:MARK|SHAPE|NAME|STATE|THOUGHT|BRANCH)\b")
    others = [module for module in SCREEN.rglob("*.py") if module.name != "column.py"]

    assert [module.name for module in others if known.search(module.read_text(encoding="utf-8"))] == []
