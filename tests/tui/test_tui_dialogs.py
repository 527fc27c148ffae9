from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from textual.widgets import Static

from quarterdeck.core.session import Ask, Need
from quarterdeck.operations.new import NewSessionRequest
from quarterdeck.ports.mux import Attach, TypeThis
from quarterdeck.tui.action_handlers import COMMANDS
from quarterdeck.tui.actions import ACTIONS
from quarterdeck.tui.app import ConsoleApp
from quarterdeck.tui.preferences import Preferences
from quarterdeck.tui.screens.dialog import Page
from quarterdeck.tui.widgets.text_box import TextBox
from quarterdeck.values import replace
from support.canned import CannedBackend
from support.console import Typed, console, text_of
from support.fleet import NOW, canned_sessions, fleet_of

if TYPE_CHECKING:
    import pytest

    from quarterdeck.operations.settings_desk import Setting
    from support.console import Running


def page_text(running: Running) -> str:
    screen = running.app.screen
    assert isinstance(screen, Page)
    return text_of(screen.lines)


def test_every_action_of_the_table_can_be_done() -> None:
    assert {action.name for action in ACTIONS} == set(COMMANDS)


async def test_ending_asks_first_says_what_is_lost_and_defaults_to_no() -> None:
    async with console() as running:
        await running.press("x")
        shown = "\n".join(str(widget.render()) for widget in running.app.screen.query("Static"))
        assert "End checkout-tax?" in shown
        assert "2 commits are not pushed." in shown
        await running.press("enter")
        assert running.backend.calls == []
        await running.press("x", "y")
        assert running.backend.calls == [("end", ("sess_1",))]


async def test_forgetting_leaves_tmux_alone() -> None:
    async with console() as running:
        await running.press("x", "d")
        assert running.backend.calls == [("forget", ("sess_1",))]


async def test_several_are_ended_only_when_their_number_is_typed() -> None:
    async with console() as running:
        await running.press("space", "space", "x", "y", "d")
        assert running.backend.calls == []
        await running.press("3", "enter")
        assert running.backend.calls == []
        await running.press("x", "2", "enter")
        assert running.backend.calls == [("end", ("sess_1", "sess_2"))]
        assert running.main.fleet_view.marked == set()


async def test_the_cursor_steps_off_what_is_ended() -> None:
    async with console() as running:
        await running.press("j", "x", "y")
        assert running.main.table.selected == "sess_3"
        await running.press("G", "x", "y")
        assert running.main.table.selected == running.main.table.ids[-2]


async def test_a_message_of_two_lines_is_sent_to_the_row() -> None:
    async with console() as running:
        await running.press("5", "m", "h", "i", "ctrl+j", "q", "enter")
        assert running.backend.calls == [("send", ("atl-12",), "hi\nq")]
        assert [toast.message for toast in running.app._notifications] == ["Delivered to atlas-12"]


async def test_a_message_goes_to_the_marked_rows_although_the_cursor_is_on_one_that_is_gone() -> None:
    async with console() as running:
        await running.press("1", "space", "G")
        running.main.table.select("sess_14")
        await running.press("m", Typed("go"), "enter")
        assert running.backend.calls == [("send", ("sess_1",), "go")]


async def test_an_empty_message_is_not_sent() -> None:
    async with console() as running:
        await running.press("m", "enter", "escape")
        assert running.backend.calls == []


async def test_a_question_is_answered_by_number_after_it_could_be_read() -> None:
    async with console() as running:
        await running.press("y", "2")
        assert running.backend.calls == []
        running.clock.advance(1)
        await running.press("2")
        ask = canned_sessions()[0].asks
        assert running.backend.calls == [("answer", "sess_1", ask, "2")]


async def test_a_question_is_answered_in_own_words() -> None:
    async with console() as running:
        await running.press("y", "t", Typed("1 no"), "enter")
        assert running.backend.calls[0][3] == "1 no"


async def test_the_choice_that_only_lets_one_write_leads_to_writing() -> None:
    ask = Ask(kind=Need.QUESTION, text="Which?", choices=("Red", "Type something."), since=NOW, to_write=2)
    first, *rest = canned_sessions()
    async with console() as running:
        running.backend.set(fleet_of(replace(first, asks=ask), *rest))
        await running.settle()
        await running.press("y")
        running.clock.advance(1)
        await running.press_at_once("2", *"Green", "enter")
        assert running.backend.calls == [("answer", "sess_1", ask, "Green")]


