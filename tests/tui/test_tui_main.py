from __future__ import annotations

import asyncio
import time
from itertools import product
from typing import TYPE_CHECKING

import pytest
from textual._compositor import LayoutUpdate
from textual.events import Key, MouseScrollDown, MouseScrollUp

from quarterdeck.core.pane import TmuxSessionId
from quarterdeck.core.session import Ask, Evidence, Need, SessionId, SessionState, Source
from quarterdeck.errors import Refused, TmuxMissing, TmuxUnreachable
from quarterdeck.ports.mux import Switched
from quarterdeck.tui.app import ConsoleApp
from quarterdeck.tui.preferences import Preferences
from quarterdeck.tui.screens.main import MainScreen
from quarterdeck.values import replace
from support.canned import CannedBackend
from support.console import Typed, console, text_of
from support.fleet import NOW, canned_fleet, canned_sessions, crowd, fleet_of
from support.patience import PATIENCE

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.screen import Screen

    from quarterdeck.core.session import Session


async def test_what_asks_stands_first_and_is_selected() -> None:
    async with console() as running:
        assert running.main.table.ids[:4] == ["sess_1", "sess_2", "sess_3", "sess_4"]
        assert running.main.table.selected == "sess_1"


async def test_the_head_line_counts_the_states_and_names_who_waits() -> None:
    async with console(size=(160, 45)) as running:
        head = text_of(running.main.head)
        assert "▲ 2 ask" in head
        assert "✖ 1 failed" in head
        assert "● 5 work" in head
        assert "checkout-tax waits for 4m" in head


async def test_in_eighty_columns_the_head_line_still_counts_every_state_and_names_who_waits() -> None:
    async with console(size=(80, 24)) as running:
        head = text_of(running.main.head)
        assert "▲ 2 ask  ✖ 1  ◆ 1  ● 5  ○ 2  ? 1  ≠ 1  ◌ 1" in head
        assert "checkout-tax waits for 4m" in head


async def test_the_foot_line_says_what_the_keys_do_while_a_filter_is_typed_and_after() -> None:
    async with console() as running:
        before = text_of(running.main.foot)
        await running.press("/")
        assert text_of(running.main.foot).split() == ["Enter", "keep", "Esc", "clear", "↑", "↓", "move"]
        await running.press("escape")
        assert text_of(running.main.foot) == before


async def test_enter_goes_to_the_selected_pane() -> None:
    async with console() as running:
        await running.press("j", "enter")
        assert running.backend.calls == [("go", "sess_2")]


async def test_a_popup_closes_when_it_has_switched() -> None:
    backend = CannedBackend(going=Switched(closes=True))
    async with console(backend) as running:
        await running.press("enter")
        assert running.app.return_value == 0


async def test_a_filter_typed_before_there_is_a_place_for_it_is_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    furnish = MainScreen.furnish
    monkeypatch.setattr(MainScreen, "furnish", lambda screen: None)
    async with console() as running:
        monkeypatch.setattr(MainScreen, "furnish", furnish)
        await running.press_at_once("slash", *"bx", "enter")
        assert running.app.screen is running.main
        assert running.main.fleet_view.filter == "bx"


async def test_the_wheel_moves_the_cursor_as_the_arrows_do() -> None:
    async with console(size=(120, 36)) as running:
        table = running.main.table
        for wheel, place in ((MouseScrollDown, 1), (MouseScrollDown, 2), (MouseScrollUp, 1)):
            table.post_message(wheel(table, 5, 5, 0, 1, 0, shift=False, meta=False, ctrl=False))
            await running.settle()
            assert table.selected == table.ids[place]


async def test_a_double_click_goes_and_a_single_click_only_selects() -> None:
    async with console() as running:
        await running.pilot.click("#fleet", offset=(5, 4))
        await running.settle()
        assert running.main.table.selected == running.main.table.ids[3]
        assert running.backend.calls == []
        await running.pilot.click("#fleet", offset=(5, 4), times=2)
        await running.settle()
        assert running.backend.calls == [("go", running.main.table.ids[3])]


async def test_the_filter_narrows_and_enter_twice_goes_there() -> None:
    async with console() as running:
        await running.press("/", Typed("tiles"))
        assert running.main.table.ids == ["sess_3"]
        await running.press("enter")
        assert running.main.table.ids == ["sess_3"]
        assert running.backend.calls == []
        await running.press("enter")
        assert running.backend.calls == [("go", "sess_3")]


