"""Rows that stand together: under which heading, in which order, and folded away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.session import SessionId
from quarterdeck.store.sqlite import SqliteStore
from quarterdeck.tui.fleet_view import FleetView
from quarterdeck.tui.preferences import ConsoleMemory, Preferences, arranged, arrangement, key_of
from quarterdeck.tui.rows.grouping import Arranged, Grouping, Heading, arrange, fold, held, members
from quarterdeck.tui.rows.session_row import Kind, Nesting, name_within
from quarterdeck.values import replace
from support.canned import CannedBackend
from support.console import Running, Typed, console, text_of
from support.fleet import canned_fleet, canned_sessions, fleet_of
from support.shared_fleet import shared_fleet, shared_sessions

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.tui.rows.grouping import Item

WEB = ["sess_1", "sess_2", "sess_3", "sess_4"]
BY_SESSION = Preferences(grouping="session")


def shown(items: list[Item] | tuple[Item, ...]) -> list[str]:
    """Headings as they are told, and the ids of rows."""
    return [f"{item.title} {item.count} {item.worst}" if isinstance(item, Heading) else item for item in items]


def on_screen(running: Running) -> list[str]:
    """The lines of the table."""
    table = running.main.table
    return ["".join(cell.text for cell in table._cells(place)).rstrip() for place in range(len(table._items))]


def names(running: Running) -> list[str]:
    """What stands first in each of those lines."""
    return [" ".join(line.split()[:2]) for line in on_screen(running)]


def test_rows_of_a_session_stand_together_where_their_most_urgent_would() -> None:
    arranged = arrange(shared_sessions(), Grouping.SESSION)
    assert shown(list(arranged.items)) == [
        "sess_5",
        "web 4 asks", "sess_1", "sess_2", "sess_3", "sess_4",
        "atl-12",
        "sess_8",
        "tiles 2 works", "sess_6", "sess_7",
    ]  # fmt: skip


def test_a_group_of_one_has_no_heading() -> None:
    arranged = arrange(canned_sessions(), Grouping.REPO)
    headings = [item for item in arranged.items if isinstance(item, Heading)]
    assert [item.title for item in headings] == ["shop", "ledger", "atlas"]
    assert sum(item.count for item in headings) == len(arranged.nested) < len(canned_sessions())


def test_a_fleet_of_one_agent_sessions_is_the_same_in_order_of_urgency_and_by_session() -> None:
    assert arrange(canned_sessions(), Grouping.SESSION) == arrange(canned_sessions(), Grouping.NONE)


def test_groupings_go_round_and_leave_out_the_one_that_groups_nothing() -> None:
    view = FleetView(Grouping.NONE)
    gone_through = []
    for fleet in (shared_fleet(), canned_fleet()):
        view.sync(fleet)
        for _ in range(5):
            view.grouping = view.next_grouping()
            gone_through.append(view.grouping.value)
    assert gone_through == [
        "session", "repo", "project", "state", "none", "repo", "project", "state", "none", "repo",
    ]  # fmt: skip


SHOP, LEDGER = Heading("repo shop", "shop", 2, Kind.ASKS), Heading("repo ledger", "ledger", 2, Kind.WORKS)


def test_held_rows_stay_and_new_ones_come_last() -> None:
    assert held(Arranged(["a", "b", "c"]), Arranged(["c", "new", "a"])).items == ["a", "c", "new"]


def test_a_row_that_comes_while_rows_are_held_is_not_taken_for_one_of_the_last_group() -> None:
    before = Arranged([SHOP, "a", "b", LEDGER, "c", "d"], frozenset("abcd"))
    more = replace(SHOP, count=3)
    fresh = Arranged([more, "a", "new", "b", LEDGER, "c", "d"], frozenset({*"abcd", "new"}))
    kept = held(before, fresh)
    assert kept.items == [more, "a", "b", LEDGER, "c", "d", "new"]
    assert members(kept, LEDGER.key) == ["c", "d"]


@given(st.permutations(["a", "b", "c", "d"]), st.permutations(["b", "c", "d", "e"]))
def test_holding_loses_and_invents_nothing(previous: list[str], fresh: list[str]) -> None:
    assert set(held(Arranged(previous), Arranged(fresh)).items) == set(fresh)


def test_a_folded_group_is_one_line_and_hides_no_other() -> None:
    left = fold(Arranged(["x", SHOP, "a", "b", "y", LEDGER, "c", "d"], frozenset("abcd")), {SHOP.key})
    assert left.items == ["x", replace(SHOP, is_folded=True), "y", LEDGER, "c", "d"]
    assert left.hidden == {"a": SHOP.key, "b": SHOP.key}


async def test_rows_are_called_by_what_their_heading_does_not_say() -> None:
    async with console(CannedBackend(shown=shared_fleet()), (160, 30)) as running:
        flat = names(running)
        await running.press("tab")
        grouped = names(running)

    assert {"▲ web:review", "● web:login", "● web:2", "● tiles:1.0", "● tiles:1.1", "● atlas-12"} < set(flat)
    assert grouped == [
        "▲ api", "▾ web", "▲ review", "● login", "● :2", "○ docs", "● atlas-12", "○ infra", "▾ tiles", "● :1.0",
        "● :1.1",
    ]  # fmt: skip


async def test_what_a_filter_finds_by_session_stands_flat_and_shows_what_is_folded() -> None:
    backend = CannedBackend(shown=shared_fleet(), preferences=replace(BY_SESSION, folded=("session web",)))
    async with console(backend) as running:
        folded = names(running)
        await running.press("/", Typed("web"))
        found = names(running)

    assert "▸ web" in folded
    assert found == ["▲ web:review", "● web:login", "● web:2", "○ web:docs"]


@pytest.mark.parametrize(("closes", "opens"), [("h", "l"), ("left", "right"), ("h", "enter")])
async def test_a_group_folds_with_its_row_and_opens_on_it_again(closes: str, opens: str) -> None:
    async with console(CannedBackend(shown=shared_fleet(), preferences=BY_SESSION)) as running:
        running.main.table.select("sess_3")
        await running.press(closes)
        folded = on_screen(running)
        at_heading = (running.main.table.heading, running.main.table.selected)
        told = text_of(running.main.preview.tail)
        foot = text_of(running.main.foot)
        await running.press(opens)

        assert [line.strip() for line in folded if "web" in line] == ["▸ web  4 · ▲"]
        assert at_heading[0] is not None
        assert at_heading[1] is None
        assert [line.split()[1] for line in told.splitlines()] == ["review", "login", ":2", "docs"]
        assert foot.startswith(" l open")
        assert running.main.table.selected == "sess_3"
        assert "▾ web" in names(running)
        assert running.backend.calls == []


async def test_the_cursor_passes_open_headings_and_stands_on_folded_ones() -> None:
    async with console(CannedBackend(shown=shared_fleet(), preferences=BY_SESSION)) as running:
        await running.press("g", "j")
        assert running.main.table.selected == "sess_1"
        await running.press("h", "j")
        assert running.main.table.selected == "atl-12"
        await running.press("k", "k", "2")
        assert running.main.table.heading == Heading("session web", "web", 4, Kind.ASKS, is_folded=True)


async def test_what_is_folded_is_kept_and_opens_the_console_again(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    backend = CannedBackend(shown=shared_fleet(), preferences=BY_SESSION, memory=ConsoleMemory("here"))
    await backend.memory.use(store)
    async with console(backend) as running:
        running.main.table.select("sess_7")
        await running.press("h")
    await backend.memory.flush()
    kept = arranged(Preferences(), arrangement(await store.get_meta(key_of("here"))))
    later = CannedBackend(shown=shared_fleet(), preferences=replace(kept, grouping="session"))
    async with console(later) as running:
        again = names(running)
        running.main.table.select("session tiles")
        await running.press("l")

    await store.close()
    assert kept.folded == ("session tiles",)
    assert "▸ tiles" in again
    assert later.remembered["folded"] is None


def test_what_is_kept_of_folded_groups_may_be_anything() -> None:
    for text in ("{}", "[1, null]", "no", '"session web"', "[[]]"):
        assert arranged(Preferences(), {"folded": text}).folded == ()
    assert arranged(Preferences(), {"folded": json.dumps(["a", 1])}).folded == ("a",)


async def test_the_next_that_waits_opens_the_group_it_is_in() -> None:
    backend = CannedBackend(shown=shared_fleet(), preferences=replace(BY_SESSION, folded=("session web",)))
    async with console(backend) as running:
        before = names(running)
        await running.press("g", "a")

        assert "▲ review" not in before
        assert running.main.table.selected == "sess_1"
        assert "▲ review" in names(running)


async def test_the_palette_has_the_rows_of_folded_groups_and_opens_them() -> None:
    backend = CannedBackend(shown=shared_fleet(), preferences=replace(BY_SESSION, folded=("session web",)))
    async with console(backend) as running:
        await running.press("ctrl+p", Typed("web:login"), "enter")

        assert running.main.table.selected == "sess_2"
        assert backend.calls == [("go", "sess_2")]


async def test_the_cursor_stays_on_its_row_while_others_of_its_session_come_and_go() -> None:
    rows = {row.session_id: row for row in shared_sessions()}
    backend = CannedBackend(shown=fleet_of(*rows.values()), preferences=BY_SESSION)
    async with console(backend) as running:
        running.main.table.select("sess_3")
        await running.settle()
        new = replace(rows[SessionId("sess_1")], session_id=SessionId("sess_20"), window_index=7, window_name="fresh")
        backend.set(fleet_of(new, *rows.values()))
        await running.settle()
        after_coming = running.main.table.selected
        backend.set(fleet_of(*(row for key, row in rows.items() if key not in {"sess_1", "sess_2"})))
        await running.settle()
        after_going = running.main.table.selected
        backend.set(fleet_of(*(row for key, row in rows.items() if key != "sess_3")))
        await running.settle()

        assert (after_coming, after_going) == ("sess_3", "sess_3")
        # Not on another row only because that is of the same session.
        assert running.main.table.selected not in {None, "sess_1"}


async def test_a_folded_group_keeps_the_cursor_while_its_rows_change() -> None:
    sessions = shared_sessions()
    backend = CannedBackend(shown=fleet_of(*sessions), preferences=BY_SESSION)
    async with console(backend) as running:
        running.main.table.select("sess_4")
        await running.press("h")
        running.clock.advance(5)
        backend.set(fleet_of(*(row for row in sessions if row.session_id != "sess_1")))
        await running.settle()

        assert running.main.table.heading == Heading("session web", "web", 3, Kind.WORKS, is_folded=True)


async def test_what_a_folded_group_shows_does_not_stay_under_its_session() -> None:
    async with console(CannedBackend(shown=shared_fleet(), preferences=BY_SESSION), (160, 40)) as running:
        running.main.table.select("sess_1")
        running.clock.advance(5)
        await running.settle()
        before = text_of(running.main.preview.tail)
        for key in ("h", "l"):
            await running.press(key)
            running.clock.advance(5)
        await running.settle()

        assert running.main.table.selected == "sess_1"
        assert text_of(running.main.preview.tail) == before


async def test_a_click_on_a_heading_whose_rows_have_all_gone_does_nothing() -> None:
    sessions = shared_sessions()
    backend = CannedBackend(shown=fleet_of(*sessions), preferences=BY_SESSION)
    async with console(backend) as running:
        await running.press("j")
        backend.set(fleet_of(*(row for row in sessions if row.tmux_name != "web")))
        await running.settle()
        still = names(running)
        await running.pilot.click("#fleet", offset=(4, 2))
        await running.settle()

        assert "▾ web" in still
        assert "▸ web" not in names(running)


async def test_a_click_on_a_heading_folds_its_group_and_opens_it() -> None:
    async with console(CannedBackend(shown=shared_fleet(), preferences=BY_SESSION)) as running:
        await running.pilot.click("#fleet", offset=(4, 2))
        await running.settle()
        folded = names(running)
        await running.pilot.click("#fleet", offset=(4, 2))
        await running.settle()

        assert "▸ web" in folded
        assert "▾ web" in names(running)


async def test_marked_rows_of_folded_groups_are_still_meant() -> None:
    async with console(CannedBackend(shown=shared_fleet(), preferences=BY_SESSION)) as running:
        running.main.table.select("sess_2")
        await running.press("space", "h")

        assert [row.session_id for row in running.main.targets()] == ["sess_2"]


HOSTILE = "[/x]\x1b]0;owned\x07:[bold red]"


async def test_hostile_window_names_are_only_text() -> None:
    rows = [
        replace(row, window_name=HOSTILE, tmux_name="we[/]b") if row.tmux_name == "web" else row
        for row in shared_sessions()
    ]
    async with console(CannedBackend(shown=fleet_of(*rows)), (160, 40)) as running:
        flat = on_screen(running)
        await running.press("tab")
        running.main.table.select("sess_1")
        await running.press("h")
        told = text_of(running.main.preview.title_line) + text_of(running.main.preview.tail)
        await running.press("l", "x")
        asked = running.app.screen.query_one("#heading").render()

    assert "we[/]b:[/x]:[bold red]" in "".join(flat)
    assert "[/x]:[bold red]" in told
    assert "we[/]b:[/x]:[bold red]" in str(asked)
    assert "\x1b" not in "".join(flat) + told + str(asked)


async def test_plain_signs_are_drawn_for_headings_where_others_are_not_wanted() -> None:
    preferences = replace(BY_SESSION, ascii_only=True, folded=("session tiles",))
    async with console(CannedBackend(shown=shared_fleet(), preferences=preferences)) as running:
        lines = on_screen(running)

    assert " v web  4 | !" in lines
    assert " > tiles  2 | *" in lines


@pytest.mark.parametrize("width", [30, 40, 64, 80, 120, 200])
async def test_nested_rows_are_as_wide_as_others(width: int) -> None:
    async with console(CannedBackend(shown=shared_fleet(), preferences=BY_SESSION), (width, 24)) as running:
        table = running.main.table
        layout = table._layout
        widths = {sum(len(cell.text) for cell in table._cells(table._places[key])) for key in table.ids}

    assert widths == {sum(column.width + column.gap for column in layout.columns)}


async def test_the_next_that_waits_comes_after_the_group_that_was_folded() -> None:
    async with console(CannedBackend(shown=shared_fleet(), preferences=BY_SESSION)) as running:
        running.main.table.select("sess_5")
        await running.press("a")
        first = running.main.table.selected
        await running.press("h", "a")

        assert first == "sess_1"
        assert running.main.table.selected == "sess_5"
        assert "▸ web" in names(running)


@pytest.mark.parametrize(
    ("width", "told"),
    [(40, "a-very-long-session-name:review"), (20, "a-very-long-…:review"), (10, "a-…:review"), (9, "a-very-l…")],
)
def test_of_a_long_name_what_tells_rows_apart_is_cut_last(width: int, told: str) -> None:
    row = replace(shared_sessions()[0], tmux_name="a-very-long-session-name")
    assert name_within(row, Nesting.NOTHING, width) == told


async def test_folding_what_is_in_no_group_says_so() -> None:
    async with console(CannedBackend(shown=shared_fleet()), shows_toasts=True) as running:
        running.main.table.select("sess_1")
        await running.press("h")

        assert [toast.message for toast in running.app._notifications] == [
            '"web:review" is in no group that could be folded. Tab puts rows together.'
        ]


GROUPINGS = st.sampled_from(Grouping)


@given(GROUPINGS, st.sets(st.sampled_from(["session web", "session tiles", "repo shop", "repo atlas", "state works"])))
def test_every_row_is_shown_once_or_stands_behind_a_folded_heading(grouping: Grouping, closed: set[str]) -> None:
    sessions = shared_sessions()
    arranged = arrange(sessions, grouping)
    left = fold(arranged, closed)
    rows = [item for item in left.items if isinstance(item, str)]
    headings = {item.key: item for item in left.items if isinstance(item, Heading)}

    assert sorted([*rows, *left.hidden]) == sorted(each.session_id for each in sessions)
    assert set(left.hidden.values()) == {key for key, heading in headings.items() if heading.is_folded}
    for key, heading in headings.items():
        there = members(arranged, key)
        assert heading.count == len(there) > 1
        assert {left.hidden.get(each) for each in there} == ({key} if heading.is_folded else {None})
