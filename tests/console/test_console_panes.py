"""A session with several agents in a real console: each row leads to its pane, and ends with nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.several_agents import SeveralAgents
from support.tmux_server import until

if TYPE_CHECKING:
    from support.stage import Seat, Stage

ALL = ("web:0", "web:review.0", "web:review.1")


@pytest.fixture
def agents(stage: Stage) -> SeveralAgents:
    """What starts agents at the watched server."""
    return SeveralAgents(stage.folder, server=stage.inner)


@pytest.fixture
def web(agents: SeveralAgents) -> list[str]:
    """The panes of a session: a window, and a named one of two."""
    second = [agents.session("web"), agents.window("web", "review")]
    return [*second, agents.split(second[1])]


def at_row(stage: Stage, name: str) -> Seat:
    """A console whose cursor is on a row of that session."""
    seat = stage.console()
    seat.sees(*ALL)
    seat.type(f"/{name}")
    seat.press("Enter")
    seat.stands_at(name)
    return seat


def test_enter_leads_to_the_pane_of_the_row(stage: Stage, web: list[str]) -> None:
    seat = at_row(stage, "web:review.1")
    seat.press("Enter")
    seat.arrives_at("web")
    until(lambda: stage.terminals.shows(seat.client) == web[2], "the terminal showed the second pane of that window")


def test_x_ends_the_pane_of_the_row_and_lets_the_others_go_on(
    stage: Stage, agents: SeveralAgents, web: list[str]
) -> None:
    seat = at_row(stage, "web:review.0")
    seat.press("x")
    seat.sees("End web:review.0?", "Its pane ends; web:0 and web:review.1 go on.")
    seat.press("y")
    until(lambda: agents.panes("web") == [web[0], web[2]], "that pane was gone, and no other")
    seat.press("Escape")
    seat.sees("web:review")
    seat.sees_no("web:review.")


def test_x_ends_the_window_that_has_no_other_pane(stage: Stage, agents: SeveralAgents, web: list[str]) -> None:
    seat = at_row(stage, "web:0")
    seat.press("x")
    seat.sees("Its window ends; web:review.0 and web:review.1 go on.")
    seat.press("y")
    until(lambda: agents.panes("web") == web[1:], "that window was gone, and no other")


def test_the_whole_session_ends_with_all_that_was_told(stage: Stage, agents: SeveralAgents, web: list[str]) -> None:
    stage.inner.run("new-window", "-d", "-t", "=web:", "sleep", "3600")
    stage.shell("other")
    seat = at_row(stage, "web:review.0")
    seat.press("x")
    seat.sees("its whole session")
    seat.press("s")
    seat.sees("End the whole session web?", *ALL, "and 1 pane in which no agent runs", "type 3")
    seat.press("3", "Enter")
    until(lambda: agents.panes("web") == [], "the session was gone")
    assert sorted(stage.inner.sessions()) == ["console", "other"]


def test_a_pane_without_an_agent_is_chosen_and_gone_to(stage: Stage, web: list[str]) -> None:
    plain = stage.inner.run("new-window", "-d", "-P", "-F", "#{pane_id}", "-n", "logs", "-t", "=web:", "sleep", "3600")
    seat = stage.console()
    seat.sees(*ALL)
    seat.press("0")
    seat.sees("Panes that are no rows", "web:logs.0")
    assert "console:" not in seat.screen()
    seat.press("Enter")
    seat.arrives_at("web")
    until(lambda: stage.terminals.shows(seat.client) == plain, "the terminal showed that pane")


def test_what_is_folded_stays_so_when_the_console_opens_again(stage: Stage, web: list[str]) -> None:
    seat = stage.console()
    seat.sees(*ALL)
    seat.press("Tab")
    seat.sees("web  3")
    seat.press("h")
    seat.sees("▸ web  3")
    seat.press("q")
    until(lambda: "console" not in stage.inner.sessions(), "the console had closed")
    again = stage.console("again")
    again.sees("▸ web  3")
