"""Going to a pane and coming back, in each place a console can stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.programs import tmux_program
from support.cli import run_cli
from support.stage import OUR_TERMINAL
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from support.stage import Stage


def test_a_filter_typed_at_once_and_two_enters_lead_there_and_back_leads_to_the_same_row(stage: Stage) -> None:
    for name in ("alpha", "beta", "gamma"):
        stage.shell(name)
    seat = stage.console()
    seat.sees("alpha", "beta", "gamma")
    seat.type("/beta")
    seat.press("Enter", "Enter")
    seat.arrives_at("beta")

    assert run_cli("-S", stage.inner.socket, "back").code == 0
    seat.arrives_at("console")
    seat.press("Escape")
    seat.sees("alpha", "gamma")
    seat.press("Enter")
    seat.arrives_at("beta")


def test_enter_takes_the_terminal_that_pressed_it_and_two_terminals_share_one_console(stage: Stage) -> None:
    stage.shell("alpha")
    first = stage.console()
    second = stage.attach("console")
    for seat in (first, second):
        seat.sees("alpha")
    first.press("Enter")
    first.arrives_at("alpha")
    assert second.looks_at() == "console"

    second.press("Enter")
    second.arrives_at("alpha")
    assert run_cli("-S", stage.inner.socket, "back").code == 0
    second.arrives_at("console")
    assert first.looks_at() == "alpha"


def test_enter_leads_to_the_very_pane_in_another_window(stage: Stage) -> None:
    agent = stage.inner.session("alpha")
    stage.inner.run("new-window", "-t", "=alpha:", "sleep", "3600")
    stage.inner.run("select-window", "-t", agent)
    stage.inner.run("split-window", "-t", agent, "sleep", "3600")
    stage.inner.run("select-pane", "-t", agent)
    seat = stage.console()
    seat.sees("alpha")
    seat.press("Enter")
    seat.arrives_at("alpha")
    assert stage.terminals.shows(seat.client) == agent


def test_a_popup_closes_when_it_has_gone_there_and_opens_again_at_the_same_row(stage: Stage) -> None:
    for name in ("alpha", "beta", "work"):
        stage.shell(name)
    popup = ("display-popup", "-E", "-w", "90%", "-h", "90%", stage.line())
    stage.inner.run("bind-key", "g", *popup)
    seat = stage.attach("work")
    seat.press("C-b", "g")
    seat.sees("alpha", "beta", "work", "quit")
    seat.type("/beta")
    seat.press("Enter", "Enter")
    seat.arrives_at("beta")
    until(lambda: stage.consoles() == [], "the console in the popup had ended")
    # Until its frame is gone too, the popup takes every key.
    seat.sees_no("┌", "quit")

    seat.press("C-b", "g")
    seat.stands_at("beta")
    seat.press("g", "Enter")
    seat.arrives_at("alpha")
    seat.sees_no("┌", "quit")


def test_outside_tmux_the_console_attaches_and_is_back_after_a_detach_and_after_back(stage: Stage) -> None:
    alpha = stage.inner.session("alpha", "sh", "-c", "echo here is alpha; exec sleep 3600")
    stage.shell("beta")
    seat = stage.outside(*stage.argv())
    seat.sees("alpha", "beta", "session")
    seat.type("/alpha")
    seat.press("Enter", "Enter")
    until(lambda: len(people(stage)) == 1, "the console attached its terminal")
    seat.sees("here is alpha", "[alpha]")
    assert people(stage) == ["alpha"]

    seat.press("C-b", "d")
    until(lambda: people(stage) == [], "the terminal was detached")
    seat.sees("session", "1 of 2")

    seat.press("Enter")
    until(lambda: people(stage) == ["alpha"], "the console attached its terminal again")
    in_alpha = {"TMUX": f"{stage.inner.socket},1,0", "TMUX_PANE": alpha}
    assert run_cli("-S", stage.inner.socket, "back", "--open", env=in_alpha).code == 0
    seat.sees("session", "1 of 2")
    assert people(stage) == []
    assert sorted(stage.inner.sessions()) == ["alpha", "beta"]
    until(lambda: "outside" not in stage.inner.run("show-options", "-s"), "the note of the console was taken back")
    seat.press("q")
    seat.sees("ended with 0")
    assert seat.modes() == OUR_TERMINAL


def people(stage: Stage) -> list[str]:
    """The sessions that terminals show; a control client is none."""
    rows = stage.inner.run("list-clients", "-F", "#{client_control_mode} #{session_name}", check=False).splitlines()
    return [row[2:] for row in rows if row.startswith("0 ")]


def test_from_a_pane_of_another_server_the_console_says_what_to_type_and_that_works(stage: Stage) -> None:
    stage.shell("alpha")
    with TmuxServer(stage.folder / "x") as other:
        other.session("shell", "sh")
        other.session("elsewhere", *stage.argv(), size="110x30")
        seat = stage.outside(tmux_program(), "-S", other.socket, "attach-session", "-t", "=elsewhere", size="110x30")
        seat.sees("alpha", "session")
        seat.press("Enter")
        seat.sees("You must go there yourself", "tmux detach-client -E")
        said = re.sub(r"[│\s]+", " ", seat.screen())
        command = re.search(rf"{re.escape(tmux_program())} detach-client -E '[^']*'", said)
        assert command is not None, said
        seat.press("Escape")
        seat.sees_no("You must go there yourself")
        seat.press("q")
        until(lambda: other.sessions() == ["shell"], "the console had ended")
        seat = stage.outside(tmux_program(), "-S", other.socket, "attach-session", "-t", "=shell", size="110x30")
        until(lambda: other.run("list-clients", "-F", "#{session_name}") == "shell", "the other server's shell shows")
        seat.type(command.group())
        seat.press("Enter")
        until(lambda: people(stage) == ["alpha"], "the typed command led there")
