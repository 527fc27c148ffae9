"""Going to a pane and back, on real terminals."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import PaneId, ServerAddress, TmuxSessionId
from quarterdeck.errors import NotFound, Refused
from quarterdeck.process import child_environment
from quarterdeck.programs import tmux_program
from quarterdeck.tmux.navigation import (
    CONSOLE_OPTION,
    CONSOLE_PROCESS_OPTION,
    Place,
    Placement,
    attach_argv,
    back,
    client_here,
    console_pane,
    crossing_command,
    forget_console,
    go,
    placement,
    remember_console,
)
from quarterdeck.tmux.tmux_commands import TmuxCommands
from support.patience import PATIENCE
from support.tmux_server import TmuxServer, until
from support.tmux_terminal import Terminals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    with TmuxServer(tmux_socket) as server:
        yield server


@pytest.fixture
def terminals(server: TmuxServer, short_folder: Path) -> Iterator[Terminals]:
    with Terminals(short_folder / "outer", server) as terminals:
        yield terminals


@pytest.fixture
def commands(server: TmuxServer) -> TmuxCommands:
    return TmuxCommands(ServerAddress(server.socket), PATIENCE)


def in_pane(server: TmuxServer, pane: str) -> Placement:
    """Where a program in this pane finds itself."""
    return placement(
        ServerAddress(server.socket),
        {"TMUX": f"{server.socket},{server.pid()},{server.ask(pane, '#{session_id}')[1:]}", "TMUX_PANE": pane},
    )


def environment_in(server: TmuxServer, written: Path) -> dict[str, str]:
    until(lambda: written.exists() and "TMUX=" in written.read_text(), "the environment was written down")
    return dict(line.split("=", 1) for line in written.read_text().splitlines() if "=" in line)


# -- where we are


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, Placement(Place.OUTSIDE)),
        ({"TMUX": ""}, Placement(Place.OUTSIDE)),
        ({"TMUX": "/tmp/a,b,12,3", "TMUX_PANE": "%7"}, Placement(Place.PANE, PaneId("%7"))),
        ({"TMUX": "/tmp/a,b,12,3"}, Placement(Place.POPUP)),
        ({"TMUX": "/tmp/a,b,12,3", "TMUX_PANE": ""}, Placement(Place.POPUP)),
        ({"TMUX": "/tmp/a,b,12,-1"}, Placement(Place.POPUP)),
        ({"TMUX": "/tmp/other,12,3", "TMUX_PANE": "%7"}, Placement(Place.OTHER_SERVER)),
        ({"TMUX": "garbage", "TMUX_PANE": "%7"}, Placement(Place.OTHER_SERVER)),
    ],
)
def test_the_environment_says_where_we_are(environment: dict[str, str], wanted: Placement) -> None:
    assert placement(ServerAddress("/tmp/a,b"), environment) == wanted


def test_a_socket_is_known_under_another_name(server: TmuxServer, short_folder: Path) -> None:
    server.session("keep")
    (short_folder / "link").symlink_to(server.socket)

    found = placement(ServerAddress(server.socket), {"TMUX": f"{short_folder}/link,1,0", "TMUX_PANE": "%0"})

    assert found.place is Place.PANE


def test_a_real_pane_and_a_real_popup_find_themselves(
    server: TmuxServer, terminals: Terminals, short_folder: Path
) -> None:
    pane = server.session("home", "sh", "-c", f"env > {short_folder}/pane; exec sleep 99")
    client, _ = terminals.attach(pane)
    server.run("display-popup", "-c", client, "-E", f"env > {short_folder}/popup")
    address = ServerAddress(server.socket)

    in_the_pane = placement(address, environment_in(server, short_folder / "pane"))
    in_the_popup = placement(address, environment_in(server, short_folder / "popup"))

    assert in_the_pane == Placement(Place.PANE, PaneId(pane))
    assert in_the_popup == Placement(Place.POPUP)


# -- going


async def test_of_two_terminals_on_one_console_the_one_typed_on_goes(
    server: TmuxServer, terminals: Terminals, commands: TmuxCommands
) -> None:
    console = server.session("console")
    agent = PaneId(server.session("agent [x]: $(x)"))
    clients = [terminals.attach(console), terminals.attach(console)]

    for (typed, keyboard), (other, _) in (clients, clients[::-1]):
        terminals.type(keyboard, "x")
        newest = commands.newest_client(TmuxSessionId("$0"))
        assert (await newest) == typed or await eventually_newest(commands, typed)
        await go(commands, in_pane(server, console), agent)
        assert (terminals.shows(typed), terminals.shows(other)) == (agent, console)
        await commands.switch_client(typed, PaneId(console))


async def eventually_newest(commands: TmuxCommands, client: str) -> bool:
    async with asyncio.timeout(PATIENCE):
        while await commands.newest_client(TmuxSessionId("$0")) != client:
            pass
    return True


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        pytest.param(None, "web", id="the first when no terminal shows any"),
        pytest.param("web2", "web2", id="the one that a terminal shows"),
        pytest.param("web3", "web3", id="also the last of them"),
    ],
)
async def test_a_window_of_several_sessions_is_shown_where_a_terminal_shows_it(
    server: TmuxServer, terminals: Terminals, commands: TmuxCommands, shown: str | None, wanted: str
) -> None:
    agent = PaneId(server.session("web"))
    server.run("new-session", "-d", "-t", "web", "-s", "web2")
    server.run("new-session", "-d", "-t", "web", "-s", "web3")
    client, _ = terminals.attach(server.session("console"))
    if shown is not None:
        other = PaneId(server.run("list-panes", "-t", f"={shown}:", "-F", "#{pane_id}"))
        elsewhere, _ = terminals.attach(server.session("elsewhere"))
        server.run("switch-client", "-c", elsewhere, "-t", f"={shown}:")
        assert other == agent

    await commands.switch_client(client, agent)

    now = dict(line.split() for line in server.run("list-clients", "-F", "#{client_name} #{session_name}").splitlines())
    assert now[client] == wanted


async def test_a_terminal_that_shows_the_console_goes_before_one_that_shows_its_neighbour(
    server: TmuxServer, terminals: Terminals, commands: TmuxCommands
) -> None:
    console = server.session("console")
    elsewhere = server.session("elsewhere")
    here, _ = terminals.attach(console)
    _, keyboard = terminals.attach(elsewhere)
    terminals.type(keyboard, "x")

    assert await client_here(commands, in_pane(server, console)) == here


async def test_a_console_that_nobody_looks_at_moves_nobody(
    server: TmuxServer, terminals: Terminals, commands: TmuxCommands
) -> None:
    console = server.session("console")
    agent = server.session("agent")
    client, _ = terminals.attach(agent)

    with pytest.raises(Refused, match="No terminal"):
        await go(commands, in_pane(server, console), PaneId(agent))

    assert terminals.shows(client) == agent


async def test_from_a_popup_the_terminal_under_it_goes(
    server: TmuxServer, terminals: Terminals, commands: TmuxCommands, short_folder: Path
) -> None:
    home = server.session("home")
    agent = PaneId(server.session("agent"))
    bystander, idle = terminals.attach(home)
    under, keyboard = terminals.attach(home)
    server.run("bind-key", "g", "display-popup", "-E", f"env > {short_folder}/popup")
    terminals.type(idle, "x")
    await eventually_newest(commands, bystander)

    terminals.type(keyboard, "C-b", "g")
    where = placement(commands.address, environment_in(server, short_folder / "popup"))
    await go(commands, where, agent)

    assert where.place is Place.POPUP
    assert (terminals.shows(under), terminals.shows(bystander)) == (agent, home)


async def test_a_binding_may_name_the_terminal(
    server: TmuxServer, terminals: Terminals, commands: TmuxCommands
) -> None:
    home, agent = server.session("home"), PaneId(server.session("agent"))
    named, _ = terminals.attach(home)
    newest, keyboard = terminals.attach(home)
    terminals.type(keyboard, "x")

    await go(commands, Placement(Place.POPUP), agent, client=named)

    assert (terminals.shows(named), terminals.shows(newest)) == (agent, home)


async def test_a_zoomed_window_stays_zoomed(server: TmuxServer, terminals: Terminals, commands: TmuxCommands) -> None:
    console, agent = server.session("console"), PaneId(server.session("agent"))
    server.run("split-window", "-d", "-t", agent, "sleep 99")
    server.run("resize-pane", "-Z", "-t", agent)
    terminals.attach(console)

    await go(commands, in_pane(server, console), agent)

    assert server.ask(agent, "#{window_zoomed_flag}") == "1"


async def test_the_console_does_not_go_to_itself(
    server: TmuxServer, terminals: Terminals, commands: TmuxCommands
) -> None:
    console = PaneId(server.session("console"))
    terminals.attach(console)

    with pytest.raises(Refused, match="the pane you are in"):
        await go(commands, in_pane(server, console), console)


async def test_outside_tmux_the_command_to_type_attaches(
    server: TmuxServer, terminals: Terminals, commands: TmuxCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.session("keep")
    agent = PaneId(server.session("agent"))
    monkeypatch.setenv("TMUX", "/somewhere,1,1")

    with pytest.raises(Refused) as refused:
        await go(commands, Placement(Place.OUTSIDE), agent)
    terminals.outer.session("shell", "env", "-u", "TMUX", "sh", "-c", f"{refused.value.hint.removeprefix('Type: ')}")
    until(lambda: bool(terminals.names()), "the terminal was attached")

    assert terminals.shows(terminals.names()[0]) == agent
    assert attach_argv(commands.address, agent) == [tmux_program(), "-S", server.socket, "attach-session", "-t", agent]
    assert "TMUX" not in child_environment()


async def test_from_another_servers_pane_the_command_to_type_crosses_over(
    server: TmuxServer, terminals: Terminals, short_folder: Path
) -> None:
    """The terminal shows `server`; the agent is on a third server."""
    shell = server.session("shell", "sh")
    terminal, keyboard = terminals.attach(shell)
    with TmuxServer(short_folder / "third") as third:
        agent = PaneId(third.session("agent"))
        third.session("newer")
        commands = TmuxCommands(ServerAddress(third.socket), PATIENCE)

        with pytest.raises(Refused, match="another tmux server") as refused:
            await go(commands, placement(commands.address, {"TMUX": f"{server.socket},1,0", "TMUX_PANE": shell}), agent)
        command = refused.value.hint.removeprefix("Type: ")
        assert command == crossing_command(commands.address, agent)
        terminals.type(keyboard, "-l", "--", command)
        terminals.type(keyboard, "Enter")

        until(lambda: bool(third.clients()), "the terminal had crossed over")
        assert third.run("list-clients", "-F", "#{pane_id}") == agent
        assert terminal not in terminals.names()


# -- back


async def test_the_console_is_found_again_from_any_pane(
    server: TmuxServer, terminals: Terminals, commands: TmuxCommands
) -> None:
    console, agent = PaneId(server.session("console")), PaneId(server.session("agent"))
    client, _ = terminals.attach(console)
    await remember_console(commands, console)

    await go(commands, in_pane(server, console), agent)
    assert terminals.shows(client) == agent
    await back(commands, in_pane(server, agent))

    assert terminals.shows(client) == console
    assert server.run("show-options", "-sv", CONSOLE_OPTION) == console


async def test_back_without_a_console_says_so(server: TmuxServer, commands: TmuxCommands) -> None:
    agent = server.session("agent")

    with pytest.raises(NotFound, match="No console"):
        await back(commands, in_pane(server, agent))


async def test_a_note_that_is_no_longer_true_is_not_followed(server: TmuxServer, commands: TmuxCommands) -> None:
    server.session("keep")
    console = PaneId(server.session("console"))

    await remember_console(commands, console)
    assert await console_pane(commands) == console
    server.run("set-option", "-s", CONSOLE_PROCESS_OPTION, "999999999")
    assert await console_pane(commands) is None
    await remember_console(commands, console)
    server.run("kill-session", "-t", "=console")
    assert await console_pane(commands) is None
    server.run("set-option", "-s", CONSOLE_OPTION, "$(touch x)")
    assert await console_pane(commands) is None


async def test_a_console_takes_back_its_own_note_only(server: TmuxServer, commands: TmuxCommands) -> None:
    first, second = PaneId(server.session("first")), PaneId(server.session("second"))
    await remember_console(commands, first)
    await remember_console(commands, second)

    await forget_console(commands, first)
    assert await console_pane(commands) == second
    await forget_console(commands, second)
    assert await console_pane(commands) is None
    assert "quarterdeck" not in server.run("show-options", "-s")
    assert os.environ.get("TMUX") is None
