"""What an agent runs besides itself, in its row and in the details."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.fleet import leader_of
from quarterdeck.core.subagent import Subagent, SubagentState, hidden_work
from quarterdeck.tui.app import ConsoleApp
from quarterdeck.tui.rows.column import TABLE_COLUMNS, Row, layout, session_cells
from quarterdeck.tui.rows.session_row import RowView, kind_of
from quarterdeck.tui.rows.subagent_tree import subagent_lines
from quarterdeck.tui.screens.details import DetailsScreen
from quarterdeck.values import replace
from support.canned import CannedBackend, StillClock
from support.console import Running, console, still, text_of
from support.fleet import NOW, busy_leaders, canned_sessions, session

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

    from quarterdeck.core.session import Session

SMALL = (80, 24)
VIEW = RowView(NOW, False, lambda _: "muted", lambda _: (), lambda _: False)


def agent_cell(row: Session, width: int = 8) -> str:
    (column,) = (each for each in TABLE_COLUMNS if each.name == "agent")
    return column.says(Row(row, kind_of(row), False, VIEW), width)[0]


@pytest.mark.parametrize(
    ("tool", "count", "said"),
    [
        ("Claude Code", 0, "claude"),
        ("Claude Code", 2, "claude+2"),
        ("Codex", 2, "codex +2"),
        ("Codex", 12, "codex+12"),
        ("OpenCode", 2, "openc…+2"),
    ],
)
def test_the_count_stands_beside_the_agent_in_the_room_that_it_has(tool: str, count: int, said: str) -> None:
    crowd = tuple(Subagent(name=f"a{number}") for number in range(count))

    assert agent_cell(session(1, "web", tool=tool, subagents=crowd)) == said


def test_who_rests_or_has_a_row_is_not_counted() -> None:
    (leader, *_) = busy_leaders().sessions.values()

    assert hidden_work(leader.subagents) == 4
    assert agent_cell(leader) == "claude+4"


@pytest.mark.parametrize("width", [60, 80, 120, 160])
def test_subagents_take_no_room_from_anything(width: int) -> None:
    columns = layout(width, 12)
    for row in canned_sessions():
        crowd = replace(row, subagents=(Subagent(name="a"),))
        before, after = session_cells(row, columns, VIEW), session_cells(crowd, columns, VIEW)
        for column, one, other in zip(columns.columns, before, after, strict=True):
            assert len(one.text) == len(other.text)
            assert one == other or column.name == "agent"


def test_the_tree_shows_who_stands_behind_whom() -> None:
    (leader, mate, *_) = busy_leaders().sessions.values()

    lines = subagent_lines(leader.subagents, {mate.pane_id: "ledger-tester"} if mate.pane_id else {}, ascii_only=True)

    assert ["".join(cell.text for cell in line).rstrip() for line in lines] == [
        "Runs besides itself",
        "  |-* Explore           Grep: reconcile · Find who calls the old report",
        "  | `-* Plan            Read: statements.py",
        "  |-* tester            in ledger-tester: Run the slow tests",
        "  |-- writer            Describe the columns",
        "  |-! reviewer          Bash: rm -r out",
        "  `-* shell             npm run dev -- --port 3000",
        "",
    ]


def test_nothing_is_said_of_an_agent_that_runs_nothing_besides_itself() -> None:
    assert subagent_lines((), {}, ascii_only=False) == []


def test_a_row_is_the_teammates_of_whoever_names_its_pane() -> None:
    fleet = busy_leaders()
    leader, mate, *_, alone = fleet.sessions.values()

    assert leader_of(fleet, mate) == leader
    assert leader_of(fleet, alone) is None
    assert leader_of(fleet, replace(mate, tmux_server="/tmp/another")) is None


def test_what_a_subagent_says_is_no_markup_and_no_secret() -> None:
    token = "ghp_" + "x7Kq2Lm9" * 4 + "Zt5B"
    one = Subagent(name="[red]x[/]", thought=f"push with {token}", state=SubagentState.BUSY)

    (_, line, _) = subagent_lines((one,), {}, ascii_only=False)

    assert "[red]x[/]" in line[2].text
    assert "[redacted]" in line[3].text


async def test_the_details_of_leader_and_teammate_tell_of_each_other() -> None:
    leader, mate, *_ = busy_leaders().sessions.values()
    async with console(CannedBackend(shown=busy_leaders())) as running:
        of_leader = await details_of(running, leader)
        of_mate = await details_of(running, mate)

    assert "├ ● Explore" in of_leader
    assert "in ledger-tester: Run the slow tests" in of_leader
    assert "teammate of" not in of_leader
    assert "teammate of ledger-10" in of_mate


async def details_of(running: Running, row: Session) -> str:
    """What the details of a row say."""
    running.main.table.select(row.session_id)
    await running.press("i")
    page = running.app.screen
    assert isinstance(page, DetailsScreen)
    shown = text_of(page.lines)
    await running.press("escape")
    return shown


@pytest.mark.parametrize("screen", ["rows", "details"])
def test_subagents_look_as_they_did(
    screen: str, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    app = ConsoleApp(CannedBackend(shown=busy_leaders()), StillClock())

    async def arrive(pilot: Pilot[int]) -> None:
        await still(pilot)
        if screen == "details":
            app.main.table.select("sess_1")
            await pilot.press("i")
        await still(pilot)

    assert snap_compare(app, run_before=arrive, terminal_size=SMALL)
