"""The control client: it holds on, moves on, comes back, and leaves no trace."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import NoServer, PaneId, ServerAddress, TmuxSessionId
from quarterdeck.errors import TmuxUnreachable
from quarterdeck.ports.mux import HintKind
from quarterdeck.programs import tmux_program
from quarterdeck.tmux.control import ControlClient, Host, choose
from quarterdeck.tmux.control_connection import ControlConnection
from quarterdeck.tmux.hints import NOTICES
from quarterdeck.tmux.one_call import ConnectionLost
from quarterdeck.tmux.quoting import control_line
from support.patience import PATIENCE
from support.tmux_mux import client_pid, mux_at, snapshot, until_linked
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from quarterdeck.ports.mux import Mux
    from quarterdeck.tmux.control_protocol import Block, Notification
    from quarterdeck.tmux.mux import TmuxMux


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    with TmuxServer(tmux_socket) as server:
        yield server


async def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait in the loop until something holds."""
    try:
        async with asyncio.timeout(PATIENCE):
            # What is waited for happens in another process, which sets no event of ours.
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited in vain until {what}") from None


async def ask(link: ControlConnection, lines: list[str], patience: float) -> list[Block]:
    """Ask for the answer to each line."""
    return [block for (block,) in await link.ask([[line] for line in lines], patience)]


async def noticed(mux: TmuxMux, client: int) -> None:
    """Wait until the end of a client is known."""
    assert mux.control is not None
    control = mux.control
    await eventually(lambda: not (control.linked and client_pid(mux) == client), "its end was noticed")


def attached_to(server: TmuxServer) -> str:
    """The session that the one control client holds on to."""
    return server.run("list-clients", "-F", "#{session_name}")