async def test_the_answer_dialog_closes_when_another_question_is_asked() -> None:
    async with console() as running:
        await running.press("y")
        running.clock.advance(1)
        first, *rest = canned_sessions()
        assert first.asks is not None
        again = replace(first, asks=replace(first.asks, since=NOW + timedelta(seconds=3)))
        running.backend.set(fleet_of(again, *rest))
        await running.settle()
        assert running.app.screen is not running.main, "the same question, told by another source, is the same"
        other = replace(first, asks=Ask(kind=Need.PERMISSION, text="Delete all?", choices=("Yes",), since=NOW))
        running.backend.set(fleet_of(other, *rest))
        await running.settle()
        assert running.app.screen is running.main
        await running.press("1")
        assert running.backend.calls == []


async def test_the_answer_dialog_stays_when_another_source_tells_of_its_question_in_fewer_words() -> None:
    seen = Ask(kind=Need.QUESTION, text="☐ Colour\nWhich?", choices=("Red", "Blue", "Type something."), since=NOW)
    told = replace(seen, text="Which?", choices=("Red", "Blue"))
    first, *rest = canned_sessions()
    async with console() as running:
        running.backend.set(fleet_of(replace(first, asks=seen), *rest))
        await running.settle()
        await running.press("y")
        running.backend.set(fleet_of(replace(first, asks=told), *rest))
        await running.settle()
        running.clock.advance(1)
        await running.press("2")
        assert running.backend.calls == [("answer", "sess_1", seen, "2")], "the key is for what was shown"


async def test_the_answer_dialog_takes_in_the_words_that_came_after_the_ask() -> None:
    drawn = Ask(kind=Need.QUESTION, text="Which?", choices=("Red", "Blue"), since=NOW)
    first, *rest = canned_sessions()
    async with console() as running:
        running.backend.set(fleet_of(replace(first, asks=replace(drawn, text="", choices=())), *rest))
        await running.settle()
        await running.press("y")
        running.clock.advance(1)
        running.backend.set(fleet_of(replace(first, asks=drawn), *rest))
        await running.settle()
        await running.press("2")
        assert running.backend.calls == [], "it could not be read yet"
        running.clock.advance(1)
        await running.press("2")
        assert running.backend.calls == [("answer", "sess_1", drawn, "2")]


async def test_the_keys_are_those_of_an_answer_that_was_begun_before_the_choices_came() -> None:
    drawn = Ask(kind=Need.QUESTION, text="Which?", choices=("Red", "Blue"), since=NOW)
    first, *rest = canned_sessions()
    async with console() as running:
        running.backend.set(fleet_of(replace(first, asks=replace(drawn, text="", choices=())), *rest))
        await running.settle()
        await running.press("y", "n", "o")
        running.backend.set(fleet_of(replace(first, asks=drawn), *rest))
        await running.settle()
        keys = str(running.app.screen.query_one("#keys", Static).content)
        assert keys.startswith("Enter answer")
        assert "1-2" not in keys


async def test_the_answer_dialog_shows_the_screen_s_choices_where_the_agent_told_of_none() -> None:
    told = Ask(kind=Need.QUESTION, text="Which colour?\nWhich size?", since=NOW)
    seen = Ask(kind=Need.QUESTION, text="Which colour?", choices=("Red", "Blue"), since=NOW)
    first, *rest = canned_sessions()
    async with console() as running:
        running.backend.on_screen = seen
        running.backend.set(fleet_of(replace(first, asks=told), *rest))
        await running.settle()
        await running.press("y")
        running.clock.advance(1)
        running.backend.set(fleet_of(replace(first, asks=told, thought="waits"), *rest))
        await running.settle()
        assert running.app.screen is not running.main, "what was told of is still told of"
        await running.press("2")
        assert running.backend.calls == [("answer", "sess_1", seen, "2")]


async def test_answering_is_not_offered_where_nothing_is_asked() -> None:
    async with console() as running:
        await running.press("3", "y")
        assert running.app.screen is running.main
        asked = running.main.selected
        assert asked is not None
        assert [toast.message for toast in running.app._notifications] == [f'"{asked.tmux_name}" asks nothing now.']
        assert "answer" not in text_of(running.main.foot)
        await running.press("u", "d", "v")
        assert running.backend.calls == []
        said = [toast.message for toast in running.app._notifications][1:]
        assert [
            words in each for words, each in zip(("nothing to bring back", "is live", "[views]"), said, strict=True)
        ]


async def test_a_new_session_needs_a_directory_an_agent_and_a_request() -> None:
    async with console() as running:
        await running.press("n", Typed("ledg"), "enter")
        foot = running.app.screen.query_one("#keys", Static)
        assert str(foot.render()).startswith("← → choose  Enter start"), "a shell needs no request"
        await running.press("right", "right")
        assert "Enter go on" in str(foot.render())
        await running.press("enter", Typed("go on"))
        assert "Enter start" in str(foot.render())
        await running.press("enter")
        wanted = NewSessionRequest(cwd=Path("/home/kim/ledger"), stem="ledger-codex", tool="codex", request="go on")
        assert running.backend.calls == [("new", wanted)]


