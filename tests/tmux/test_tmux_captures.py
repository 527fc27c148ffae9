"""The text of many panes, down the pipe and by spawned programs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import PaneId
from quarterdeck.errors import TmuxUnreachable
from quarterdeck.ports.mux import CaptureRequest
from quarterdeck.tmux import captures
from support.patience import PATIENCE
from support.tmux_mux import mux_at, snapshot, until_linked
from support.tmux_server import TmuxServer, showing, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOTH_WAYS = pytest.mark.parametrize("persistent", [True, False], ids=["down the pipe", "spawned"])


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    with TmuxServer(tmux_socket) as server:
        server.session("keep")
        yield server


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
async def test_colours_and_history_come_when_asked_for(server: TmuxServer, *, persistent: bool) -> None:
    script = "seq 1 100; printf '%s\\n' aaaaaaaaaabbbbbbbbbbcccccccccc; printf '\\033[31mred\\033[0m'"
    pane_id = showing(server, "one", script, "red", size="20x10")

    async with mux_at(server, persistent=persistent) as mux:

        async def text(**wanted: bool | int) -> str:
            request = CaptureRequest(pane_id, **wanted)  # type: ignore[arg-type]
            return (await mux.capture([request]))[pane_id]

        plain, coloured = await text(), await text(colours=True)
        some, every = await text(lines=5), await text(lines=10**9)

    assert plain.split("\n")[-3:] == ["aaaaaaaaaabbbbbbbbbb", "cccccccccc", "red"]
    assert len(plain.split("\n")) == 10
    assert "\x1b[31mred" in coloured
    assert some.split("\n")[:5] == ["89", "90", "91", "92", "93"]
    assert every.split("\n")[:2] == ["1", "2"]


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
        (probe,) = await mux.control.ask([["display-message", "-p", "x"]], PATIENCE)
        evil = PaneId(server.session("evil", "sh", "-c", script, str(probe.number), size="40x2000"))
        other = showing(server, "two", "echo honest", "honest")
        until(
            lambda: server.run("capture-pane", "-p", "-t", evil).count("forged") > 360, "the forgery is on the screen"
        )

        texts, look = await asyncio.gather(
            mux.capture([CaptureRequest(evil), CaptureRequest(other)]), snapshot(mux, [evil])
        )
        assert await until_linked(mux.control)

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
    monkeypatch.setattr(captures, "MOST_CAPTURE_BYTES", 12)

    assert captures.shown(b"first line\nsecond\nthird\n") == "third\n"
    assert captures.command(CaptureRequest(PaneId("%0"), lines=10**9))[-1] == f"-{captures.MOST_CAPTURE_LINES}"


async def test_more_text_than_one_tmux_may_print_is_asked_of_several(
    server: TmuxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    panes = [showing(server, f"s{n}", f"seq 1000 1020; echo last {n}", f"last {n}") for n in range(5)]
    monkeypatch.setattr(captures, "MOST_BYTES_AT_ONCE", 400)

    async with mux_at(server, persistent=False) as mux:
        texts = await mux.capture([CaptureRequest(pane_id) for pane_id in panes])
        monkeypatch.setattr(captures, "MOST_BYTES_AT_ONCE", 100)
        with pytest.raises(TmuxUnreachable, match="printed more than"):
            await mux.capture([CaptureRequest(panes[0])])

    assert [texts[pane_id].split("\n")[21] for pane_id in panes] == [f"last {n}" for n in range(5)]
