"""Looks at a real server: what they tell, and what no name, title or path can do to them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import NoServer, PaneId, ServerAddress
from quarterdeck.ports.clock import SystemClock
from quarterdeck.tmux.mux import TmuxMux
from support.patience import PATIENCE
from support.tmux_mux import client_pid, mux_at, pane, snapshot
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.process

HOSTILE_NAMES = (
    "two words",
    "a:b",
    "c.d",
    "[/x]",
    "漢字 ☂",
    "\"double\" 'single'",
    "$(touch canary) `id`",
    "-leading",
    "   ",
    "42",
    "#{pid} #(id)",
    "semi;",
    "pipe|dollar$at@percent%",
    "e\u0301\u200dé",
    "=equals",
    "x" * 300,
)
"""Names an operator or a program may give a session."""

NAMES_UP_TO_3_6 = ("tab\there",)
"""Names that tmux 3.7 refuses."""

HOSTILE_TITLES = (
    b"a|b|c",
    "␞ ␟".encode(),
    b"%end 1 2 3",
    b"#{pid} #(id) \\; '",
    b"bad \xff\xfe bytes",
    "bidi \u202e back".encode(),
    b"[/oops] [@click=app.quit]",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder under the name that the system gives it."""
    return tmp_path.resolve()


class HandClock(SystemClock):
    """A clock that is moved by hand."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


def made(folder: Path, name: bytes) -> str:
    path = folder / os.fsdecode(name)
    path.mkdir()
    return str(path)


def content(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def environment_of(pid: int | None) -> list[bytes]:
    return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")


BOTH_WAYS = pytest.mark.parametrize("persistent", [True, False], ids=["down the pipe", "spawned"])


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    with TmuxServer(tmux_socket) as server:
        yield server


def titled(title: bytes) -> tuple[str, ...]:
    octal = "".join(f"\\{byte:03o}" for byte in title)
    return ("sh", "-c", rf"printf '\033]2;{octal}\033\\'; exec sleep 3600")


def kept_as(title: str, version: tuple[int, int]) -> str:
    """What tmux makes of a title that a program sets: 3.7 takes the sting out of some signs."""
    return title if version < (3, 7) else title.replace("\\", "\\\\").replace("#(", "_(")


@BOTH_WAYS
async def test_a_look_tells_what_tmux_knows_of_a_pane(server: TmuxServer, folder: Path, *, persistent: bool) -> None:
    first = server.session("one", cwd=folder, size="101x33")
    second = server.run("split-window", "-P", "-F", "#{pane_id}", "-t", first, "--", "sleep", "3600")
    until(lambda: server.ask(first, "#{pane_current_command}") == "sleep", "the program ran")

    async with mux_at(server, persistent=persistent) as mux:
        look = await snapshot(mux)

    told = {pane.pane_id: pane for pane in look.panes}
    assert set(told) == {first, second}
    one = told[PaneId(first)]
    assert (one.session_name, one.command, one.path) == ("one", "sleep", str(folder))
    assert str(one.pid) == server.ask(first, "#{pane_pid}")
    assert one.tty == server.ask(first, "#{pane_tty}")
    assert (one.tmux_id, one.window_id) == ("$0", "@0")
    assert str(one.session_created) == server.ask(first, "#{session_created}")
    assert (one.width, one.height + told[PaneId(second)].height) == (101, 32)
    assert (one.window_active, one.pane_active, one.is_current) == (True, False, False)
    assert told[PaneId(second)].is_current
    assert look.incarnation.pid == server.pid()
    assert look.version == server.run("-V").removeprefix("tmux ")
    assert (look.clients, look.bad_rows) == ((), ())


@BOTH_WAYS
async def test_ended_panes_tell_how_they_ended(server: TmuxServer, *, persistent: bool) -> None:
    server.session("keep")
    server.run("set-option", "-g", "remain-on-exit", "on")
    failed = server.session("failed", "sh", "-c", "read -r _; exit 7")
    killed = server.session("killed", "sh", "-c", "read -r _; kill -9 $$")
    for pane_id in (failed, killed):
        server.run("send-keys", "-t", pane_id, "Enter")
    ends = "#{pane_dead_status}#{pane_dead_signal}"
    # tmux 3.2 does not tell by which signal a program was ended.
    signal = 9 if server.version() >= (3, 3) else None

    def known() -> bool:
        # tmux calls a pane dead when its terminal closes, and at times misses that the program has ended until its
        # next child ends. So it gets one.
        server.run("run-shell", "true")
        return (server.ask(failed, ends), server.ask(killed, ends)) == ("7", str(signal or ""))

    until(known, "tmux knew how they ended")

    async with mux_at(server, persistent=persistent) as mux:
        told = {pane.pane_id: pane for pane in (await snapshot(mux)).panes}

    assert told[PaneId(failed)].dead
    assert told[PaneId(failed)].dead_status == 7
    assert (told[PaneId(killed)].dead, told[PaneId(killed)].dead_status) == (True, None)


async def test_flags_of_a_pane_are_told(server: TmuxServer) -> None:
    server.session("keep")
    plain = server.session("plain")
    ringing = server.session("ringing", "sh", "-c", r"printf '\033[?1049h\a'; exec sleep 3600")
    server.run("copy-mode", "-t", plain)
    until(lambda: server.ask(ringing, "#{window_bell_flag}") == "1", "the bell rang")

    async with mux_at(server) as mux:
        told = {pane.pane_id: pane for pane in (await snapshot(mux)).panes}

    assert [(one.in_mode, one.alternate, one.bell) for one in (told[PaneId(plain)], told[PaneId(ringing)])] == [
        (True, False, False),
        (False, True, True),
    ]


@BOTH_WAYS
async def test_two_hundred_sessions_come_in_one_look(server: TmuxServer, *, persistent: bool) -> None:
    server.session("s0")
    # Not all at once: tmux 3.7 takes a thousand words in one command line, and they make 1,600.
    for some in (range(1, 100), range(100, 200)):
        more = [word for n in some for word in ("new-session", "-d", "-s", f"s{n}", "--", "sleep", "3600", ";")]
        server.run(*more[:-1])

    async with mux_at(server, persistent=persistent) as mux:
        look = await snapshot(mux)

    assert sorted(pane.session_name for pane in look.panes) == sorted(f"s{n}" for n in range(200))
    assert not look.bad_rows
    assert all(pane.path for pane in look.panes)


@BOTH_WAYS
async def test_no_name_can_spoil_a_look(
    server: TmuxServer, folder: Path, monkeypatch: pytest.MonkeyPatch, *, persistent: bool
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    names = (*HOSTILE_NAMES, *(NAMES_UP_TO_3_6 if server.version() < (3, 7) else ()))
    panes = {server.session(name, cwd=folder): name for name in names}
    kept = {pane_id: server.ask(pane_id, "#{session_name}") for pane_id in panes}

    async with mux_at(server, persistent=persistent) as mux:
        look = await snapshot(mux)

    assert {pane.pane_id: pane.session_name for pane in look.panes} == kept
    assert not look.bad_rows
    assert "漢字 ☂" in kept.values()
    assert content(folder) == []


@BOTH_WAYS
async def test_no_title_can_spoil_a_look(server: TmuxServer, *, persistent: bool) -> None:
    panes = {server.session(f"t{n}", *titled(title)): title for n, title in enumerate(HOSTILE_TITLES)}
    host = server.session("host")
    plain = server.ask(host, "#{pane_title}")
    until(
        lambda: plain not in [server.ask(pane_id, "#{pane_title}") for pane_id, t in panes.items() if b"\xff" not in t],
        "the titles were set",
    )

    async with mux_at(server, persistent=persistent) as mux:
        look = await snapshot(mux)

    told = {pane.pane_id: pane.title for pane in look.panes}
    assert set(told) == {*panes, host}
    for pane_id, title in panes.items():
        if b"\xff" not in title and "\u202e" not in title.decode():
            assert told[PaneId(pane_id)] == kept_as(title.decode(), server.version())
        assert told[PaneId(pane_id)].isprintable()
    assert not look.bad_rows


@BOTH_WAYS
@pytest.mark.parametrize(
    "name",
    [b"line\nbreak", b"\n", b"%end 1 2 3\n%begin 1 4 1\n%exit", b"|%1|@1", b"\xff\xfe", "ünï ☂".encode(), b"\x1b[31m"],
    ids=["line break", "only a line break", "guards", "separators", "no UTF-8", "wide", "escape"],
)
async def test_no_path_can_spoil_a_look(server: TmuxServer, folder: Path, name: bytes, *, persistent: bool) -> None:
    path = made(folder, name)
    server.session("before", cwd=folder)
    there = server.session("there", "sh", "-c", f"cd -P -- '{path}' && exec sleep 3600", cwd=folder)
    server.session("zafter", cwd=folder)
    until(lambda: server.ask(there, "#{pane_current_command}") == "sleep", "the program was there")
    until(lambda: server.ask("=zafter:", "#{pane_current_path}") == str(folder), "the last one was there")

    async with mux_at(server, persistent=persistent) as mux:
        for moved in (None, [PaneId(there)]):
            look = await snapshot(mux, moved)
            told = {pane.session_name: pane for pane in look.panes}
            assert set(told) == {"before", "there", "zafter"}
            assert told["before"].path == told["zafter"].path == str(folder)
            assert told["there"].path.startswith(str(folder) + "/")
            assert told["there"].path.isprintable()
            assert not look.bad_rows


async def test_details_are_asked_of_the_panes_that_moved_and_of_new_ones(server: TmuxServer, folder: Path) -> None:
    (folder / "later").mkdir()
    walks = ("sh", "-c", "read -r _; cd later; tail -f /dev/null & wait")
    still, moves, third = (server.session(name, *walks, cwd=folder) for name in ("still", "moves", "third"))
    here, later = str(folder), str(folder / "later")

    async with mux_at(server) as mux:
        await snapshot(mux)
        for pane_id in (still, moves, third):
            server.run("send-keys", "-t", pane_id, "Enter")
        until(
            lambda: {server.ask(pane_id, "#{pane_current_path}") for pane_id in (still, moves, third)} == {later},
            "all of them moved",
        )
        new = server.session("new", cwd=folder)
        until(lambda: server.ask(new, "#{pane_current_path}") == here, "the new one ran")

        told = {pane.pane_id: pane.path for pane in (await snapshot(mux, [PaneId(moves)])).panes}
        assert told == {still: here, moves: later, third: here, new: here}

        told = {pane.pane_id: pane.path for pane in (await snapshot(mux, [])).panes}
        assert told == {still: here, moves: later, third: here, new: here}

        told = {pane.pane_id: pane.path for pane in (await snapshot(mux)).panes}
        assert told == {still: later, moves: later, third: later, new: here}


async def test_a_new_pane_is_asked_again_until_it_has_settled(server: TmuxServer, folder: Path) -> None:
    (folder / "later").mkdir()
    server.session("old", cwd=folder)
    server.session("older", cwd=folder)
    clock = HandClock()

    async with mux_at(server, clock=clock) as mux:
        await snapshot(mux)
        new = server.session("new", "sh", "-c", "read -r _; cd later; read -r _; cd ..; read -r _", cwd=folder)
        await snapshot(mux, [])
        server.run("send-keys", "-t", new, "Enter")
        until(lambda: server.ask(new, "#{pane_current_path}") == str(folder / "later"), "it moved")
        assert (await pane(mux, new, [])).path == str(folder / "later")

        clock.seconds += 60
        await snapshot(mux, [])
        server.run("send-keys", "-t", new, "Enter")
        until(lambda: server.ask(new, "#{pane_current_path}") == str(folder), "it moved back")
        assert (await pane(mux, new, [])).path == str(folder / "later")


async def test_a_respawned_pane_is_asked_afresh(server: TmuxServer) -> None:
    server.session("keep")
    pane_id = server.session("one")

    async with mux_at(server) as mux:
        await snapshot(mux)
        server.run("respawn-pane", "-k", "-t", pane_id, "--", "tail", "-f", "/dev/null")
        until(lambda: server.ask(pane_id, "#{pane_current_command}") == "tail", "it was respawned")

        assert (await pane(mux, pane_id, [])).command == "tail"


async def test_a_pane_that_did_not_change_is_the_same_object(server: TmuxServer) -> None:
    server.session("one")
    server.session("two")

    async with mux_at(server) as mux:
        before = (await snapshot(mux)).panes
        server.run("rename-session", "-t", "=two", "zwei")
        after = (await snapshot(mux, [])).panes

    assert after[0] is before[0]
    assert (before[1].session_name, after[1].session_name) == ("two", "zwei")


async def test_a_moved_pane_that_is_gone_is_no_fault(server: TmuxServer) -> None:
    keep = server.session("keep")
    gone = server.session("gone")

    async with mux_at(server) as mux:
        before = (await snapshot(mux)).incarnation
        server.run("kill-session", "-t", "=gone")
        after = await snapshot(mux, [PaneId(gone), PaneId("%77")])

    assert [pane.pane_id for pane in after.panes] == [keep]
    assert after.incarnation == before


@BOTH_WAYS
async def test_no_server_is_an_answer_and_none_is_started(server: TmuxServer, *, persistent: bool) -> None:
    async with mux_at(server, persistent=persistent) as mux:
        assert isinstance(await mux.look(), NoServer)
    assert not server.alive()


async def test_a_folder_that_is_not_there_is_no_server(folder: Path) -> None:
    mux = TmuxMux(
        ServerAddress(str(folder / "nowhere" / "s")),
        persistent=False,
        timeout=PATIENCE,
        command_timeout=PATIENCE,
        poll_every=1,
    )

    assert isinstance(await mux.look(), NoServer)


async def test_a_server_without_sessions_is_an_empty_answer(server: TmuxServer) -> None:
    server.session("one")
    server.run("set-option", "-g", "exit-empty", "off", ";", "kill-session", "-t", "=one")

    async with mux_at(server, persistent=False) as mux:
        assert isinstance(await mux.look(), NoServer)


async def test_many_looks_at_once_are_answered_each(server: TmuxServer) -> None:
    server.session("one")

    async with mux_at(server) as mux:
        looks = await asyncio.gather(*(mux.look([]) for _ in range(20)))

    assert len({str(look) for look in looks if not isinstance(look, NoServer)}) >= 1
    assert not [look for look in looks if isinstance(look, NoServer)]


async def test_tmux_and_its_pane_never_reach_the_child(server: TmuxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.session("one")
    monkeypatch.setenv("TMUX", "/nowhere,1,0")
    monkeypatch.setenv("TMUX_PANE", "%99")

    async with mux_at(server) as mux:
        environ = environment_of(client_pid(mux))

    assert not [entry for entry in environ if entry.startswith((b"TMUX=", b"TMUX_PANE="))]
    assert b"LC_ALL=C.UTF-8" in environ
