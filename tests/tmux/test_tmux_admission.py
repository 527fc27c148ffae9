"""Our control client comes in all at once: in pieces it can end the server while sessions come and go."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.pane import ServerAddress, TmuxSessionId
from quarterdeck.errors import TmuxUnreachable
from quarterdeck.programs import tmux_program
from quarterdeck.tmux.admission import DONE, FLAG_MESSAGES, STREAMS, Admission, in_safe_order, split
from quarterdeck.tmux.control_connection import ControlConnection
from support.patience import PATIENCE
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from pathlib import Path

ATTACHES = 120
KINDS = st.sampled_from(sorted({*FLAG_MESSAGES, *STREAMS, 101, 105, 112}))


def message(kind: int, body: bytes, high: int = 0) -> bytes:
    return struct.pack("=IHHII", kind, 16 + len(body), high, 8, 0) + body


@given(st.lists(st.tuples(KINDS, st.binary(max_size=40)), max_size=12), st.binary(max_size=30), st.data())
def test_an_introduction_is_read_whole_wherever_it_is_cut(
    parts: list[tuple[int, bytes]], rest: bytes, data: st.DataObject
) -> None:
    whole = b"".join(message(kind, body, 0x8000) for kind, body in [*parts, (DONE, b"")]) + rest
    cut = data.draw(st.integers(0, len(whole)))

    first, left = split(whole[:cut])
    second, left = split(left + whole[cut:]) if not first or first[-1][0] != DONE else ([], left + whole[cut:])

    assert [kind for kind, _ in first + second] == [kind for kind, _ in parts] + [DONE]
    assert left == rest


@given(st.lists(st.tuples(KINDS, st.binary(max_size=40)), max_size=12))
def test_flags_come_last_and_nothing_is_lost(parts: list[tuple[int, bytes]]) -> None:
    said = [(kind, message(kind, body)) for kind, body in [*parts, (DONE, b"")]]

    streams, rest = in_safe_order(said, b"command")

    assert sorted(b"".join(streams) + rest) == sorted(b"".join(each for _, each in said) + b"command")
    kinds = [kind for kind, _ in split(rest)[0]]
    flags = [kind for kind in kinds if kind in FLAG_MESSAGES]
    assert kinds[len(kinds) - len(flags) - 1 :] == [*flags, DONE]


def test_what_is_no_introduction_is_refused() -> None:
    with pytest.raises(ValueError, match="introduces"):
        split(b"\0" * 40)


async def test_a_client_that_never_comes_is_not_waited_for_long(tmux_socket: Path) -> None:
    gate = Admission(ServerAddress(str(tmux_socket)), timeout=0.05)

    with pytest.raises(TmuxUnreachable):
        await gate.let_in()


async def test_the_server_outlives_attaches_while_sessions_come_and_go(tmux_socket: Path) -> None:
    with TmuxServer(tmux_socket) as server:
        server.session("keep")
        tmux = f"{tmux_program()} -S {tmux_socket}"
        busy = await asyncio.create_subprocess_exec(
            *("sh", "-c", f"while {tmux} new-session -d -s x sleep 100; do {tmux} kill-session -t =x; done"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=server.environment(),
        )
        try:
            pid = server.pid()
            address = ServerAddress(str(tmux_socket))
            keep = TmuxSessionId(server.ask("=keep:", "#{session_id}"))
            for _ in range(ATTACHES // 8):
                links = await asyncio.gather(
                    *(ControlConnection.open(address, keep, lambda _: None, PATIENCE) for _ in range(8))
                )
                await asyncio.gather(*(link.close() for link in links))
            assert server.pid() == pid
        finally:
            busy.kill()
            await busy.wait()


async def test_a_gate_closed_in_the_middle_of_an_introduction_leaves_no_socket_open(
    tmux_socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TmuxServer(tmux_socket) as server:
        server.session("one")
        gate = Admission(ServerAddress(server.socket), PATIENCE)
        arrived, may_go_on, ended = threading.Event(), threading.Event(), threading.Event()
        ends: list[socket.socket] = []

        def receive(client: socket.socket, *_: int) -> tuple[bytes, list[int], int, None]:
            ends.append(client)
            arrived.set()
            may_go_on.wait(PATIENCE)
            ended.set()
            return message(DONE, b""), [], 0, None

        monkeypatch.setattr(socket, "recv_fds", receive)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(gate.path)
            waiting = asyncio.create_task(gate.let_in())
            assert await asyncio.to_thread(arrived.wait, PATIENCE)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            gate.close()
            may_go_on.set()
            assert await asyncio.to_thread(ended.wait, PATIENCE)
            async with asyncio.timeout(PATIENCE):
                while ends[0].fileno() != -1:  # noqa: ASYNC110 - a thread of ours closes it and tells nobody
                    await asyncio.sleep(0.01)
