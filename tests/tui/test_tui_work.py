"""Spawning, stopping and clearing up, on a canned backend."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Static

from quarterdeck.core.session import SessionId
from quarterdeck.core.work import Work
from quarterdeck.errors import ForgeError
from quarterdeck.operations.long_operations import LongOperation
from quarterdeck.operations.spawn import SpawnRequest
from quarterdeck.tui.screens.picker import PickerItem
from quarterdeck.tui.screens.spawn import NO_ISSUE, to_choose_from
from quarterdeck.tui.widgets.choices import ChoiceList
from quarterdeck.values import replace
from support.canned import CannedBackend
from support.console import Typed, console
from support.fleet import NOW, canned_sessions, fleet_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from quarterdeck.operations.cleanup import Cleared
    from support.console import Running

ISSUES = [
    PickerItem("#142", "#142  Tiles flicker"),
    PickerItem("#42", "#42  Zoom is off"),
    PickerItem("A-7", "A-7  Names"),
]


def shown(running: Running) -> str:
    return "\n".join(str(widget.render()) for widget in running.app.screen.query(Static))


@pytest.mark.parametrize(
    ("typed", "first", "also"),
    [
        ("", NO_ISSUE.id, ["#142", "#42", "A-7"]),
        ("42", "#42", ["#142"]),
        ("a-7", "A-7", []),
        ("9", "9", []),
        ("XY-12", "XY-12", []),
        ("flick", "#142", ["flick"]),
        ("nothing like it", "nothing like it", []),
    ],
)
def test_enter_takes_the_issue_of_that_id_then_what_matches_then_what_was_typed(
    typed: str, first: str, also: list[str]
) -> None:
    found = [one.id for one in to_choose_from(ISSUES, typed)]
    assert found[0] == first
    assert found[1:] == also


async def test_an_issue_is_picked_from_the_trackers_list() -> None:
    async with console() as running:
        await running.press("s")
        assert "3 open issues at GitHub" in shown(running)
        await running.press("enter", Typed("layer"), "enter", "enter", "enter", Typed("soon"), "enter")
        wanted = SpawnRequest(project="atlas", issue="17", prompt="soon", agent="claude")
        assert running.backend.calls == [("spawn", wanted)]


async def test_a_worker_begins_with_the_usual_agent_of_its_project() -> None:
    async with console() as running:
        await running.press("s", "right", "tab", Typed("7"), "ctrl+s")
        assert running.backend.calls == [("spawn", SpawnRequest(project="shop", issue="7", agent="gemini"))]


async def test_a_tracker_that_cannot_be_asked_says_why_and_an_issue_can_be_typed() -> None:
    refusal = ForgeError("GitHub does not know who you are.", hint="Run `gh auth login` once.")
    async with console(CannedBackend(no_issues=refusal)) as running:
        await running.press("s", "enter")
        assert "GitHub does not know who you are. Run `gh auth login` once.\nAn issue can still be typed." in shown(
            running
        )
        await running.press(Typed("8"), "ctrl+s")
        assert running.backend.calls == [("spawn", SpawnRequest(project="atlas", issue="8", agent="claude"))]


def under_way(what: str, *, can_stop: bool = True) -> LongOperation:
    return LongOperation(SessionId(""), what, lambda: None, can_stop=can_stop)


async def test_what_is_under_way_on_a_row_is_stopped_after_asking() -> None:
    busy = {"sess_1": under_way("restoring"), "sess_2": under_way("ending", can_stop=False)}
    async with console(CannedBackend(busy=busy)) as running:
        await running.press("x")
        assert "Stop restoring checkout-tax?" in shown(running)
        await running.press("enter")
        assert running.backend.calls == []
        await running.press("x", "y")
        assert running.backend.calls == [("stop", "sess_1")]
        await running.press("2", "x", "y", "escape")
        assert running.backend.calls == [("stop", "sess_1")]


async def test_a_cleanup_with_nothing_to_do_says_what_there_would_be_to_do() -> None:
    async with console(CannedBackend(to_clear=[])) as running:
        await running.press("c")
        assert "whose agent is gone, whose issue is done, or whose pull request is closed" in shown(running)


@dataclass
class Slow(CannedBackend):
    """A backend that takes its time until it is let go on."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def losses(self, ids: Sequence[SessionId]) -> dict[SessionId, tuple[str, ...]]:
        await self.gate.wait()
        return await super().losses(ids)

    async def clear(
        self, ids: Sequence[SessionId], *, keeping: Collection[SessionId], told: Callable[[Cleared], None]
    ) -> None:
        await super().clear(ids[:1], keeping=keeping, told=told)
        self.begun.set()
        await self.gate.wait()


async def test_nobody_agrees_to_a_loss_before_it_has_been_named() -> None:
    backend = Slow()
    async with console(backend) as running:
        await running.pilot.press("x", "y")
        assert "Looking at what would be lost" in shown(running)
        assert backend.calls == []
        backend.gate.set()
        await running.settle()
        assert "2 commits are not pushed." in shown(running)
        await running.press("y")
        assert backend.calls == [("end", ("sess_1",))]


async def test_an_early_yes_counts_where_nothing_is_lost() -> None:
    backend = Slow()
    async with console(backend) as running:
        await running.pilot.press("j", "x", "y")
        assert backend.calls == []
        backend.gate.set()
        await running.settle()
        assert backend.calls == [("end", ("sess_2",))]


async def test_how_to_get_kept_work_back_is_told() -> None:
    async with console(CannedBackend(said_of_end=("To get it back: git switch",))) as running:
        await running.press("x", "y")
        assert [toast.message for toast in running.app._notifications] == ["To get it back: git switch"]


async def test_clearing_up_ends_only_what_is_ticked_and_says_what_came_of_it() -> None:
    async with console() as running:
        await running.press("c")
        assert "1 session ends" in shown(running)
        await running.press("escape")
        assert running.backend.calls == []
        await running.press("c", "j", "space", "j", "space")
        assert "2 sessions end" in shown(running)
        assert "Unsaved work of 1 is kept" in shown(running)
        assert running.backend.calls == []
        await running.press("y")
        assert running.backend.calls == [("clear", ("atl-9", "atl-11"), ("atl-11",))]
        assert "2 ended" in shown(running)


async def test_clearing_up_can_be_stopped_and_nothing_is_done_twice() -> None:
    backend = Slow()
    async with console(backend) as running:
        await running.press("c", "a", "a")
        await running.pilot.press("y", "y")
        await backend.begun.wait()
        await running.press("escape")
        assert "Stopped. What is not marked was not touched. 1 ended." in shown(running)
        await running.press("y", "escape")
        assert [action[0] for action in backend.calls] == ["clear"]
        assert running.app.screen is running.main


async def test_a_cleanup_calls_a_worker_what_its_row_calls_it() -> None:
    row = canned_sessions()[0]
    work = Work(project="atlas", agent="claude", created_at=NOW, display_name="Zoom out past level 3")
    named = replace(row, session_id=SessionId("atl-9"), work=work)
    async with console(CannedBackend(shown=fleet_of(named))) as running:
        await running.press("c")
        options = running.app.screen.query_one(ChoiceList)
        assert "atl-9  Zoom out past level 3" in str(options.get_option_at_index(0).prompt)
        assert str(options.get_option_at_index(1).prompt).startswith("[ ] atl-11 ")
