"""One spawned tmux: what its failures mean, and that it always comes to an end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import NoServer, ServerAddress
from quarterdeck.errors import TmuxMissing, TmuxRefused, TmuxUnreachable
from quarterdeck.programs import TMUX_VARIABLE
from quarterdeck.tmux import one_call
from quarterdeck.tmux.client_process import ClientProcess
from quarterdeck.tmux.mux import TmuxMux
from support.patience import PATIENCE
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    with TmuxServer(tmux_socket) as server:
        yield server


def looking_at(path: Path | str, timeout: float = PATIENCE) -> TmuxMux:
    return TmuxMux(ServerAddress(str(path)), persistent=False, timeout=timeout, command_timeout=PATIENCE, poll_every=1)


async def test_what_tmux_prints_is_given(server: TmuxServer) -> None:
    server.session("ünï ☂")

    out = await one_call.ask(ServerAddress(server.socket), "list-sessions", "-F", "#{session_name}", timeout=PATIENCE)

    assert out.decode() == "ünï ☂\n"


async def test_input_reaches_it(server: TmuxServer) -> None:
    server.session("one")
    text = b"x" * 300_000

    await one_call.ask(ServerAddress(server.socket), "load-buffer", "-b", "big", "-", stdin=text, timeout=PATIENCE)

    assert server.run("save-buffer", "-b", "big", "-").encode() == text


async def test_a_refusal_is_told_in_tmux_s_words(server: TmuxServer) -> None:
    server.session("one")

    with pytest.raises(TmuxRefused, match="can't find session: two"):
        await one_call.ask(ServerAddress(server.socket), "has-session", "-t", "=two", timeout=PATIENCE)


async def test_a_socket_that_nobody_listens_on_is_no_server(server: TmuxServer) -> None:
    server.session("one")
    server.kill()

    assert is_socket(server.socket)
    assert isinstance(await looking_at(server.socket).look(), NoServer)


@pytest.mark.process
async def test_a_file_in_the_socket_s_place_is_no_answer(tmp_path: Path) -> None:
    plain = tmp_path / "s"
    plain.write_text("not a socket")

    with pytest.raises(TmuxUnreachable):
        await looking_at(plain / "below").look()


def is_socket(path: str) -> bool:
    return Path(path).is_socket()


def close_to_all(path: str) -> None:
    Path(path).chmod(0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every socket")
async def test_a_socket_of_another_user_is_no_empty_server(server: TmuxServer) -> None:
    server.session("one")
    close_to_all(server.socket)

    with pytest.raises(TmuxUnreachable, match="Permission denied"):
        await looking_at(server.socket).look()


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("no server running on /tmp/s", one_call.ServerAbsent),
        ("error connecting to /tmp/s (No such file or directory)", one_call.ServerAbsent),
        ("error connecting to /tmp/s (Permission denied)", TmuxUnreachable),
        ("error connecting to /tmp/s (Not a directory)", TmuxUnreachable),
        ("error connecting to /tmp/no server running on (Permission denied)", TmuxUnreachable),
        ("server exited unexpectedly", TmuxUnreachable),
        ("lost server", TmuxUnreachable),
        ("protocol version mismatch (client 8, server 7)", TmuxUnreachable),
        ("", TmuxUnreachable),
        ("can't find pane: %9", TmuxRefused),
        ("duplicate session: no server running on ", TmuxRefused),
    ],
)
def test_only_what_is_certain_counts_as_no_server(said: str, meaning: type[Exception]) -> None:
    error = one_call.failure(ServerAddress("/tmp/s"), said)

    assert type(error) is meaning


@pytest.mark.process
async def test_an_answer_without_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_call, "MOST_BYTES_OF_ROWS", 100_000)
    fake_tmux(tmp_path, monkeypatch, "yes")

    with pytest.raises(TmuxUnreachable, match="more than"):
        await looking_at(tmp_path / "s").look()


@pytest.mark.process
async def test_someone_else_s_silent_socket_is_unreachable(short_folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(short_folder / "s"))
        listener.listen()

        with pytest.raises(TmuxUnreachable, match="did not answer"):
            await looking_at(short_folder / "s", timeout=0.5).look()


@pytest.mark.process
async def test_someone_else_s_talking_socket_is_unreachable(short_folder: Path) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
        writer.close()

    other = await asyncio.start_unix_server(hang_up, short_folder / "s")
    async with other:
        with pytest.raises(TmuxUnreachable):
            await looking_at(short_folder / "s", timeout=PATIENCE).look()


@pytest.mark.process
async def test_without_tmux_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TMUX_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(TmuxMissing) as caught:
        await looking_at(tmp_path / "s").look()

    assert "tmux" in caught.value.hint


@pytest.mark.process
async def test_nobody_waits_for_a_client_that_never_ran(tmp_path: Path) -> None:
    missing = ClientProcess()
    with pytest.raises(TmuxMissing):
        await missing.start([str(tmp_path / "tmux")], {})
    unheard = ClientProcess()
    with pytest.raises(ValueError, match="null byte"):
        await unheard.start(["tmux", "\0"], {})

    assert await missing.collected()
    assert await unheard.collected()
    assert await ClientProcess().collected()


@pytest.mark.parametrize(
    "script",
    [
        "exec sleep 3600",
        "trap '' TERM HUP; while :; do sleep 1; done",
        "sleep 20 & echo stays; wait",
        "while :; do echo noise; done",
    ],
    ids=["silent", "stubborn", "a child keeps the pipe", "endless"],
)
@pytest.mark.process
async def test_a_tmux_that_hangs_is_ended_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    pids = fake_tmux(tmp_path, monkeypatch, script)

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(TmuxUnreachable, match="did not answer"):
            await looking_at(tmp_path / "s", timeout=0.5).look()

    (pid,) = map(int, pids.read_text().split())
    until(lambda: not Path(f"/proc/{pid}").exists(), "it was gone")


@pytest.mark.parametrize(
    "script",
    ["echo garbage", "printf '\\377\\376|||'", "exit 3", "kill -9 $$", ":", "yes '' | head -c 1000000"],
    ids=["garbage", "bytes", "failure", "killed", "silence", "line ends"],
)
@pytest.mark.process
async def test_a_tmux_that_talks_nonsense_is_no_empty_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    fake_tmux(tmp_path, monkeypatch, script)

    with pytest.raises(TmuxUnreachable):
        await looking_at(tmp_path / "s").look()


async def test_giving_up_ends_the_client_too(server: TmuxServer) -> None:
    server.session("one")
    server.stop()
    waiting = asyncio.ensure_future(one_call.run(ServerAddress(server.socket), "list-sessions", timeout=PATIENCE))
    await asyncio.sleep(0.05)

    waiting.cancel()
    async with asyncio.timeout(PATIENCE / 2):
        with pytest.raises(asyncio.CancelledError):
            await waiting
    server.cont()


@pytest.mark.process
async def test_a_client_is_collected_however_often_its_task_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = fake_tmux(tmp_path, monkeypatch, "exec sleep 3600")
    clients: list[ClientProcess] = []
    let_go = ClientProcess.let_go

    def noted(client: ClientProcess) -> None:
        clients.append(client)
        let_go(client)

    monkeypatch.setattr(ClientProcess, "let_go", noted)
    waiting = asyncio.ensure_future(one_call.run(ServerAddress(str(tmp_path / "s")), "list-sessions", timeout=PATIENCE))
    await asyncio.to_thread(until, pids.exists, "it ran")

    for _ in range(3):
        waiting.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert [client.exit_code for client in clients] == [-signal.SIGKILL]


def fake_tmux(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """Put a tmux of our own first on PATH; the answer is where it writes its process id."""
    pids = folder / "pids"
    program = folder / "tmux"
    program.write_text(f"#!/bin/sh\necho $$ >> {pids}\n{script}\n")
    program.chmod(0o700)
    monkeypatch.delenv(TMUX_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return pids