async def test_escape_clears_the_filter_while_typing_and_after() -> None:
    async with console() as running:
        everything = running.main.table.ids
        await running.press("/", Typed("shop"), "escape")
        assert running.main.table.ids == everything
        await running.press("/", Typed("shop"), "enter")
        assert len(running.main.table.ids) < len(everything)
        await running.press("escape")
        assert running.main.table.ids == everything
        assert not running.main.filter_bar.display


async def test_keys_typed_into_the_filter_are_not_commands() -> None:
    async with console() as running:
        await running.press("/", Typed("qjx"))
        assert running.main.fleet_view.filter == "qjx"
        assert running.app.is_running


async def test_the_cursor_stays_on_its_session_when_that_gets_its_identity() -> None:
    known = [replace(one, tmux_id=TmuxSessionId(f"${number}")) for number, one in enumerate(canned_sessions())]
    early = [replace(one, session_id=SessionId(f"~{one.tmux_id}"), asks=None, needs=None) for one in reversed(known)]
    async with console(CannedBackend(shown=fleet_of(*early))) as running:
        running.main.table.select(SessionId("~$1"))
        before = running.main.table.ids.index("~$1")
        running.backend.set(fleet_of(*known))
        await running.settle()
        assert running.main.table.selected == known[1].session_id
        assert running.main.table.ids.index(known[1].session_id) != before


async def test_the_cursor_stays_on_its_session_when_rows_move() -> None:
    async with console() as running:
        running.clock.advance(5)
        assert running.main.table.select("sess_7")
        sessions = canned_sessions()
        sessions[6] = replace(
            sessions[6],
            state=SessionState.ATTENTION,
            needs=Need.QUESTION,
            asks=Ask(kind=Need.QUESTION, text="Now?", since=NOW),
        )
        running.backend.set(fleet_of(*sessions))
        await running.settle()
        assert running.main.table.selected == "sess_7"
        assert running.main.table.ids.index("sess_7") == 2


PLACEHOLDER = Evidence(cause="supervisor_placeholder", observed_at=NOW)
KEPT = Evidence(cause="screen_idle", observed_at=NOW, source=Source.RESTORED)


def unseen(*sessions: Session, kept: Evidence = PLACEHOLDER) -> list[Session]:
    """The sessions as they are shown until somebody has looked: calm, and in no special order."""
    return [
        replace(
            one, state=SessionState.IDLE, state_evidence=kept, needs=None, asks=None, tmux_name=f"{place}-{one.cwd}"
        )
        for place, one in enumerate(sessions)
    ]


@pytest.mark.parametrize("kept", [PLACEHOLDER, KEPT], ids=["never seen before", "kept"])
async def test_the_first_opening_puts_the_cursor_on_what_asks_once_states_are_known(kept: Evidence) -> None:
    rows = unseen(*reversed(canned_sessions()), kept=kept)
    async with console(CannedBackend(shown=fleet_of(*rows))) as running:
        first = running.main.table.selected
        assert first == running.main.table.ids[0] != "sess_1"
        running.backend.set(canned_fleet())
        await running.settle()
        assert running.main.table.selected == "sess_1"
        assert running.main.preview.shown == "sess_1"
        assert running.backend.remembered.get("selected") is None


@pytest.mark.parametrize("key", ["j", "question_mark", "p"])
async def test_no_opening_moves_the_cursor_from_under_the_operator_s_hand(key: str) -> None:
    async with console(CannedBackend(shown=fleet_of(*unseen(*reversed(canned_sessions()))))) as running:
        await running.press(key)
        chosen = running.main.table.selected
        running.backend.set(canned_fleet())
        await running.settle()
        assert running.main.table.selected == chosen


async def test_a_row_that_is_remembered_is_where_the_console_opens() -> None:
    backend = CannedBackend(
        shown=fleet_of(*unseen(*canned_sessions())), preferences=Preferences(selected=SessionId("sess_7"))
    )
    async with console(backend) as running:
        running.backend.set(canned_fleet())
        await running.settle()
        assert running.main.table.selected == "sess_7"


