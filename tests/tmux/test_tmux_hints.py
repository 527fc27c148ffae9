"""Hints about the panes of a real server."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import Pane, PaneId
from quarterdeck.ports.mux import Hint, HintKind
from quarterdeck.tmux.hints import Hints
from quarterdeck.values import replace
from support.patience import PATIENCE
from support.tmux_panes import pane_of, panes_of
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

READER = ("sh", "-c", 'while read -r line; do case "$line" in q) exit 7;; *) echo "$line";; esac; done')
"""Echoes each line it is typed (the terminal's own echo aside), and leaves with 7 on `q`."""


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    with TmuxServer(tmux_socket) as server:
        server.session("keep")
        yield server


class Reader:
    """Collects what a stream of hints says."""

    def __init__(self, hints: Hints) -> None:
        self.hints = hints
        self.seen: list[Hint] = []
        self._news = asyncio.Event()

    async def read(self) -> None:
        async for hint in self.hints.stream():
            self.seen.append(hint)
            self._news.set()

    async def until(self, condition: Callable[[Hint], bool], times: int = 1) -> Hint:
        """The n-th hint like that, seen or to come."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = [hint for hint in self.seen if condition(hint)]
                if len(found) >= times:
                    return found[times - 1]
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def reading(hints: Hints) -> AsyncIterator[Reader]:
    reader = Reader(hints)
    async with asyncio.TaskGroup() as group:
        group.create_task(reader.read())
        try:
            yield reader
        finally:
            hints.close()


def exit_of(pane_id: str) -> Callable[[Hint], bool]:
    return lambda hint: hint.kind is HintKind.EXIT and hint.pane_id == pane_id


def output_of(pane_id: str | None) -> Callable[[Hint], bool]:
    return lambda hint: hint.kind is HintKind.OUTPUT and hint.pane_id == pane_id


def write_to(tty: str, text: str = "x\r\n") -> None:
    """Write to a terminal as its program does."""
    fd = os.open(tty, os.O_WRONLY | os.O_NOCTTY)
    os.write(fd, text.encode())
    os.close(fd)


def open_files() -> int:
    """How many files that tell of processes and of output we hold; others come and go with whatever else runs here."""
    held = 0
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            held += file.readlink().name in {"anon_inode:inotify", "anon_inode:[pidfd]"}
    return held


async def test_an_exit_is_hinted_with_the_status_of_a_process_that_is_not_our_child(server: TmuxServer) -> None:
    leaves, killed = server.session("leaves", *READER), server.session("killed", *READER)

    async with reading(Hints(poll_every=1)) as reader:
        reader.hints.watch(panes_of(server))
        os.kill(pane_of(server, killed).pid, signal.SIGKILL)
        server.run("send-keys", "-t", leaves, "q", "Enter")

        assert (await reader.until(exit_of(leaves))).exit_status == 7
        assert (await reader.until(exit_of(killed))).exit_status == -signal.SIGKILL


async def test_an_exit_is_hinted_where_tmux_keeps_the_pane_and_says_nothing(server: TmuxServer) -> None:
    server.run("set-option", "-g", "remain-on-exit", "on")
    leaves = server.session("leaves", *READER)

    async with reading(Hints(poll_every=1)) as reader:
        reader.hints.watch(panes_of(server))
        server.run("send-keys", "-t", leaves, "q", "Enter")

        assert (await reader.until(exit_of(leaves))).exit_status == 7


async def test_output_is_hinted_for_the_pane_that_wrote_and_no_other(server: TmuxServer) -> None:
    writer = server.session("writer")
    server.session("quiet")

    async with reading(Hints(poll_every=1)) as reader:
        reader.hints.watch(panes_of(server))
        write_to(pane_of(server, writer).tty)

        await reader.until(output_of(writer))
        assert {hint.pane_id for hint in reader.seen} == {writer}


async def test_what_is_written_before_the_watch_is_armed_again_is_hinted_too(server: TmuxServer) -> None:
    writer = server.session("writer")

    async with reading(Hints(poll_every=1)) as reader:
        reader.hints.watch(panes_of(server))
        tty = pane_of(server, writer).tty
        write_to(tty, "first")
        await reader.until(output_of(writer))
        write_to(tty, "second, at once")

        await reader.until(output_of(writer), times=2)


async def test_what_is_written_to_a_terminal_by_its_common_name_is_hinted_of_nobody(server: TmuxServer) -> None:
    asks = server.session("asks", "sh", "-c", "read line; echo Password: >/dev/tty; exec sleep 3600")

    async with reading(Hints(poll_every=3600)) as reader:
        reader.hints.watch(panes_of(server))
        server.run("send-keys", "-t", asks, "Enter")
        await reader.until(output_of(None), times=2)


async def test_a_loud_pane_costs_few_hints_unless_it_is_looked_at(
    server: TmuxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.tmux.kernel_watch.REARM_EVERY", 3600)
    writer, other = server.session("writer"), server.session("other")
    tty = pane_of(server, writer).tty

    async with reading(Hints(poll_every=1)) as reader:
        reader.hints.watch(panes_of(server))
        for _ in range(10):
            write_to(tty)
            await asyncio.sleep(0)
        write_to(pane_of(server, other).tty)
        await reader.until(output_of(other))
        assert [hint.pane_id for hint in reader.seen if hint.kind is HintKind.OUTPUT].count(PaneId(writer)) == 1


async def test_two_hundred_panes_are_hinted(server: TmuxServer) -> None:
    for _ in range(10):
        server.run(*([*("new-session", "-d", "--", "sleep", "3600"), ";"] * 20))
    panes = panes_of(server)
    assert len(panes) == 201

    async with reading(Hints(poll_every=1)) as reader:
        reader.hints.watch(panes)
        for pane in panes:
            write_to(pane.tty)
        for pane in panes:
            await reader.until(output_of(pane.pane_id))
        server.kill()
        for pane in panes:
            await reader.until(exit_of(pane.pane_id))
        assert reader.hints.dropped == 0


async def test_a_pane_that_is_watched_no_more_gives_no_hints(server: TmuxServer) -> None:
    left, kept = server.session("left", *READER), server.session("kept", *READER)
    panes = panes_of(server)

    async with reading(Hints(poll_every=1)) as reader:
        reader.hints.watch(panes)
        reader.hints.watch([pane for pane in panes if pane.pane_id != left])
        server.run("send-keys", "-t", left, "q", "Enter")
        server.run("send-keys", "-t", kept, "q", "Enter")
        await reader.until(exit_of(kept))

        assert left not in {hint.pane_id for hint in reader.seen}


async def test_a_terminal_that_another_pane_has_now_speaks_for_the_new_one(server: TmuxServer) -> None:
    a_pane = pane_of(server, server.session("one"))

    async with reading(Hints(use_pidfd=False, poll_every=60)) as reader:
        # Somebody else may take the number that has become free, so it is tried until we get it back.
        for _ in range(100):
            main, terminal = os.openpty()
            tty = os.ttyname(terminal)
            reader.hints.watch([replace(a_pane, pane_id=PaneId("%1"), tty=tty)])
            os.close(terminal)
            os.close(main)
            main, terminal = os.openpty()
            if os.ttyname(terminal) == tty:
                break
            os.close(terminal)
            os.close(main)
        reader.seen.clear()
        reader.hints.watch([replace(a_pane, pane_id=PaneId("%2"), tty=tty)])
        os.write(terminal, b"x")

        await reader.until(output_of("%2"))
        assert {hint.pane_id for hint in reader.seen} == {"%2"}
    os.close(terminal)
    os.close(main)


async def test_a_pid_that_is_another_process_now_is_taken_for_an_exit(server: TmuxServer) -> None:
    one, two = server.session("one"), server.session("two")
    # Only then has the new process taken its terminal.
    until(lambda: server.ask(two, "#{pane_current_command}") == "sleep", "the program ran")
    mistaken = replace(pane_of(server, one), pid=pane_of(server, two).pid)

    async with reading(Hints(poll_every=1)) as reader:
        reader.hints.watch([mistaken])

        assert (await reader.until(exit_of(mistaken.pane_id))).exit_status is None


async def test_a_process_that_is_gone_is_told_once_however_often_the_pane_is_listed(server: TmuxServer) -> None:
    leaves = server.session("leaves", *READER)
    writer = server.session("writer")
    panes = panes_of(server)

    async with reading(Hints(poll_every=1)) as reader:
        reader.hints.watch(panes)
        server.run("send-keys", "-t", leaves, "q", "Enter")
        await reader.until(exit_of(leaves))
        for _ in range(3):
            reader.hints.watch(panes)
            await asyncio.sleep(0)
        write_to(pane_of(server, writer).tty)
        await reader.until(output_of(writer))

        assert len([hint for hint in reader.seen if hint.kind is HintKind.EXIT]) == 1


@pytest.mark.parametrize(
    "sources", [{"use_pidfd": False}, {"use_inotify": False}, {"use_pidfd": False, "use_inotify": False}], ids=str
)
async def test_a_poll_takes_the_place_of_a_source_that_is_missing(server: TmuxServer, sources: dict[str, bool]) -> None:
    leaves = server.session("leaves", *READER)

    async with reading(Hints(**sources, poll_every=0.05)) as reader:
        reader.hints.watch(panes_of(server))
        os.kill(pane_of(server, leaves).pid, signal.SIGKILL)

        await reader.until(exit_of(leaves))
        if "use_inotify" in sources:
            await reader.until(output_of(None))
        assert "poll" in reader.hints.sources.values()


async def test_structure_is_polled_while_nobody_can_tell_of_it() -> None:
    async with reading(Hints(poll_every=0.05)) as reader:
        reader.hints.use_notices(available=False)

        await reader.until(lambda hint: hint.kind is HintKind.STRUCTURE, times=2)


async def test_more_processes_than_half_our_file_table_are_polled(
    server: TmuxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = [server.session(f"s{at}", *READER) for at in range(4)]
    monkeypatch.setattr("quarterdeck.tmux.kernel_watch.most_watched", lambda: 2)

    async with reading(Hints(poll_every=0.05)) as reader:
        before = open_files()
        reader.hints.watch(panes_of(server))
        assert open_files() == before + 2
        for pane in sessions:
            os.kill(pane_of(server, pane).pid, signal.SIGKILL)

        for pane in sessions:
            await reader.until(exit_of(pane))


async def test_a_process_that_gets_no_pidfd_is_polled(server: TmuxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    leaves = server.session("leaves", *READER)
    real = os.pidfd_open

    def full_table(pid: int, flags: int = 0) -> int:
        if pid == os.getpid():
            return real(pid, flags)
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", full_table)
    async with reading(Hints(poll_every=0.05)) as reader:
        reader.hints.watch(panes_of(server))
        os.kill(pane_of(server, leaves).pid, signal.SIGKILL)

        await reader.until(exit_of(leaves))


@pytest.mark.parametrize(
    ("name", "args", "hint"),
    [
        ("sessions-changed", "", Hint(HintKind.STRUCTURE)),
        ("unlinked-window-close", "@3", Hint(HintKind.STRUCTURE)),
        ("session-renamed", "$1 a name", Hint(HintKind.STRUCTURE)),
        ("pane-mode-changed", "%12", Hint(HintKind.STRUCTURE, PaneId("%12"))),
        ("exit", "server exited", Hint(HintKind.SERVER)),
    ],
)
async def test_a_notice_becomes_a_hint(name: str, args: str, hint: Hint) -> None:
    async with reading(Hints(poll_every=1)) as reader:
        reader.hints.notice("output", "%1 noise")
        reader.hints.notice("never-heard-of", "x")
        reader.hints.notice(name, args)

        assert await reader.until(lambda _: True) == hint


async def test_hints_that_do_not_fit_are_counted(server: TmuxServer) -> None:
    panes = [pane_of(server, server.session(f"s{at}")) for at in range(3)]

    async with reading(Hints(capacity=1, poll_every=1)) as reader:
        reader.hints.watch(panes)
        for pane in panes:
            write_to(pane.tty)
        await reader.until(lambda hint: hint.kind is HintKind.OUTPUT)

        assert reader.hints.dropped == 2


async def test_closing_lets_go_of_every_file_and_timer(server: TmuxServer) -> None:
    writer, leaves = server.session("writer"), server.session("leaves", *READER)
    panes = panes_of(server)
    before = open_files()

    async with reading(Hints(poll_every=1)) as reader:
        reader.hints.watch(panes)
        assert open_files() == before + len(panes) + 1
        write_to(pane_of(server, writer).tty)
        await reader.until(output_of(writer))
        server.run("send-keys", "-t", leaves, "q", "Enter")
        await reader.until(exit_of(leaves))

    assert open_files() == before


async def test_nothing_is_scheduled_at_rest(server: TmuxServer) -> None:
    async with reading(Hints(poll_every=1)) as reader:
        reader.hints.watch(panes_of(server))
        scheduled: list[object] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]

        assert scheduled == []


def test_a_pane_without_a_process_is_left_alone() -> None:
    async def run() -> int:
        hints = Hints(poll_every=1)
        hints.watch([Pane(pane_id=PaneId("%0"), window_id=None, tmux_id=None, session_name="", session_created=0)])  # type: ignore[arg-type]
        hints.close()
        return len([hint async for hint in hints.stream()])

    assert asyncio.run(run()) == 0
