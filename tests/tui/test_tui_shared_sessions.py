"""Rows that share a tmux session: which pane is meant, gone to and ended, and the panes that are no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.session import Need, SessionId
from quarterdeck.operations.delivery import Delivery
from quarterdeck.operations.delivery_proof import Outcome
from quarterdeck.tui.rows.detail import session_lines
from quarterdeck.tui.screens.answer import AnswerScreen
from quarterdeck.tui.screens.end import EndScreen
from quarterdeck.values import replace
from support.canned import CannedBackend
from support.console import Running, console, text_of
from support.fleet import NOW, fleet_of
from support.shared_fleet import plain_panes, shared_fleet, shared_sessions

if TYPE_CHECKING:
    from collections.abc import Sequence


def shared(**fields: object) -> CannedBackend:
    return replace_fields(CannedBackend(shown=shared_fleet()), fields)


def replace_fields(backend: CannedBackend, fields: dict[str, object]) -> CannedBackend:
    for name, value in fields.items():
        setattr(backend, name, value)
    return backend


def said(running: Running) -> str:
    """What the dialog says."""
    return "\n".join(strip.text for strip in running.app.screen._compositor.render_strips())


async def test_enter_goes_to_the_row_under_the_cursor_and_no_other_of_its_session() -> None:
    async with console(shared()) as running:
        running.main.table.select("sess_3")
        await running.press("enter")
    assert running.backend.calls == [("go", "sess_3")]


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ("sess_2", "Its window ends; web:review, web:2 and web:docs go on."),
        ("sess_6", "Its pane ends; tiles:1.1 goes on."),
    ],
)
async def test_it_is_said_what_of_tmux_ends_and_what_goes_on(row: str, part: str) -> None:
    async with console(shared()) as running:
        running.main.table.select(row)
        await running.press("x")
        told = said(running)
        await running.press("y")

    assert part in told
    assert running.backend.calls == [("end", (row,))]


async def test_the_end_of_a_session_with_one_row_says_nothing_of_parts() -> None:
    async with console(shared()) as running:
        running.main.table.select("sess_5")
        await running.press("x")
        told = said(running)
        await running.press("s")

        assert isinstance(running.app.screen, EndScreen)
    assert "Its " not in told
    assert "whole session" not in told


@pytest.mark.parametrize(
    ("others", "told"),
    [(1, "1 other pane of its session ends with it."), (3, "3 other panes of its session end with it.")],
)
async def test_panes_without_an_agent_that_end_with_a_session_are_told(others: int, told: str) -> None:
    async with console(shared(panes_in_session=others)) as running:
        running.main.table.select("sess_8")
        await running.press("x")
        lost = said(running)

    assert told in lost
    assert "Nothing would be lost" not in lost


async def test_the_whole_session_is_the_other_choice_and_takes_the_number_of_its_rows() -> None:
    async with console(shared(panes_in_session=2)) as running:
        running.main.table.select("sess_2")
        await running.press("x", "s")
        told = said(running)
        await running.press("y", "d", "enter")
        before = list(running.backend.calls)
        await running.press("x", "s", "4", "enter")

    assert "End the whole session web?" in told
    for line in ("▲ web:review  codex asks", "● web:login", "● web:2", "○ web:docs", "and 2 panes without an agent"):
        assert line in told
    assert before == []
    assert running.backend.calls == [("end session", "sess_2")]


async def test_leaving_the_question_about_the_whole_session_ends_nothing() -> None:
    async with console(shared()) as running:
        running.main.table.select("sess_2")
        await running.press("x", "s", "escape")

        assert running.app.screen is running.main
        assert running.main.table.selected == "sess_2"
    assert running.backend.calls == []


async def test_every_row_that_ends_is_told_however_many_they_are() -> None:
    first = shared_sessions()[0]
    rows = [
        replace(first, session_id=SessionId(f"sess_{n}"), window_index=n, window_name=f"job-{n}", rows_in_session=20)
        for n in range(20)
    ]
    backend = CannedBackend(shown=fleet_of(*rows))
    async with console(backend, (80, 24)) as running:
        await running.press("x", "s")
        screen = running.app.screen
        assert isinstance(screen, EndScreen)
        told = str(screen.query("Static")[1].render())

    assert all(f"web:job-{n} (codex asks)" in told for n in range(20))


async def test_of_marked_rows_in_shared_sessions_only_the_panes_end() -> None:
    async with console(shared()) as running:
        for row in ("sess_2", "sess_5"):
            running.main.table.select(row)
            await running.press("space")
        await running.press("x")
        told = said(running)
    assert "Of web:login only the panes end, not the sessions." in told


async def test_dialogs_and_toasts_call_a_row_by_its_window() -> None:
    backend = shared()
    async with console(backend, shows_toasts=True) as running:
        running.main.table.select("sess_1")
        await running.press("y")
        screen = running.app.screen
        assert isinstance(screen, AnswerScreen)
        asked = screen.heading
        await running.press("escape", "m", *"hi", "enter")
        toasts = [toast.message for toast in running.app._notifications]
        title = text_of(running.main.preview.title_line)
        head = text_of(running.main.head)
        await running.press("i")
        details = said(running)
    place = ["".join(cell.text for cell in line) for line in session_lines(shared_sessions()[0], NOW)]

    assert asked == "web:review asks"
    assert toasts == ["Delivered to web:review"]
    assert title.startswith(" web:review")
    assert "web:review" in details
    assert "  tmux        web:0.0  review  %1  on /tmp/tmux-1000/default" in place
    assert "api waits" in head


async def test_a_message_that_was_not_delivered_says_to_which_row() -> None:
    backend = shared()
    row = shared_sessions()[1]

    async def send(ids: Sequence[SessionId], text: str, *, as_command: bool) -> list[Delivery]:
        return [Delivery(session=row, outcome=Outcome.QUEUED, detail="it asks")]

    backend.send = send  # type: ignore[method-assign]
    async with console(backend, shows_toasts=True) as running:
        running.main.table.select("sess_2")
        await running.press("m", *"hi", "enter")
        toasts = [toast.message for toast in running.app._notifications]

    assert toasts == ["Queued for web:login\nweb:login: it asks"]


async def test_panes_that_are_no_rows_are_shown_and_gone_to() -> None:
    async with console(shared(panes=plain_panes())) as running:
        await running.press("0")
        told = said(running)
        await running.press(*"vim", "enter")

    assert "web:review.1" in told
    assert "web:4.0" in told
    assert "vim  /home/kim/shop/src" in told
    assert running.backend.calls == [("go to pane", "%50")]


async def test_keys_typed_while_panes_are_looked_up_are_for_that_list() -> None:
    async with console(shared(panes=plain_panes())) as running:
        await running.press_at_once("0", "n", "o", "t", "enter")
        await running.settle()

    assert running.backend.calls == [("go to pane", "%52")]


async def test_where_every_pane_is_a_row_it_says_so() -> None:
    async with console(shared(), shows_toasts=True) as running:
        await running.press("0")

        assert [toast.message for toast in running.app._notifications] == ["Every pane of this tmux server is a row."]
        assert running.app.screen is running.main


async def test_hostile_panes_are_only_text() -> None:
    hostile = replace(
        plain_panes()[0], window_name="[/x]\x1b]0;owned\x07[b]", path="/tmp/[red]\x1b[2J", command="\x9b1m"
    )
    async with console(shared(panes=[hostile])) as running:
        await running.press("0")
        told = said(running)

    assert "web:[/x][b].1" in told
    assert "/tmp/[red]" in told
    assert "\x1b" not in told


def test_a_row_that_asks_is_named_in_full_wherever_needs_are_told() -> None:
    from quarterdeck.core.notice import notice_of

    row = shared_sessions()[0]
    assert notice_of(row, Need.QUESTION).name == "web:review"


async def test_of_a_row_whose_server_is_gone_no_part_and_no_session_can_end() -> None:
    rows = [replace(row, is_stale=True) for row in shared_sessions()[:2]]
    async with console(CannedBackend(shown=fleet_of(*rows))) as running:
        await running.press("x")
        told = said(running)
        await running.press("s")

        assert isinstance(running.app.screen, EndScreen)
    assert "Its " not in told
    assert "whole session" not in told


async def test_the_cursor_goes_to_a_row_that_stays_when_a_session_ends() -> None:
    async with console(shared()) as running:
        running.main.table.select("sess_2")
        await running.press("x", "s", "4", "enter")

        assert running.main.table.selected not in {None, "sess_1", "sess_2", "sess_3", "sess_4"}