async def test_a_cursor_that_has_been_seen_on_known_rows_stays_where_it_is() -> None:
    seen = Evidence(cause="screen_idle", observed_at=NOW, source=Source.SCREEN)
    calm = [replace(one, state_evidence=seen) for one in unseen(*reversed(canned_sessions()))]
    async with console(CannedBackend(shown=fleet_of(*calm))) as running:
        first = running.main.table.selected
        running.backend.set(canned_fleet())
        await running.settle()
        assert running.main.table.selected == first


async def test_rows_do_not_move_within_a_second_of_a_key() -> None:
    async with console() as running:
        await running.press("j")
        before = running.main.table.ids
        sessions = canned_sessions()
        sessions[6] = replace(sessions[6], state=SessionState.ERROR, needs=Need.ERROR)
        running.backend.set(fleet_of(*sessions, exited=tuple(canned_fleet().exited.values())))
        await running.settle()
        assert running.main.table.ids == before
        assert "failed" in running.row("sess_7")
        running.clock.advance(2)
        running.main.sync()
        assert running.main.table.ids.index("sess_7") == 3


async def test_a_session_that_ends_leaves_the_cursor_at_its_place() -> None:
    async with console() as running:
        await running.press("j", "j")
        ids = running.main.table.ids
        fleet = canned_fleet()
        running.backend.set(replace(fleet, sessions={k: v for k, v in fleet.sessions.items() if k != ids[2]}))
        await running.settle()
        assert running.main.table.selected == ids[3]


async def test_a_goes_round_those_who_wait() -> None:
    async with console() as running:
        seen = []
        for _ in range(5):
            seen.append(running.main.table.selected)
            await running.press("a")
        assert seen == ["sess_1", "sess_2", "sess_3", "sess_4", "sess_1"]
        await running.press("G", "A")
        assert running.main.table.selected == "sess_2"


async def test_a_goes_to_who_asks_from_wherever_the_cursor_stands() -> None:
    async with console() as running:
        selected = []
        for there in ("4", "3", "5", "G"):
            await running.press(there, "a")
            selected.append(running.main.table.selected)
            await running.press(there, "A")
            selected.append(running.main.table.selected)
        assert selected == ["sess_1", "sess_2"] * 4


async def test_a_question_that_comes_meanwhile_is_next() -> None:
    async with console() as running:
        await running.press("a", "a", "a")
        assert running.main.table.selected == "sess_4"
        sessions = canned_sessions()
        sessions[1] = replace(sessions[1], asks=Ask(kind=Need.QUESTION, text="And now?", since=NOW))
        running.backend.set(fleet_of(*sessions))
        await running.settle()
        await running.press("a")
        assert running.main.table.selected == "sess_2"


async def test_digits_jump_and_g_goes_to_the_ends() -> None:
    async with console() as running:
        ids = running.main.table.ids
        await running.press("5")
        assert running.main.table.selected == ids[4]
        await running.press("G")
        assert running.main.table.selected == ids[-1]
        await running.press("g")
        assert running.main.table.selected == ids[0]


async def test_the_preview_shows_the_question_and_the_tail_without_their_control_codes() -> None:
    backend = CannedBackend(
        tail=lambda session_id: f"\x1b]2;stolen title\x07[bold]{session_id}[/] \x1b[31mred\x1b[0m\x9b2J"
    )
    async with console(backend) as running:
        assert text_of(running.main.preview.tail) == " [bold]sess_1[/] red"
        assert running.main.preview.question.display
        await running.press("3")
        assert "sess_3" in text_of(running.main.preview.tail)
        assert not running.main.preview.question.display


async def test_the_preview_keeps_what_it_showed_while_tmux_does_not_answer() -> None:
    def tail(session_id: str) -> str:
        if hung:
            raise TmuxUnreachable("tmux did not answer in time.")
        return f"the tail of {session_id}"

    hung = False
    async with console(CannedBackend(tail=tail)) as running:
        hung = True
        first, *rest = canned_sessions()
        running.clock.advance(1)
        running.backend.set(fleet_of(replace(first, thought="another"), *rest))
        await running.settle()
        assert text_of(running.main.preview.tail) == " the tail of sess_1"
        running.clock.advance(1)
        await running.press("j")
        assert text_of(running.main.preview.tail) == " tmux did not answer in time."


async def test_the_preview_is_not_fetched_while_it_is_off() -> None:
    asked: list[str] = []

    def tail(session_id: str) -> str:
        asked.append(session_id)
        return "x"

    backend = CannedBackend(preferences=Preferences(preview="off"), tail=tail)
    async with console(backend) as running:
        await running.press("j", "j")
        assert asked == []


