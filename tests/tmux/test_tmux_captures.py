"""The text of many panes, down the pipe and by spawned programs."""

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

from quarterdeck.core.ids import PaneId
from quarterdeck.errors import TmuxUnreachable
from quarterdeck.ports.mux import CaptureRequest
from quarterdeck.tmux import captures
from support.patience import PATIENCE
from support.tmux_mux import mux_at, snapshot
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quarterdeck.tmux.mux import TmuxMux

CAPTURES: Final = 20_000
MOST_GROWTH: Final = 1024
"""KB; what was printed for so many full screens is 40 times as much."""
BOTH_WAYS = pytest.mark.parametrize("persistent", [True, False], ids=["down the pipe", "spawned"])


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    with TmuxServer(tmux_socket) as server:
        server.session("keep")
        yield server


def showing(server: TmuxServer, name: str, script: str, last: str, size: str = "80x24") -> PaneId:
    """A session whose pane shows what a script prints, once it does."""
    pane_id = server.session(name, "sh", "-c", f"{script}; exec sleep 3600", size=size)
    until(lambda: last in server.run("capture-pane", "-p", "-t", pane_id), f"{name} shows {last!r}")
    return PaneId(pane_id)


@BOTH_WAYS
async def test_each_pane_gives_its_own_text(server: TmuxServer, *, persistent: bool) -> None:
    panes = [showing(server, f"s{n}", f"echo 'ünï {n} ☂'", f"ünï {n} ☂") for n in range(5)]

    async with mux_at(server, persistent=persistent) as mux:
        texts = await mux.capture([CaptureRequest(pane_id) for pane_id in panes])

    assert {pane_id: text.rstrip("\n") for pane_id, text in texts.items()} == {
        pane_id: f"ünï {n} ☂" for n, pane_id in enumerate(panes)
    }
    assert all(text.count("\n") == 23 for text in texts.values())


@BOTH_WAYS
async def test_a_pane_that_is_gone_is_missing(server: TmuxServer, *, persistent: bool) -> None:
    one, two = showing(server, "one", "echo here", "here"), showing(server, "two", "echo there", "there")

    async with mux_at(server, persistent=persistent) as mux:
        texts = await mux.capture(
            [CaptureRequest(PaneId(pane_id)) for pane_id in ("%90", one, "%91", "%92", two, "%93")]
        )

    assert {pane_id: text.strip() for pane_id, text in texts.items()} == {one: "here", two: "there"}


@BOTH_WAYS
async def test_colours_history_and_joined_lines_come_when_asked_for(server: TmuxServer, *, persistent: bool) -> None:
    script = "seq 1 100; printf '%s\\n' aaaaaaaaaabbbbbbbbbbcccccccccc; printf '\\033[31mred\\033[0m'"
    pane_id = showing(server, "one", script, "red", size="20x10")

    async with mux_at(server, persistent=persistent) as mux:

        async def text(**wanted: bool | int) -> str:
            request = CaptureRequest(pane_id, **wanted)  # type: ignore[arg-type]
            return (await mux.capture([request]))[pane_id]

        plain, coloured = await text(), await text(colours=True)
        some, every = await text(lines=5), await text(lines=10**9)
        joined = await text(join_wrapped=True)

    assert plain.split("\n")[-3:] == ["aaaaaaaaaabbbbbbbbbb", "cccccccccc", "red"]
    assert len(plain.split("\n")) == 10
    assert "\x1b[31mred" in coloured
    assert some.split("\n")[:5] == ["89", "90", "91", "92", "93"]
    assert every.split("\n")[:2] == ["1", "2"]
    assert "aaaaaaaaaabbbbbbbbbbcccccccccc" in joined