async def test_a_new_session_begins_with_the_usual_agent_also_for_who_types_ahead() -> None:
    async with console(CannedBackend(usual_agent="codex")) as running:
        await running.press_at_once("n", *"ledg", "enter", "enter", *"go on", "enter")
        wanted = NewSessionRequest(cwd=Path("/home/kim/ledger"), stem="ledger-codex", tool="codex", request="go on")
        assert running.backend.calls == [("new", wanted)]


async def test_a_request_is_asked_for_only_where_an_agent_takes_it() -> None:
    async with console() as running:
        await running.press("n", "tab", "tab")
        assert running.app.focused is running.app.screen.query_one("#typed"), "a shell takes no request"
        await running.press("tab", "right", "tab", Typed("hi"))
        assert running.app.screen.query_one("#writing", TextBox).text == "hi"


async def test_new_sessions_in_several_directories() -> None:
    async with console() as running:
        await running.press("n", "ctrl+t", "ctrl+t", "ctrl+s")
        shop, ledger = Path("/home/kim/shop"), Path("/home/kim/ledger")
        assert running.backend.calls == [
            ("new", NewSessionRequest(cwd=shop, stem="shop", request="")),
            ("new", NewSessionRequest(cwd=ledger, stem="ledger", request="")),
        ]


async def test_what_is_typed_in_one_go_narrows_before_enter_takes_it() -> None:
    async with console() as running:
        await running.press("ctrl+p")
        await running.press_at_once(*"activity", "enter")
        assert type(running.app.screen).__name__ == "ActivityScreen"


async def test_an_answer_typed_ahead_is_the_answer() -> None:
    async with console() as running:
        await running.press_at_once("y", "t", *"no", "space", *"thanks", "enter")
        assert [action[0::3] for action in running.backend.calls] == [("answer", "no thanks")]


async def test_a_search_typed_ahead_is_the_search_and_esc_leads_out_of_it_before_it_leads_out_of_the_log() -> None:
    async with console() as running:
        await running.press_at_once("e", "slash", *"hotfix", "enter")
        assert "hotfix ended" in page_text(running)
        assert "checkout-tax" not in page_text(running)
        await running.press("slash", "escape")
        assert "checkout-tax" in page_text(running)
        await running.press("escape")
        assert running.app.screen is running.main


async def test_a_value_typed_ahead_is_the_value_and_esc_leads_out_of_it_with_nothing_changed() -> None:
    async with console() as running:
        await running.press(",", "down", "enter", "8", "escape")
        assert running.backend.calls == []
        await running.press_at_once("enter", "9", "enter")
        assert running.backend.calls == [("set", "thoughts.seconds", "9")]


async def test_settings_say_that_they_are_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console() as running:
        settings, said = running.backend.settings, list[str]()

        def help_line() -> str:
            return str(running.app.screen.query_one("#setting-help", Static).render())

        async def noted() -> list[Setting]:
            said.append(help_line())
            return await settings()

        monkeypatch.setattr(running.backend, "settings", noted)
        await running.press(",")
        assert "Reading the settings" in said[0]
        assert "Reading the settings" not in help_line()


async def test_a_typed_path_is_taken_as_it_is_where_there_is_such_a_folder(tmp_path: Path) -> None:
    async with console() as running:
        await running.press("n", Typed(f"{tmp_path}x"), "enter", "ctrl+s")
        assert [toast.message for toast in running.app._notifications] == [f"There is no folder {tmp_path}x."]
        assert running.backend.calls == []
        await running.press("backspace", "enter", "enter")
        assert running.backend.calls == [("new", NewSessionRequest(cwd=tmp_path, stem=tmp_path.name, request=""))]


async def test_what_nobody_spawned_comes_back_under_its_name_and_a_worker_is_restored() -> None:
    async with console() as running:
        running.main.table.select("sess_14")
        await running.press("u")
        running.main.table.select("sess_15")
        await running.press("u", "d")
        assert running.backend.calls == [("bring back", "sess_14"), ("bring back", "sess_15"), ("forget", ("sess_15",))]


async def test_all_that_is_marked_and_gone_comes_back_at_once() -> None:
    async with console() as running:
        for row in ("sess_14", "sess_1", "sess_15"):
            running.main.table.select(row)
            await running.press("space")
        running.main.table.select("sess_1")
        await running.press("u")
        assert sorted(running.backend.calls) == [("bring back", "sess_14"), ("bring back", "sess_15")]
        assert running.main.fleet_view.marked == {"sess_1"}, "what is live was not brought back, and keeps its mark"


