"""`bind` and `back`: one key to the console, and the key is the operator's."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.cli import ROOT, Done, run_cli, run_cli_in_terminal
from support.tmux_server import TmuxServer, until
from support.tmux_terminal import Terminals

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.process


@pytest.fixture
def server(short_folder: Path) -> Iterator[TmuxServer]:
    # A path that has to be quoted everywhere.
    folder = short_folder / "it's #a $(b)"
    folder.mkdir()
    with TmuxServer(folder / "s") as server:
        server.session("work", "sh")
        # In tmux's newest sources it has a meaning.
        server.run("unbind-key", "g")
        server.run("set-environment", "-g", "PYTHONPATH", str(ROOT / "app"))
        server.run("set-environment", "-g", "-r", "QUARTERDECK_HOME")
        yield server


@pytest.fixture
def terminals(server: TmuxServer, short_folder: Path) -> Iterator[Terminals]:
    with Terminals(short_folder / "outer", server) as terminals:
        yield terminals


def qd(server: TmuxServer, *args: str) -> Done:
    return run_cli("-S", server.socket, *args)


def test_the_first_free_key_is_taken_and_said(server: TmuxServer) -> None:
    server.run("bind-key", "g", "choose-tree")

    done = qd(server, "bind")

    assert done.code == 0
    assert "back --open --client #{q:client_name}" in server.key("Q")
    assert "C-b Q opens the console" in done.out
    assert done.out.startswith("tmux bind-key -N 'Quarterdeck: the console' Q run-shell -b ")
    assert qd(server, "bind").out == done.out
    assert "choose-tree" in server.key("g")


def test_a_key_in_use_is_refused_with_what_it_does(server: TmuxServer) -> None:
    done = qd(server, "bind", "c")

    assert done.code == 5
    assert "C-b c is in use: new-window" in done.err
    assert "new-window" in server.key("c")


def test_a_key_that_tmux_does_not_know_is_wrong_usage(server: TmuxServer) -> None:
    assert qd(server, "bind", "gg").code == 2
    assert qd(server, "bind", "").code == 2
    assert qd(server, "bind", "--remove", "--print").code == 2


def test_all_our_keys_are_taken_away_and_no_other(server: TmuxServer) -> None:
    before = server.run("list-keys")
    qd(server, "bind")
    qd(server, "bind", "--popup")
    assert "console --from-key" in server.key("Q")

    assert qd(server, "bind", "--remove", "c").code == 5
    done = qd(server, "bind", "--remove", "--json")

    assert {each["key"] for each in done.json()} == {"g", "Q"}
    assert server.run("list-keys") == before
    assert qd(server, "bind", "--remove").out == "No key opens Quarterdeck.\n"
    assert "@quarterdeck" not in server.run("show-options", "-s")


def answered(server: TmuxServer, terminals: Terminals, answer: str) -> str:
    """Take prefix c on a real terminal, where a question is asked."""
    command = shlex.join([sys.executable, "-m", "quarterdeck", "-S", server.socket, "bind", "c"])
    outside = terminals.outer.session("asked", "env", "-u", "TMUX", f"PYTHONPATH={ROOT / 'app'}", "sh")
    terminals.outer.run("resize-window", "-t", "asked", "-x", "200", "-y", "30")
    terminals.type(outside, f"{command}; echo done=$?", "Enter")
    until(lambda: "[y/N]" in terminals.screen(outside), "it asked")
    assert "C-b c now does: new-window" in terminals.screen(outside)
    terminals.type(outside, answer, "Enter")
    until(lambda: bool(re.search(r"done=\d", terminals.screen(outside))), "it ended")
    return terminals.screen(outside)


def test_on_a_terminal_it_asks_before_it_takes_a_key_and_gives_it_back(
    server: TmuxServer, terminals: Terminals
) -> None:
    before = server.key("c")

    assert "done=0" in answered(server, terminals, "y")
    assert "back --open" in server.key("c")
    qd(server, "bind", "c", "--popup")
    qd(server, "bind", "--remove")

    assert server.key("c") == before


def test_no_is_the_answer_of_an_empty_line(server: TmuxServer, terminals: Terminals) -> None:
    before = server.key("c")

    assert "Nothing was changed." in answered(server, terminals, "")
    assert server.key("c") == before


def test_without_a_server_it_says_what_to_put_into_the_configuration(tmux_socket: Path) -> None:
    done = run_cli("-S", str(tmux_socket), "bind")

    assert done.code == 4
    assert "--print >> ~/.tmux.conf" in done.err
    assert not tmux_socket.exists()


def test_nothing_is_kept_that_was_not_given() -> None:
    line = run_cli("bind", "--print", env={"QUARTERDECK_HOME": "", "TMUX": "/tmp/some,1,0"}).out

    assert "-S" not in line
    assert "--home" not in line


def on_screen(terminals: Terminals, pane: str, *texts: str) -> None:
    """Wait until a terminal shows all of these, and fail with what it shows instead."""
    try:
        until(lambda: all(text in terminals.screen(pane) for text in texts), "the screen was right")
    except AssertionError:
        pytest.fail(f"no {texts} on:\n{terminals.screen(pane)}")


def test_the_key_opens_the_console_and_comes_back_to_the_same_row(server: TmuxServer, terminals: Terminals) -> None:
    home = str(Path(server.socket).parent / "home of #{pid}")
    alpha = server.session("alpha", "sh")
    server.session("beta", "sh")
    other, other_terminal = terminals.attach("=beta:")
    client, terminal = terminals.attach("=alpha:")
    assert run_cli("-S", server.socket, "--home", home, "bind", "g").code == 0

    terminals.type(terminal, "C-b", "g")
    on_screen(terminals, terminal, " alpha ", " beta ", " work ")
    console = terminals.shows(client)
    assert server.ask(console, "#{session_name}") == "quarterdeck"
    terminals.type(terminal, "/", "alpha", "Enter")
    until(lambda: "beta" not in terminals.screen(terminal).split("alpha")[0], "the filter holds")
    terminals.type(terminal, "Enter")
    until(lambda: terminals.shows(client) == alpha, "Enter went to the pane")
    assert terminals.shows(other) != console

    # A key that another terminal presses last must not move this one.
    terminals.type(other_terminal, "x")
    terminals.type(terminal, "C-b", "g")
    until(lambda: terminals.shows(client) == console, "the key came back")
    assert terminals.shows(other) != console
    on_screen(terminals, terminal, "alpha")
    terminals.type(terminal, "Enter")
    until(lambda: terminals.shows(client) == alpha, "the same row was selected")
    assert server.sessions().count("quarterdeck") == 1
    assert Path(home, "state.db").exists()


def test_leaving_the_console_leaves_nobody_outside_tmux(server: TmuxServer, terminals: Terminals) -> None:
    client, terminal = terminals.attach("=work:")
    qd(server, "bind", "g")
    terminals.type(terminal, "C-b", "g")
    until(lambda: server.sessions().count("quarterdeck") == 1, "the console's session is there")
    on_screen(terminals, terminal, " work ")

    terminals.type(terminal, "q")

    until(lambda: "quarterdeck" not in server.sessions(), "the console ended")
    assert terminals.names() == [client]


def test_two_presses_open_one_console_beside_a_session_of_that_name(server: TmuxServer, terminals: Terminals) -> None:
    server.session("quarterdeck")
    client, terminal = terminals.attach("=work:")
    qd(server, "bind", "g")

    terminals.type(terminal, "C-b", "g", "C-b", "g", "C-b", "g")

    until(lambda: server.ask(terminals.shows(client), "#{session_name}") == "quarterdeck-2", "it opened")
    on_screen(terminals, terminal, " work ")
    assert sorted(server.sessions()) == ["quarterdeck", "quarterdeck-2", "work"]


def test_the_popup_opens_over_the_pane_and_closes_when_it_has_led_somewhere(
    server: TmuxServer, terminals: Terminals
) -> None:
    alpha = server.session("alpha", "sh")
    client, terminal = terminals.attach("=work:")
    work = terminals.shows(client)
    home = str(Path(server.socket).parent / "home of us")
    assert run_cli("-S", server.socket, "--home", home, "bind", "g", "--popup").code == 0

    terminals.type(terminal, "C-b", "g")
    on_screen(terminals, terminal, " alpha ", " work ")
    assert terminals.shows(client) == work
    terminals.type(terminal, "/", "alpha", "Enter")
    until(lambda: " work " not in terminals.screen(terminal), "the filter holds")
    terminals.type(terminal, "Enter")

    until(lambda: terminals.shows(client) == alpha, "it went to the pane")
    until(lambda: "alpha" not in terminals.screen(terminal).splitlines()[0], "the popup closed")
    assert sorted(server.sessions()) == ["alpha", "work"]


def test_a_key_whose_console_cannot_start_says_why_until_it_was_read(server: TmuxServer, terminals: Terminals) -> None:
    client, terminal = terminals.attach("=work:")
    home = terminals.shows(client)
    qd(server, "bind", "g")
    server.run("set-environment", "-g", "QUARTERDECK_CONSOLE_GROUP", "nonsense")

    for _ in range(2):
        terminals.type(terminal, "C-b", "g")
        on_screen(terminals, terminal, "quarterdeck: ", "nonsense", "Enter leads back.")
    assert sorted(server.sessions()) == ["quarterdeck", "work"]
    terminals.type(terminal, "Enter")

    until(lambda: terminals.shows(client) == home, "the terminal shows what it showed")

    def is_gone() -> bool:
        # At times tmux misses that a program has ended until its next child ends (3.3a). So it gets one.
        server.run("run-shell", "true")
        return server.sessions() == ["work"]

    until(is_gone, "nothing is left of it")


def test_the_help_names_no_option_that_is_ours_alone() -> None:
    assert "--client" not in run_cli("back", "-h").out
    assert "console" not in run_cli("-h").out.split("verbs:")[1].replace("the console", "")
    assert "opens the console" in run_cli_in_terminal("-h").replace("\n", " ")
