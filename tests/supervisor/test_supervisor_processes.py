"""The list of processes: shared, bounded, and never taken for more than it is."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from quarterdeck.core.process_tree import Process
from quarterdeck.ports.clock import SystemClock
from quarterdeck.supervisor import processes as module
from quarterdeck.supervisor.processes import FRESH_FOR, SOONEST_LIST_SECONDS, Processes, ProcessReader
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator


class HeldClock(SystemClock):
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.at = 100.0

    def monotonic(self) -> float:
        return self.at


class Script:
    """A reading that answers, fails or hangs as told, and counts."""

    def __init__(self, *processes: Process) -> None:
        self.processes = list(processes)
        self.count = 0
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self) -> list[Process]:
        self.count += 1
        self.gate.wait(PATIENCE)
        if self.error:
            raise self.error
        return self.processes


SHELL = Process(pid=10, ppid=1, name="bash", started=1)
MAKE = Process(pid=20, ppid=10, name="make", started=2)


@pytest.fixture
def running() -> Iterator[subprocess.Popen[bytes]]:
    """A shell with a program below it, which waits for its input to close."""
    child = subprocess.Popen(["sh", "-c", "cat 'a b'  -; true"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    yield child
    assert child.stdin
    child.stdin.close()
    child.wait(PATIENCE)


@pytest.mark.parametrize("portable", [False, True], ids=["as here", "as elsewhere"])
@pytest.mark.process
async def test_real_processes_are_found_below_their_shell(
    running: subprocess.Popen[bytes], portable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if portable:
        assert psutil.Process().is_running(), "psutil must have met the real system"
        monkeypatch.setattr(sys, "platform", "other")
    looked = Processes(clock=SystemClock())
    deadline = time.monotonic() + PATIENCE
    while True:
        table = await looked.look(at_once=True)
        programs = table.programs_below(running.pid)
        if len(programs) > 1 and programs[1].command == "cat":
            break
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)

    assert programs[1].argv == ("cat", "a b", "-")
    assert table.has_children(running.pid, "cat") is True
    assert table.has_children(os.getpid()) is True


@pytest.mark.skipif(sys.platform != "linux", reason="start times in ticks are Linux's")
def test_start_times_are_those_of_the_system() -> None:
    own = next(process for process in ProcessReader()() if process.pid == os.getpid())
    stat = Path("/proc/self/stat").read_text()

    assert f"{own.started:.0f}" == stat.rpartition(")")[2].split()[19]


@pytest.mark.skipif(sys.platform != "linux", reason="the other way has psutil for it")
@pytest.mark.process
def test_a_name_with_parentheses_and_blanks_is_read_whole(tmp_path: Path) -> None:
    odd = tmp_path / "a) R 1 (b"
    odd.symlink_to("/bin/cat")
    child = subprocess.Popen([odd], stdin=subprocess.PIPE)
    deadline = time.monotonic() + PATIENCE
    try:
        while (found := {process.pid: process for process in ProcessReader()()})[child.pid].name != odd.name:
            assert time.monotonic() < deadline
    finally:
        assert child.stdin
        child.stdin.close()
        child.wait(PATIENCE)

    assert found[child.pid].ppid == os.getpid()


async def test_everybody_shares_one_list_while_it_is_fresh() -> None:
    clock, read = HeldClock(), Script(SHELL)
    looked = Processes(clock=clock, read=read)

    first, second = await asyncio.gather(looked.look(), looked.look())
    clock.at += FRESH_FOR - 0.1
    third = await looked.look()

    assert first is second is third
    assert read.count == 1
    await looked.look(at_once=True)
    assert read.count == 2
    clock.at += SOONEST_LIST_SECONDS - 0.1
    await looked.look(at_once=True)
    assert read.count == 2
    clock.at += FRESH_FOR
    await looked.look()
    assert read.count == 3


async def test_a_list_that_could_not_be_read_anew_says_nothing() -> None:
    clock, read = HeldClock(), Script(SHELL, MAKE)
    looked = Processes(clock=clock, read=read)
    assert (await looked.look()).has_children(10) is True
    clock.at += FRESH_FOR
    read.error = OSError("no")

    table = await looked.look()

    assert (table.fresh, table.has_children(10)) == (False, None)
    assert [program.pid for program in table.programs_below(10)] == [10, 20]
    read.error = None
    assert (await looked.look()).fresh


async def test_a_reading_that_hangs_holds_nobody_up_and_is_not_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIST_TIMEOUT_SECONDS", 0.05)
    read = Script(SHELL)
    read.gate.clear()
    looked = Processes(clock=HeldClock(), read=read)

    tables = [await looked.look(), await looked.look()]

    assert [table.fresh for table in tables] == [False, False]
    assert read.count == 1
    read.gate.set()
    deadline = time.monotonic() + PATIENCE
    while not (await looked.look()).fresh:
        assert time.monotonic() < deadline


async def test_a_list_never_had_knows_nothing() -> None:
    read = Script()
    read.error = OSError("no")

    table = await Processes(clock=SystemClock(), read=read).look()

    assert table.has_children(os.getpid()) is None
    assert table.programs_below(os.getpid()) == ()


def test_command_lines_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = module._argv

    def counted(pid: int) -> tuple[str, ...]:
        asked.append(pid)
        return real(pid)

    monkeypatch.setattr(module, "_argv", counted)
    read = ProcessReader()
    read()
    asked.clear()
    read()

    assert os.getpid() not in asked