async def test_details_say_why_the_state_is_believed() -> None:
    async with console() as running:
        await running.press("i")
        text = page_text(running)
        for part in ("hook, confidence high", "PermissionRequest: Bash", "Checked the totals", "asks for permission"):
            assert part in text
        await running.press("escape")
        assert running.app.screen is running.main


async def test_details_of_a_worker_show_its_work_and_changes() -> None:
    async with console() as running:
        running.main.table.select("atl-12")
        await running.press("i")
        text = page_text(running)
        for part in ("feat/tile-cache-lock", "#131", "+lock = Lock()"):
            assert part in text


async def test_the_activity_log_can_be_narrowed_to_the_session() -> None:
    async with console() as running:
        await running.press("e")
        assert "hotfix" in page_text(running)
        await running.press("tab")
        assert "hotfix" not in page_text(running)
        assert "checkout-tax" in page_text(running)


async def test_the_help_shows_every_action_with_the_keys_it_really_has() -> None:
    wishes = Preferences(keys={"session.end": ("X", "delete"), "help.open": ("?",)})
    async with console(CannedBackend(preferences=wishes), size=(120, 60)) as running:
        await running.press("?")
        text = page_text(running)
        for action in ACTIONS:
            assert action.name in text
        (line,) = [line for line in text.split("\n") if "session.end" in line]
        assert line.split()[:2] == ["X", "Del"]
        await running.press("escape", "X", "y")
        assert running.backend.calls == [("end", ("sess_1",))]


async def test_a_wrong_key_setting_is_told_and_the_usual_keys_stay() -> None:
    async with console(CannedBackend(preferences=Preferences(keys={"session.end": ("j",)}))) as running:
        (toast,) = running.app._notifications
        assert "session.end: the key j is already that of row.down" in toast.message
        await running.press("j")
        assert running.main.table.selected == "sess_2"


async def test_a_setting_is_chosen_from_its_values_or_typed() -> None:
    async with console() as running:
        await running.press(",", "enter", "enter")
        assert running.backend.calls == []
        await running.press("enter", "down", "enter")
        assert running.backend.calls == [("set", "thoughts.engine", "command")]
        await running.press("down", "enter", "9", "enter")
        assert running.backend.calls[1:] == [("set", "thoughts.seconds", "9")]


async def test_the_palette_does_actions_and_goes_to_sessions() -> None:
    async with console() as running:
        await running.press("ctrl+p", Typed("atlas-til"), "enter")
        assert running.main.table.selected == "sess_3"
        assert running.backend.calls == [("go", "sess_3")]
        await running.press("ctrl+p", Typed("look at tmux"), "enter")
        assert running.backend.calls[1:] == [("look",)]


async def test_a_theme_is_shown_while_choosing_and_kept_only_on_enter() -> None:
    async with console() as running:
        await running.press("T", Typed("lig"))
        assert running.app.context.colours.name == "light"
        await running.press("escape")
        assert running.app.context.colours.name == "dark"
        assert "theme" not in running.backend.remembered
        await running.press("T", Typed("lig"), "enter")
        assert running.app.context.colours.name == "light"
        assert running.backend.remembered["theme"] == "light"


async def test_saved_views_are_filters() -> None:
    backend = CannedBackend(preferences=Preferences(views={"mine": "repo:shop !state:ended"}))
    async with console(backend) as running:
        await running.press("v", "enter")
        assert running.main.table.ids == ["sess_1", "sess_4", "sess_10"]
        await running.press("escape")
        assert len(running.main.table.ids) == 15


async def test_another_server_shows_the_command_to_type() -> None:
    backend = CannedBackend(going=TypeThis("tmux -L other attach -t =api", "It is on another server."))
    async with console(backend) as running:
        await running.press("enter")
        shown = "\n".join(str(widget.render()) for widget in running.app.screen.query("Static"))
        assert "tmux -L other attach -t =api" in shown


async def test_outside_tmux_the_console_steps_aside_while_attached(monkeypatch: pytest.MonkeyPatch) -> None:
    # The driver of the tests has no terminal to let go of.
    monkeypatch.setattr(ConsoleApp, "suspend", lambda app: nullcontext())
    backend = CannedBackend(going=Attach(("tmux", "attach", "-t", "%1")))
    async with console(backend) as running:
        await running.press("enter")
        assert running.backend.calls[-1] == ("attach", ("tmux", "attach", "-t", "%1"))
        assert running.main.table.selected == "sess_1"