async def test_attaching_leaves_every_size_and_setting_as_it_was(
    server: TmuxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.session("one", size="143x51")
    server.session("two", size="20x5")
    seen = (
        *("list-windows", "-a", "-F", "#{window_id} #{window_width}x#{window_height} #{window_layout}"),
        *(";", "show-environment", "-t", "=one", ";", "show-environment", "-g"),
        *(";", "show-options", "-g", ";", "show-options", "-s", ";", "show-hooks", "-g"),
        *(";", "list-sessions", "-F", "#{session_id} #{session_path} #{session_windows}"),
    )
    before = server.run(*seen)
    monkeypatch.setenv("SSH_AUTH_SOCK", "/from/the/console")

    async with mux_at(server) as mux:
        await snapshot(mux)
        during = server.run(*seen)
        await eventually(lambda: len(server.clients()) == 1, "our client is attached")

    assert before == during == server.run(*seen)
    assert "/from/the/console" not in during
    await eventually(lambda: server.clients() == [], "our client was gone")


async def test_our_client_is_no_client(server: TmuxServer) -> None:
    server.session("one")

    async with mux_at(server) as mux, mux_at(server) as another:
        await eventually(lambda: len(server.clients()) == 2, "both are attached")
        assert (await snapshot(mux)).clients == ()
        assert (await snapshot(another)).clients == ()


async def test_no_output_reaches_us(server: TmuxServer) -> None:
    server.session("one", "sh", "-c", "while :; do echo noise; done")
    heard: list[Notification] = []
    control = ControlClient(
        ServerAddress(server.socket), on_notice=heard.append, on_link=lambda _: None, timeout=PATIENCE
    )
    control.start()
    try:
        assert await until_linked(control)
        for _ in range(20):
            await control.ask([["display-message", "-p", "x"]], PATIENCE)
        server.run("rename-session", "-t", "=one", "eins")
        await eventually(lambda: any(notice.name == "session-renamed" for notice in heard), "the notice came")
    finally:
        await control.close()

    assert not [notice for notice in heard if notice.name in {"output", "extended-output"}]


async def test_a_real_client_is_told_with_what_it_shows(server: TmuxServer) -> None:
    one = server.session("one")
    with TmuxServer(server.socket + "2") as outer:
        screen = ("env", "-u", "TMUX", tmux_program(), "-S", server.socket, "attach-session", "-r", "-t", "=one")
        outer.session("screen", *screen, size="90x30")
        until(lambda: "attached" in server.run("list-clients", "-F", "#{client_flags}"), "the client was there")

        async with mux_at(server) as mux:
            (client,) = (await snapshot(mux)).clients

    assert (client.tmux_id, client.pane_id) == ("$0", one)
    assert {"attached", "read-only"} <= client.flags
    assert client.name.startswith("/dev/")


async def test_it_holds_on_to_the_console_s_own_session(server: TmuxServer) -> None:
    server.session("other")
    home = server.session("home")

    async with mux_at(server, home=PaneId(home)):
        await eventually(lambda: attached_to(server) == "home", "it held on to it")


async def test_it_moves_on_when_its_session_ends(server: TmuxServer) -> None:
    server.session("keep")
    home = server.session("home")
    links: list[bool] = []
    control = ControlClient(
        ServerAddress(server.socket),
        home=PaneId(home),
        on_notice=lambda _: None,
        on_link=links.append,
        timeout=PATIENCE,
    )
    control.start()
    try:
        assert await until_linked(control)
        server.run("kill-session", "-t", "=home")
        await eventually(lambda: links == [True, False, True], "it was linked again")
        await eventually(lambda: attached_to(server) == "keep", "it held on to what is left")
    finally:
        await control.close()


async def test_looks_go_on_without_a_gap_while_sessions_end_under_it(server: TmuxServer) -> None:
    for n in range(5):
        server.session(f"s{n}")

    async with mux_at(server) as mux:
        for _ in range(4):
            await eventually(lambda: bool(attached_to(server)), "it held on to a session")
            server.run("kill-session", "-t", f"={attached_to(server)}")
            look = await snapshot(mux)
            assert {pane.session_name for pane in look.panes} == set(server.sessions())


async def test_the_server_ends_with_its_last_session_although_we_are_there(server: TmuxServer) -> None:
    server.session("one")

    async with mux_at(server) as mux:
        assert len((await snapshot(mux)).panes) == 1
        server.run("kill-session", "-t", "=one")
        await eventually(lambda: not server.alive(), "the server was gone")

        assert isinstance(await mux.look(), NoServer)


async def test_a_server_that_comes_back_is_another_one(server: TmuxServer) -> None:
    server.session("one")

    async with mux_at(server) as mux:
        before = await snapshot(mux)
        server.kill()
        assert isinstance(await mux.look(), NoServer)
        server.session("two", "tail", "-f", "/dev/null")
        after = await snapshot(mux)
        assert mux.control is not None
        assert await until_linked(mux.control)
        piped = await snapshot(mux, [])

    assert before.incarnation != after.incarnation
    assert piped.incarnation == after.incarnation
    assert [(pane.pane_id, pane.session_name, pane.command) for pane in piped.panes] == [("%0", "two", "tail")]


async def test_a_stopped_server_is_unreachable_and_then_well_again(server: TmuxServer) -> None:
    server.session("one")

    async with mux_at(server, timeout=4) as mux:
        server.stop()
        with pytest.raises(TmuxUnreachable, match="did not answer"):
            await mux.look()
        with pytest.raises(TmuxUnreachable, match="did not answer"):
            await mux.look()
        server.cont()

        look = await snapshot(mux)
        assert [(pane.session_name, pane.command) for pane in look.panes] == [("one", "sleep")]
        assert mux.control is not None
        assert await until_linked(mux.control)


async def test_a_client_killed_in_the_middle_of_an_answer_loses_nothing(server: TmuxServer) -> None:
    for n in range(5):
        server.session(f"s{n}")

    async with mux_at(server) as mux:
        for kill_first in (True, False, True):
            assert mux.control is not None
            assert await until_linked(mux.control)
            client = client_pid(mux)
            # The server itself reads what we write to the client (3.3a), so it is the server that must hold still.
            server.stop()
            looking = asyncio.ensure_future(mux.look())
            await asyncio.sleep(0)
            if kill_first:
                os.kill(client, signal.SIGKILL)
                server.cont()
            else:
                server.cont()
                os.kill(client, signal.SIGKILL)
            look = await looking
            assert not isinstance(look, NoServer)
            assert len(look.panes) == 5
            await noticed(mux, client)


async def test_what_waits_for_a_lost_connection_is_told_so(server: TmuxServer) -> None:
    server.session("one")
    link = await ControlConnection.open(ServerAddress(server.socket), TmuxSessionId("$0"), lambda _: None, PATIENCE)
    server.stop()
    asking = [asyncio.ensure_future(ask(link, ["display-message -p x"] * 3, PATIENCE)) for _ in range(3)]
    await asyncio.sleep(0)
    assert link.pid is not None

    os.kill(link.pid, signal.SIGKILL)

    for one in asking:
        with pytest.raises(ConnectionLost):
            await one
    with pytest.raises(ConnectionLost):
        await ask(link, ["display-message -p x"], PATIENCE)
    server.cont()
    await link.close()


async def test_answers_stay_in_step_when_askers_give_up(server: TmuxServer) -> None:
    server.session("one")
    link = await ControlConnection.open(ServerAddress(server.socket), TmuxSessionId("$0"), lambda _: None, PATIENCE)
    try:
        impatient = asyncio.ensure_future(ask(link, ["display-message -p wrong"] * 5, PATIENCE))
        await asyncio.sleep(0)
        impatient.cancel()

        (right,) = await ask(link, ["display-message -p right"], PATIENCE)
    finally:
        await link.close()

    assert right.text == "right"


async def test_answers_that_nobody_asked_for_are_skipped(server: TmuxServer) -> None:
    server.session("one")
    server.run("set-hook", "-g", "session-renamed", "display-message -p from-a-hook")
    link = await ControlConnection.open(ServerAddress(server.socket), TmuxSessionId("$0"), lambda _: None, PATIENCE)
    try:
        for n in range(20):
            renamed, told = await ask(link, [f"rename-session -t $0 n{n}", "display-message -p '#S'"], PATIENCE)
            assert (renamed.failed, told.text) == (False, f"n{n}")
    finally:
        await link.close()


async def test_closing_a_client_of_a_stopped_server_takes_no_time(server: TmuxServer) -> None:
    server.session("one")

    async with mux_at(server) as mux:
        server.stop()
        async with asyncio.timeout(PATIENCE / 2):
            await mux.close()
        server.cont()

    until(lambda: server.clients() == [], "the server forgot the client")


async def test_it_finds_a_server_that_starts_later(server: TmuxServer) -> None:
    async with mux_at(server) as mux:
        assert isinstance(await mux.look(), NoServer)
        server.session("one")
        assert mux.control is not None
        assert await until_linked(mux.control)
        assert len((await snapshot(mux)).panes) == 1


@pytest.mark.parametrize("option", ["destroy-unattached", "exit-unattached"])
async def test_it_stays_away_from_what_ends_with_its_last_client(server: TmuxServer, option: str) -> None:
    server.session("one")
    with TmuxServer(server.socket + "2") as outer:
        outer.session(
            "screen", "env", "-u", "TMUX", tmux_program(), "-S", server.socket, "attach-session", "-t", "=one"
        )
        until(lambda: len(server.clients()) == 1, "the operator was there")
        server.run("set-option", "-s" if option == "exit-unattached" else "-g", option, "on")

        async with mux_at(server, linked=False) as mux:
            assert len((await snapshot(mux)).panes) == 1
            assert mux.control is not None
            assert not await until_linked(mux.control, 0.5)
            assert len(server.clients()) == 1

        assert server.sessions() == ["one"]


def test_home_is_chosen_before_the_most_looked_at_and_that_before_the_oldest() -> None:
    def host(session: str, attached: int = 0, *, lasting: bool = True) -> Host:
        return Host(TmuxSessionId(session), attached, lasting)

    home = TmuxSessionId("$9")

    assert choose([host("$1", 3), host("$9")], home) == "$9"
    assert choose([host("$1"), host("$2", 1), host("$10", 1)], home) == "$2"
    assert choose([host("$10"), host("$2")], None) == "$2"
    assert choose([host("$1", 2, lasting=False), host("$9", lasting=False), host("$3")], home) == "$3"
    assert choose([host("$1", lasting=False)], None) is None
    assert choose([], home) is None


WORDS = ("plain", "two words", "it's", "#{pid}", "$HOME ~ `id`", "semi;", ";", "\\n", '"', "{a}", "-x", "%0", "漢")


async def test_quoted_words_arrive_as_they_are(server: TmuxServer) -> None:
    server.session("one")
    commands = [control_line(["set-buffer", "-b", f"b{n}", "--", word]) for n, word in enumerate(WORDS)]
    link = await ControlConnection.open(ServerAddress(server.socket), TmuxSessionId("$0"), lambda _: None, PATIENCE)
    try:
        answers = await ask(link, commands, PATIENCE)
    finally:
        await link.close()

    assert not [answer.text for answer in answers if answer.failed]
    assert [server.run("save-buffer", "-b", f"b{n}", "-") for n in range(len(WORDS))] == list(WORDS)


@pytest.mark.parametrize("word", ["a\nkill-server", "a\rb", "a\0b"])
def test_a_word_of_two_lines_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        control_line([word])


async def test_a_mux_is_all_that_the_port_asks_for(server: TmuxServer) -> None:
    async with mux_at(server, persistent=False) as mux:
        port: Mux = mux

        assert port.address.socket == server.socket


CHANGES: tuple[tuple[tuple[str, ...], set[str]], ...] = (
    (("new-session", "-d", "-s", "new", "sleep", "99"), {"sessions-changed"}),
    (("rename-session", "-t", "=new", "named"), {"session-renamed"}),
    (("new-window", "-d", "-t", "=named:", "-n", "far", "sleep", "99"), {"unlinked-window-add"}),
    (("new-window", "-d", "-t", "=one:", "-n", "near", "sleep", "99"), {"window-add"}),
    (("select-window", "-t", "=one:near"), {"session-window-changed"}),
    (("select-window", "-t", "=named:far"), {"session-window-changed"}),
    (("split-window", "-d", "-t", "=one:near", "sleep", "99"), {"layout-change"}),
    (("split-window", "-t", "=named:far", "sleep", "99"), {"window-pane-changed"}),
    (("rename-window", "-t", "=one:near", "here"), {"window-renamed"}),
    (("rename-window", "-t", "=named:far", "there"), {"unlinked-window-renamed"}),
    (("copy-mode", "-t", "=named:there"), {"pane-mode-changed"}),
    (("kill-window", "-t", "=named:there"), {"unlinked-window-close"}),
    # By then it is unlinked already, except in tmux's newest sources.
    (("kill-window", "-t", "=one:here"), {"unlinked-window-close", "window-close"}),
    (("kill-session", "-t", "=named"), {"sessions-changed"}),
    (("kill-session", "-t", "=one"), {"exit"}),
)
"""What changes at a server, and of which notices at least one tells of it to a client attached to `one`."""


async def test_every_change_is_told_in_words_that_we_know(server: TmuxServer) -> None:
    server.session("one")
    server.session("other")
    heard: list[str] = []
    session = TmuxSessionId(server.ask("=one:", "#{session_id}"))
    link = await ControlConnection.open(
        ServerAddress(server.socket), session, lambda notice: heard.append(notice.name), timeout=PATIENCE
    )
    try:
        for change, told in CHANGES:
            heard.clear()
            server.run(*change)
            await eventually(lambda told=told: told & set(heard) & set(NOTICES), f"{change} was told")  # type: ignore[misc]
    finally:
        await link.close()


async def test_notices_become_hints_and_so_does_the_end_of_the_connection(server: TmuxServer) -> None:
    server.session("one")

    async with mux_at(server) as mux:
        hints = mux.hints()

        async def until_hint(kind: HintKind) -> None:
            async with asyncio.timeout(PATIENCE):
                while (await anext(hints)).kind is not kind:
                    pass

        server.session("two")
        await until_hint(HintKind.STRUCTURE)
        server.kill()
        await until_hint(HintKind.SERVER)
