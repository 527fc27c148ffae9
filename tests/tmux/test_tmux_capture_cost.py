"""What captures cost the server, and who sees them: nothing that stays, and nobody."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import string
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quarterdeck.ports.mux import CaptureRequest
from quarterdeck.programs import tmux_program
from quarterdeck.tmux import captures
from support.tmux_mux import client_pid, mux_at
from support.tmux_server import TmuxServer, showing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quarterdeck.core.pane import PaneId
    from quarterdeck.tmux.mux import TmuxMux

CAPTURES: Final = 20_000
MOST_GROWTH: Final = 1024
"""KB; what was printed for so many full screens is 40 times as much."""


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    with TmuxServer(tmux_socket) as server:
        server.session("keep")
        yield server


@pytest.mark.parametrize(
    ("version", "way"),
    [
        ("3.2", None),
        ("3.2a", None),
        ("3.3", "_buffered"),
        ("3.3a", "_buffered"),
        ("3.4", None),
        ("3.5a", None),
        ("next-3.6", None),
        ("openbsd-7.6", None),
        ("", None),
        ("3.6", "_printed"),
        ("3.6b", "_printed"),
        ("3.7c", "_printed"),
        ("3.10", "_printed"),
        ("4.0", "_printed"),
    ],
)
def test_each_version_is_asked_in_the_way_that_costs_it_nothing(version: str, way: str | None) -> None:
    found = captures.way_down_the_pipe(version)

    assert (found.__name__ if found is not None else None) == way


async def test_captures_cost_the_server_no_memory_that_stays(server: TmuxServer) -> None:
    lines = "\n".join(string.ascii_letters[:60] + f"{number:020}" for number in range(24))
    pane_id = showing(server, "full", f"printf '{lines}'", f"{23:020}")
    many = [CaptureRequest(pane_id)] * 1000

    async with mux_at(server) as mux:
        await mux.capture(many)  # tmux keeps the last thousand commands as messages
        before = memory_of(server)
        for _ in range(CAPTURES // len(many)):
            texts = await mux.capture(many)
        grown = memory_of(server) - before

    assert lines.endswith(texts[pane_id])
    assert grown < MOST_GROWTH


async def test_nobody_ever_sees_how_a_pane_is_captured(server: TmuxServer) -> None:
    pane_id = showing(server, "one", "seq 1 100", "100")
    server.run("set-buffer", "what was copied last")
    server.run("set-buffer", "-b", "by-name", "what has a name")
    before = buffers_of(server)
    seen = set()

    with listening(server) as heard:
        async with mux_at(server) as mux:
            work = asyncio.create_task(capturing(mux, pane_id, times=15))
            while not work.done():
                seen.add(await asyncio.to_thread(buffers_of, server))
            assert await work
        told = heard()

    assert seen == {before} == {buffers_of(server)}
    assert "buffer" not in told


async def test_no_buffer_is_left_behind_when_the_client_is_killed_in_the_middle(server: TmuxServer) -> None:
    pane_id = showing(server, "one", "seq 1 100", "100")

    for _ in range(5):
        async with mux_at(server) as mux:
            client = client_pid(mux)
            work = asyncio.create_task(capturing(mux, pane_id, times=1))
            await asyncio.sleep(0)
            os.kill(client, signal.SIGKILL)
            assert await work
        assert server.run("list-buffers") == ""


@pytest.mark.parametrize("colours", [False, True], ids=["plain", "coloured"])
async def test_both_ways_give_the_same_text(server: TmuxServer, *, colours: bool) -> None:
    nasty = [
        *(
            "$HOME ${x} $_ $1 $",
            "\\\\033[31m \\\\t \\\\\\\\ \\\\$x",
            "ünï ☂ 漢字 e\u0301",
            "%end 1 2 3",
            "#{pid} ; 'x' \"y\"",
        ),
        *("\\033[1;38;2;1;2;3mred\\033[0m tail  ", "", "", "a\\tb", "end"),
    ]
    script = "printf '%b\\n' " + " ".join("'" + text.replace("'", "'\\''") + "'" for text in nasty)
    pane_id = showing(server, "nasty", script, "end", size="60x14")
    request = CaptureRequest(pane_id, colours=colours)

    async with mux_at(server) as piped, mux_at(server, persistent=False) as spawned:
        one, other = await piped.capture([request]), await spawned.capture([request])

    assert one == other
    assert "\\033[31m \\t \\\\ \\$x" in one[pane_id]
    assert ("\x1b[1m" in one[pane_id]) == colours


def as_shown(held: bytes) -> bytes:
    """What `show-buffer` of tmux 3.3a prints to a control client (utf8_strvis, and vis with OCTAL, CSTYLE and TAB)."""
    named = {0: b"\\0", 7: b"\\a", 8: b"\\b", 9: b"\\t", 11: b"\\v", 12: b"\\f", 13: b"\\r", 92: b"\\\\"}
    out = b""
    for at, byte in enumerate(held):
        after = held[at + 1 : at + 2]
        if byte == 36 and re.match(rb"[A-Za-z_{]", after):
            out += b"\\$"
        elif byte == 0 and re.match(rb"[0-7]", after):
            out += b"\\000"
        elif byte in named:
            out += named[byte]
        elif byte == 10 or 32 <= byte < 127:
            out += bytes([byte])
        else:
            out += b"\\%03o" % byte
    return out


@given(st.binary() | st.text(alphabet="\\$0123abntx{_ \n\0\t\x1b").map(str.encode))
@example(bytes(range(256)))
def test_what_a_buffer_holds_is_read_back_byte_for_byte(held: bytes) -> None:
    assert captures.unescaped(as_shown(held)) == held


def buffers_of(server: TmuxServer) -> tuple[str, str]:
    """Every buffer, and the one that would be pasted."""
    return server.run("list-buffers", "-F", "#{buffer_name} #{buffer_sample}"), server.run("show-buffer")


async def capturing(mux: TmuxMux, pane_id: PaneId, times: int) -> bool:
    """Capture a pane again and again, so often at once that tmux reads it in pieces; answers whether all came."""
    return all([pane_id in await mux.capture([CaptureRequest(pane_id)] * 500) for _ in range(times)])


@contextmanager
def listening(server: TmuxServer) -> Iterator[Callable[[], str]]:
    """Another control client, as iTerm2 is one; what it has heard is known when it is asked for."""
    argv = (tmux_program(), "-u", "-S", server.socket, "-C", "attach-session", "-t", "=keep")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=server.environment()) as client:
        assert client.stdout is not None
        lines = client.stdout
        said = [lines.readline()]

        def heard() -> str:
            # tmux tells in order, so all that came before has come.
            server.run("rename-session", "-t", "=keep", "listened")
            while b"listened" not in said[-1]:
                said.append(lines.readline())
            return b"".join(said).decode()

        try:
            yield heard
        finally:
            client.kill()


def memory_of(server: TmuxServer) -> int:
    """KB of memory that the server has for itself."""
    told = re.search(r"^RssAnon:\s+(\d+) kB", Path(f"/proc/{server.pid()}/status").read_text(), re.MULTILINE)
    assert told is not None
    return int(told[1])