async def test_a_failure_is_told_once_and_changes_nothing() -> None:
    backend = CannedBackend(fails_with=Refused("It is [not] ready.", hint="Wait."))
    async with console(backend) as running:
        await running.press("enter")
        (toast,) = running.app._notifications
        assert toast.message == "It is [not] ready.\nWait."
        assert running.app.is_running


@pytest.mark.parametrize("size", [(20, 5), (30, 6), (40, 10), (60, 15), (80, 24), (200, 60)], ids=str)
async def test_every_size_is_drawn(size: tuple[int, int]) -> None:
    async with console(size=size) as running:
        assert running.app.is_running
        shown = running.main.notice.display
        assert shown is (size == (20, 5))


async def test_hostile_names_are_data() -> None:
    nasty = replace(
        canned_sessions()[4],
        session_id=SessionId("sess_99"),
        tmux_name="[/red][@click=app.quit]\x1b]2;x\x07\x1b[2J",
        work=None,
        thought="[bold]\u202eabc",
    )
    async with console(CannedBackend(shown=fleet_of(nasty))) as running:
        assert "[/red][@click=app.quit]" in running.row("sess_99")
        assert "\x1b" not in running.row("sess_99")


async def test_a_thousand_sessions_are_shown() -> None:
    async with console(CannedBackend(shown=crowd(1000))) as running:
        assert len(running.main.table.ids) == 1000
        await running.press("G", "g", "pagedown")


async def test_trouble_leaves_only_what_helps_and_r_tries_again() -> None:
    backend = CannedBackend(problem=TmuxMissing("tmux 2.9 is too old.", hint="Install a newer one."))
    async with console(backend) as running:
        assert text_of(running.main.foot).split() == ["?", "help", "q", "quit"]
        await running.press("x", "enter")
        assert running.app.screen is running.main
        backend.problem = None
        await running.press("r")
        assert not running.main.notice.display
        assert running.main.table.selected == "sess_1"


async def test_an_empty_fleet_offers_a_new_session_and_nothing_for_rows() -> None:
    async with console(CannedBackend(shown=fleet_of())) as running:
        assert running.main.notice.display
        assert "filter" not in text_of(running.main.foot)
        assert "n new" in text_of(running.main.foot)
        running.backend.set(fleet_of(*canned_sessions()))
        await running.settle()
        assert not running.main.notice.display
        assert running.main.table.selected == "sess_1"


async def test_the_preview_goes_right_below_and_off_and_is_remembered() -> None:
    async with console(size=(200, 50)) as running:
        seen = []
        for _ in range(4):
            seen.append((running.main.preview.display, running.main.has_class("-right")))
            await running.press("p")
        assert seen == [(True, True), (True, False), (False, False), (True, True)]
        assert running.backend.remembered["preview"] == "below"


async def test_the_console_begins_with_the_view_of_the_settings() -> None:
    backend = CannedBackend(preferences=Preferences(views={"mine": "repo:atlas"}, view="mine"))
    async with console(backend) as running:
        assert running.main.table.ids == ["sess_3", "atl-12", "atl-13"]
        await running.press("escape")
        assert len(running.main.table.ids) == 15


async def test_what_a_program_calls_its_default_colour_is_our_ground() -> None:
    backend = CannedBackend(tail=lambda session_id: "\x1b[39;49mplain \x1b[34mblue\x1b[0m")
    async with console(backend) as running:
        line = running.main.preview.tail.render_line(0)
        grounds = {segment.style.bgcolor for segment in line if segment.style is not None}
        assert grounds == {running.app.context.colours.style("text").bgcolor}


async def test_a_stream_of_changes_costs_few_looks_and_few_previews() -> None:
    asked: list[str] = []

    def tail(session_id: str) -> str:
        asked.append(session_id)
        return f"{len(asked)}"

    async with console(CannedBackend(tail=tail)) as running:
        before, began = len(asked), time.monotonic()
        first, *rest = canned_sessions()
        for number in range(50):
            running.backend.set(fleet_of(replace(first, thought=f"thought {number}"), *rest))
            await running.pilot.pause()
        await running.settle()
        assert "Run the migration" in running.row("sess_1")
        passed = time.monotonic() - began
        assert 1 <= len(asked) - before <= passed / 0.1 + 2


