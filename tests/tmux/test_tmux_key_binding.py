"""Our key in tmux's prefix table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import ServerAddress
from quarterdeck.errors import UsageError
from quarterdeck.tmux.key_binding import (
    bind,
    bindings,
    conf_line,
    conf_word,
    console_command,
    key_name,
    read_binding,
    unbind,
)
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = ("/opt/it's here/#{pid}/quarterdeck", "-S", '/tmp/a "b" $c;', "--home", "/home/#(x) ~")
KEYS = ("^g", "g", "#", ";", '"', "'", "\\", "-", "F12", "M-;", "$", "C-Space", "{", "~")


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    with TmuxServer(tmux_socket) as server:
        server.session("work")
        server.run("unbind-key", "-a", "-T", "prefix")
        yield server


@pytest.fixture
def address(server: TmuxServer) -> ServerAddress:
    return ServerAddress(server.socket)


@pytest.mark.parametrize("popup", [False, True], ids=["session", "popup"])
async def test_every_key_can_be_bound_known_again_and_taken_away(
    server: TmuxServer, address: ServerAddress, popup: bool
) -> None:
    command = console_command(PROGRAM, popup=popup)
    for given in KEYS:
        key = await key_name(address, given)
        await bind(address, key, command, was=None)

        (bound,) = await bindings(address)
        assert (bound.key, bound.is_ours, bound.is_popup) == (key, True, popup), given
        assert await unbind(address, key) == ""
        assert await bindings(address) == []
    assert await key_name(address, "^g") == "C-g"


@pytest.mark.parametrize("popup", [False, True], ids=["session", "popup"])
async def test_tmux_reads_the_printed_line_as_what_was_bound(
    server: TmuxServer, address: ServerAddress, short_folder: Path, popup: bool
) -> None:
    command = console_command(PROGRAM, popup=popup)
    conf = short_folder / "conf"
    for key in ("g", "#", ";", '"', "'", "M-;", "\\"):
        await bind(address, key, command, was=None)
        bound = server.keys()
        await unbind(address, key)
        conf.write_text(conf_line(key, command) + "\n")

        server.run("source-file", str(conf))

        assert server.keys() == bound, key
        await unbind(address, key)


async def test_a_key_gets_back_what_it_did_even_when_it_was_bound_twice(
    server: TmuxServer, address: ServerAddress
) -> None:
    server.run("bind-key", "-r", "x", "display-message", "it's #S; \\$HOME", "\\;", "next-window")
    before = server.keys()
    for popup in (False, True):
        (was,) = await bindings(address)
        await bind(address, "x", console_command(PROGRAM, popup=popup), was=was)

    assert "next-window" in await unbind(address, "x")

    assert server.keys() == before
    assert "@quarterdeck" not in server.run("show-options", "-s")


async def test_a_key_that_is_none_is_said_so(address: ServerAddress) -> None:
    with pytest.raises(UsageError, match="no key 'gg'"):
        await key_name(address, "gg")


def test_words_of_the_configuration_are_quoted_only_where_they_must_be() -> None:
    assert [conf_word(word) for word in ("g", "a b", "it's $x", ";", "")] == ["g", "'a b'", '"it\'s \\$x"', "';'", "''"]


def test_lines_that_are_no_key_of_the_prefix_are_none() -> None:
    assert read_binding("bind-key -T root g choose-tree") is None
    assert read_binding("") is None