async def test_a_screen_full_of_protocol_is_captured_as_it_stands(server: TmuxServer) -> None:
    guards = "\n".join(f"%{word} {number} {number} 1" for number in range(3) for word in ("begin", "end", "error"))
    pane_id = showing(server, "one", f"printf '{guards.replace('%', '%%')}\n%%exit\n'", "%exit")
    other = showing(server, "two", "echo honest", "honest")

    async with mux_at(server) as mux:
        texts = await mux.capture([CaptureRequest(pane_id), CaptureRequest(other)])
        still_linked = mux.control is not None and mux.control.linked

    assert texts[pane_id].rstrip("\n") == f"{guards}\n%exit"
    assert texts[other].rstrip("\n") == "honest"
    assert still_linked


async def test_a_pane_that_forges_its_own_end_cannot_speak_for_another(server: TmuxServer) -> None:
    """The pane guesses time and numbers of the answers to come, so its capture ends early and the next is its own."""
    async with mux_at(server) as mux:
        assert mux.control is not None
        script = (
            "now=$(date +%s); clear; for t in 0 1 2 3 4 5; do s=$((now+t)); for n in $(seq $0 $(($0+60))); do "
            'echo "%end $s $n 1"; echo "%begin $s $((n+1)) 1"; echo forged; done; done; exec sleep 3600'
        )
        ((probe,),) = await mux.control.ask([["display-message -p x"]])
        evil = PaneId(server.session("evil", "sh", "-c", script, str(probe.number), size="40x2000"))
        other = showing(server, "two", "echo honest", "honest")
        until(
            lambda: server.run("capture-pane", "-p", "-t", evil).count("forged") > 360, "the forgery is on the screen"
        )

        texts, look = await asyncio.gather(
            mux.capture([CaptureRequest(evil), CaptureRequest(other)]), snapshot(mux, [evil])
        )
        assert await mux.control.until_linked(PATIENCE)

    assert texts[other].rstrip("\n") == "honest"
    assert texts[evil].count("forged") == 366
    assert {pane.pane_id for pane in look.panes} == {"%0", evil, other}


@BOTH_WAYS
async def test_hundreds_of_captures_come_in_one_call(server: TmuxServer, *, persistent: bool) -> None:
    pane_id = showing(server, "one", "seq 1 50", "50")
    other = showing(server, "two", "echo last", "last")
    requests = [CaptureRequest(pane_id, lines=100, colours=True)] * 300 + [CaptureRequest(other)]

    async with mux_at(server, persistent=persistent) as mux:
        texts = await mux.capture(requests)

    assert texts[pane_id].startswith("1\n2\n")
    assert texts[other].strip() == "last"


async def test_nothing_wanted_asks_nothing(tmux_socket: Path) -> None:
    async with mux_at(TmuxServer(tmux_socket), persistent=False) as mux:
        assert await mux.capture([]) == {}


async def test_without_a_server_every_pane_is_gone(tmux_socket: Path) -> None:
    async with mux_at(TmuxServer(tmux_socket), persistent=False) as mux:
        assert await mux.capture([CaptureRequest(PaneId("%0"))]) == {}


async def test_captures_rest_after_a_time_out_and_looks_do_not(server: TmuxServer) -> None:
    async with mux_at(server, timeout=4) as mux:
        server.stop()
        with pytest.raises(TmuxUnreachable, match="did not answer"):
            await mux.capture([CaptureRequest(PaneId("%0"))])
        server.cont()

        with pytest.raises(TmuxUnreachable, match="details are asked for again"):
            await mux.capture([CaptureRequest(PaneId("%0"))])
        await snapshot(mux)
        assert set(await mux.capture([CaptureRequest(PaneId("%0"))])) == {"%0"}


def test_a_capture_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captures, "MOST_BYTES", 12)

    assert captures.shown(b"first line\nsecond\nthird\n") == "third\n"
    assert captures.command(CaptureRequest(PaneId("%0"), lines=10**9))[-1] == f"-{captures.MOST_LINES}"


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
            assert mux.control is not None
            client = mux.control.client_pid
            assert client is not None
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
    argv = ("tmux", "-u", "-S", server.socket, "-C", "attach-session", "-t", "=keep")
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