@pytest.mark.parametrize("keys", [(), ("n",), ("?",), ("x",)], ids=["table", "new", "help", "end"])
async def test_a_terminal_without_unicode_gets_ascii_in_the_same_cells(keys: tuple[str, ...]) -> None:
    async with console(CannedBackend(preferences=Preferences(ascii_only=True)), size=(150, 36)) as running:
        await running.press(*keys)
        for strip in running.app.screen._compositor.render_strips():
            assert strip.text.isascii()
            assert len(strip.text) == 150


@pytest.mark.parametrize("keys", [(), ("/", "s", "h"), ("/", "z", "z", "z")], ids=["table", "filter", "notice"])
async def test_a_resting_screen_paints_nothing(keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    async with console() as running:
        await running.press(*keys)
        running.clock.advance(2)
        running.main.sync()
        await running.settle()
        painted: list[object] = []
        monkeypatch.setattr(running.main._compositor, "update_widgets", painted.extend)

        running.clock.advance(9)
        running.main.sync()
        await running.settle()

        assert painted == []


async def test_keys_typed_in_one_go_reach_what_the_first_of_them_opened() -> None:
    async with console() as running:
        for key, character in (
            ("slash", "/"),
            *((letter, letter) for letter in "tax"),
            ("enter", "\r"),
            ("enter", "\r"),
        ):
            running.app.post_message(Key(key, character))
        await running.settle()

        assert running.main.fleet_view.filter == "tax"
        assert running.main.focused is running.main.table
        assert running.backend.calls == [("go", running.main.table.ids[0])]


async def test_keys_that_come_while_others_are_under_way_neither_overtake_nor_get_lost() -> None:
    typed = [("slash", "/"), ("t", "t"), ("a", "a"), ("x", "x"), ("enter", "\r"), ("enter", "\r")]
    async with console() as running:
        for first, turns in product((2, 3), range(2, 7)):
            for number, (key, character) in enumerate(typed):
                for _ in range(turns if number == first else 0):
                    await asyncio.sleep(0)
                running.app.post_message(Key(key, character))
            await running.settle()

            assert running.main.fleet_view.filter == "tax"
            assert running.main.focused is running.main.table
            assert running.backend.calls == [("go", running.main.table.ids[0])]
            running.backend.calls.clear()
            await running.press("escape")


async def test_a_frame_that_was_held_back_is_painted_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(size=(100, 30)) as running:
        held, painted = asyncio.Event(), asyncio.Event()
        display, paint = running.app._display, running.main._compositor_refresh

        def asked() -> None:
            held.set()
            paint()

        def watched(screen: Screen[object], frame: RenderableType | None) -> None:
            if isinstance(frame, LayoutUpdate):
                assert not running.app._batch_count
                painted.set()
            display(screen, frame)

        monkeypatch.setattr(running.main, "_compositor_refresh", asked)
        monkeypatch.setattr(running.app, "_display", watched)
        # Not the pilot's `pause`, which makes the screen paint.
        async with asyncio.timeout(PATIENCE):
            with running.app.batch_update():
                await running.pilot.resize_terminal(90, 30)
                await held.wait()
            await painted.wait()


async def test_a_start_paints_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    frames: list[RenderableType] = []
    display = ConsoleApp._display

    def watched(app: ConsoleApp, screen: Screen[object], frame: RenderableType | None) -> None:
        if frame is not None:
            frames.append(frame)
        display(app, screen, frame)

    monkeypatch.setattr(ConsoleApp, "_display", watched)
    monkeypatch.setattr(ConsoleApp, "_start", lambda app: None)
    async with console(CannedBackend(shown=crowd(40))):
        assert sum(isinstance(frame, LayoutUpdate) for frame in frames) == 1


async def test_the_very_first_table_has_the_columns_of_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    frames: list[str] = []
    display = ConsoleApp._display

    def watched(app: ConsoleApp, screen: Screen[object], frame: RenderableType | None) -> None:
        if frame is not None:
            frames.append("\n".join(strip.text for strip in screen._compositor.render_strips()))
        display(app, screen, frame)

    monkeypatch.setattr(ConsoleApp, "_display", watched)
    async with console():
        first = next(frame for frame in frames if "▲" in frame)
        assert "ledger-import" in first
